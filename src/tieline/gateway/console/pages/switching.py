"""Cells of the simulated network, switched off and on by hand: how they stand, what a switch would do, and the act."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Response

from tieline.console.components.formats import number, plural
from tieline.console.components.forms import Field, Form, typed_text
from tieline.console.components.frame import Action
from tieline.console.components.tables import Column, Empty, Option, Row, Table
from tieline.console.components.work import Confirm, count_confirmed
from tieline.gateway.backends.simulated import store
from tieline.gateway.backends.simulated.places import PhaseOut
from tieline.gateway.backends.simulated.radio import Coverage, SimulatedRadio
from tieline.gateway.console import words
from tieline.gateway.console.blocks import Block
from tieline.gateway.console.http import CurrentPage, StaffPage, pages
from tieline.platform import audit
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Invalid, Problem
from tieline.platform.scope import Permission

router = pages()
_TECHNOLOGIES = ("2G", "3G", "4G", "5G")
_EVERYWHERE = "everywhere"
_MOST_REGIONS = 200


@dataclass(frozen=True, slots=True)
class Cells:
    """What the page shows of cells: panels, and the dialog that asks before any is switched."""

    rows: tuple[tuple[Block, ...], ...]
    dialogs: tuple[Confirm, ...] = ()


@dataclass(frozen=True, slots=True)
class _Preview:
    """What a switch would do now: to how many cells, and to how many subscriptions of each utility."""

    wanted: PhaseOut
    cells: int
    served: Mapping[str, int]

    @property
    def what(self) -> str:
        where = f"in {self.wanted.region}" if self.wanted.region else _EVERYWHERE
        return f"Switch {self.wanted.technology} {'off' if self.wanted.off else 'on again'} {where}"

    @property
    def subscriptions(self) -> int:
        return sum(self.served.values())


def radio_of(page: StaffPage) -> SimulatedRadio:
    """The simulated radio network. Raises ``Conflict`` where there is none."""
    found = page.parts.radio
    if not isinstance(found, SimulatedRadio):
        raise Conflict("There is no simulated radio network behind this gateway.")
    return found


async def now(tx: Tx, page: StaffPage, typed: Mapping[str, Any]) -> Cells:
    """How cells stand, and what the switch that is asked for would do."""
    standing = await store.standing(tx)
    if not page.may_operate:
        return Cells(((Block("Cells", _standing(standing)),),))
    regions = sorted({row["region"] for row in standing if row["region"]})[:_MOST_REGIONS]
    rows: list[tuple[Block, ...]] = [
        (Block("Cells", _standing(standing)), Block("Switch cells of a technology", _form(typed, regions)))
    ]
    if not typed_text(typed, "technology"):
        return Cells(tuple(rows))
    found = await _preview(tx, _wanted(typed))
    rows.append((Block(found.what, _effects(found), actions=_actions(found)),))
    return Cells(tuple(rows), (_dialog(found, page.csrf_token),) if found.cells else ())


def _wanted(typed: Mapping[str, Any]) -> PhaseOut:
    technology = typed_text(typed, "technology")
    if technology not in _TECHNOLOGIES:
        raise Invalid("This is no technology.", [Problem("technology", "choice", "2G, 3G, 4G or 5G.")])
    region = "".join(sign for sign in typed_text(typed, "region")[:100] if sign.isprintable())
    return PhaseOut(technology=technology, region=region or None, off=typed_text(typed, "off") != "0")


async def _preview(tx: Tx, wanted: PhaseOut) -> _Preview:
    regions = [wanted.region] if wanted.region else None
    served = await store.struck(tx, wanted.rat, regions=regions) if wanted.off else {}
    return _Preview(wanted, await store.switchable(tx, wanted), served)


def _standing(rows: list[Any]) -> Table:
    columns = (
        Column("technology", "Technology", fixed=True, narrow=True),
        Column("cells", "Cells", numeric=True, narrow=True),
        Column("off", "Switched off", numeric=True, narrow=True),
    )
    sums: dict[str, tuple[int, int]] = {}
    for row in rows:
        technology = words.TECHNOLOGIES.get(row["rat"], row["rat"])
        cells, off = sums.get(technology, (0, 0))
        sums[technology] = (cells + row["cells"], off + row["off"])
    shown = [
        Row(technology, {"technology": technology, "cells": cells, "off": off})
        for technology, (cells, off) in sorted(sums.items())
    ]
    empty = Empty("No cell yet", "Cells come with the world that the gateway is filled with.", icon="radio-tower")
    return Table("cells", "Cells by technology", columns, shown, empty=empty, chooser=False)


def _form(typed: Mapping[str, Any], regions: list[str]) -> Form:
    places = (Option("", "Everywhere"), *(Option(one, one) for one in regions))
    fields = (
        Field(
            "technology",
            "Technology",
            "select",
            typed_text(typed, "technology") or "3G",
            options=tuple(Option(one, one) for one in _TECHNOLOGIES),
        ),
        Field("region", "Where", "select", typed_text(typed, "region"), options=places, required=False),
        Field(
            "off",
            "What to do",
            "select",
            typed_text(typed, "off") or "1",
            options=(Option("1", "Switch them off"), Option("0", "Switch them on again")),
        ),
    )
    return Form("/simulation", fields, "", "Show what it would do", method="get")


def _effects(found: _Preview) -> tuple[tuple[str, object], ...]:
    whose = ", ".join(f"{code} {number(count)}" for code, count in sorted(found.served.items()))
    if not found.cells:
        return (("Cells", f"none that {'is on' if found.wanted.off else 'is off'}"),)
    if not found.wanted.off:
        return (("Cells", found.cells), ("What follows", "Devices in reach that wait for such a cell are attached."))
    return (
        ("Cells", found.cells),
        ("Subscriptions served there now", found.subscriptions),
        ("Of", whose or None),
        ("What follows", "Each of them finds another cell in reach, or loses its session. Utilities are told of each."),
        ("To take it back", "Switch the cells on again, on this page."),
    )


def _button(found: _Preview) -> str:
    return f"Switch {plural(found.cells, 'cell')} {'off' if found.wanted.off else 'on again'}"


def _actions(found: _Preview) -> tuple[Action, ...]:
    kind, icon = ("danger", "zap-off") if found.wanted.off else ("primary", "radio-tower")
    return (Action(_button(found), icon=icon, kind=kind, dialog="switch"),) if found.cells else ()


def _dialog(found: _Preview, csrf: str) -> Confirm:
    wanted = found.wanted
    return Confirm(
        "switch",
        found.what,
        "It happens at once. Devices look for another cell. Utilities are told of each session that ends or begins.",
        "/simulation/cells",
        _button(found),
        csrf,
        count=found.subscriptions,
        facts=(("Cells", found.cells), *((("Subscriptions served there", found.subscriptions),) if wanted.off else ())),
        undo="Switch the cells on again." if wanted.off else "Switch the cells off again.",
        danger=wanted.off,
        fields={"technology": wanted.technology, "region": wanted.region or "", "off": "1" if wanted.off else "0"},
    )


@router.post("/simulation/cells")
async def switch_cells(page: CurrentPage) -> Response:
    """Switch the cells of a technology off, or on again."""
    page.scope.require(Permission.STAFF_OPERATE)
    typed = await page.form()
    wanted = _wanted(typed)
    radio = radio_of(page)
    async with page.db.snapshot() as tx:
        found = await _preview(tx, wanted)
    if not count_confirmed(found.subscriptions, typed_text(typed, "confirm_count")):
        told = f"It is {plural(found.subscriptions, 'subscription')} now. Type that number."
        raise Invalid("The number does not match.", [Problem("confirm_count", "count", told)])
    cells, subscriptions = await Coverage(page.parts.db, page.parts.clock, radio).switch(wanted)
    async with page.db.transaction() as tx:
        detail = {"off": wanted.off, "region": wanted.region, "cells": cells, "subscriptions": subscriptions}
        entry = audit.Entry("simulation.cells-switched", f"technology:{wanted.technology}", detail)
        await audit.append(tx, page.scope, entry)
    page.parts.signals.changed()
    return page.redirect("/simulation")
