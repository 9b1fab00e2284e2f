"""The simulated network by hand: what an operator's staff could do in their own tools, past any utility's process.

Only where the network behind the gateway is the simulated one. What is done here reaches utilities as a change that
they did not make, which they are to find out.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from fastapi import Response

from tieline.console import lists
from tieline.console.components.forms import Field, Form
from tieline.console.components.frame import Action, PageHead
from tieline.console.components.tables import Column, Empty, Option, Row, Table
from tieline.console.components.work import Confirm, Evidence
from tieline.gateway.backends.simulated import SimulatedNetwork
from tieline.gateway.backends.simulated.places import Fitting, PhaseOut, read_fitting
from tieline.gateway.backends.simulated.radio import Coverage, SimulatedRadio
from tieline.gateway.backoffice import staff
from tieline.gateway.backoffice.access import consumer_named
from tieline.gateway.console import words
from tieline.gateway.console.blocks import Block, Sheet
from tieline.gateway.console.http import CurrentPage, StaffPage, pages
from tieline.gateway.console.words import quoted
from tieline.gateway.objects.model import Node
from tieline.gateway.objects.store.objects import load
from tieline.gateway.utilities import store as utilities
from tieline.platform import audit
from tieline.platform.errors import Conflict, Invalid, Problem
from tieline.platform.scope import Permission
from tieline.standards.mns.errors import DnError, MnsError
from tieline.standards.mns.profile import DESIRED_NAMES, SUBSCRIPTION_CLASS, RatType, State

router = pages()
_CURRENT = "simulation"
_NOTE = Evidence(
    "This is a simulation: what you do here happens in the simulated network behind this gateway, as if somebody of "
    "the operator did it by hand. Utilities are told of it as a change that they did not make.",
    tone="held",
)
_NONE = "It has none of this name."
_ICCID = re.compile(r"[0-9]{19,20}")
_TECHNOLOGIES = ("2G", "3G", "4G", "5G")
_SWITCH = (Option("1", "Switch them off"), Option("0", "Switch them on again"))
_LISTS = {"ratRestriction"}


@router.get("/simulation")
async def by_hand(page: CurrentPage) -> Response:
    """What can be done by hand."""
    last = dict(lists.pairs_of(page.request.url.query))
    return await _page(page, last.get("utility", ""), last.get("subscription", ""), {}, ())


async def _page(
    page: StaffPage, code: str, name: str, typed: Mapping[str, Any], problems: Sequence[Problem]
) -> Response:
    async with page.db.snapshot() as tx:
        codes = {row["code"]: row["name"] for row in await utilities.listed(tx)}
        node = None
        if code in codes and name:
            node = await _found(tx, await consumer_named(tx, code), name)
    csrf = page.csrf_token
    rows: list[tuple[Block, ...]] = [
        (Block("Which subscription", _which(codes, code, name, missing=bool(name) and not node)),)
    ]
    dialogs: tuple[Confirm, ...] = ()
    if node is not None and page.may_operate:
        rows.append((Block(f"Change {name} by hand", _attributes(code, node, typed, csrf, problems)),))
        card = str(node.attributes.get("card") or "")
        if card:
            rows.append((Block("Put its card into a device", _device(code, node, typed, csrf, problems)),))
            dialogs = (_unfit_dialog(code, name, card, csrf),)
    rows += [
        (Block("Cells of a technology", _cells(csrf) if page.may_operate else "You may look, and change nothing."),),
        (Block("Faults in force", _faults(page)),),
    ]
    actions = (
        (Action("Take its card out of the device", icon="plug", kind="danger", dialog="unfit"),) if dialogs else ()
    )
    head = PageHead("Simulated network", "By hand, outside of any utility's process.", actions=actions)
    sheet = Sheet(rows=tuple(rows), notes=(_NOTE,), dialogs=dialogs)
    status = 422 if problems else 200
    return await page.show("templates/page.html", current=_CURRENT, head=head, status=status, **sheet.context())


async def _found(tx: Any, consumer: Any, name: str) -> Node | None:
    try:
        dn = consumer.root.child(SUBSCRIPTION_CLASS, name)
    except DnError:
        return None
    return next(iter(await load(tx, consumer.id, [dn])), None)


def _which(codes: Mapping[str, str], code: str, name: str, *, missing: bool) -> Form:
    options = tuple(Option(key, word) for key, word in codes.items())
    fields = (
        Field("utility", "Utility", "select", code, options=options),
        Field(
            "subscription",
            "Subscription",
            value=name,
            error="It has none of this name." if missing else "",
            maxlength=400,
        ),
    )
    return Form("/simulation", fields, "", "Take this one", method="get")


def _attributes(code: str, node: Node, typed: Mapping[str, Any], csrf: str, problems: Sequence[Problem]) -> Form:
    wrong = {problem.field: problem.message for problem in problems}
    fields = []
    for name in DESIRED_NAMES:
        held = node.attributes.get(name)
        now = ", ".join(held) if isinstance(held, list) else str(held or "")
        value = str(typed.get(name, now))
        error = wrong.get(name, "")
        if name == "state":
            options = tuple(Option(one.value, words.STATES[one.value][0]) for one in State)
            fields.append(Field(name, words.attribute(name), "select", value, error=error, options=options))
        else:
            hint = f"Any of {', '.join(RatType)}, with commas between." if name in _LISTS else ""
            fields.append(
                Field(name, words.attribute(name), value=value, hint=hint, error=error, required=False, maxlength=400)
            )
    general = wrong.get("attributes", "")
    fields.append(
        Field("reason", "Why", value=str(typed.get("reason", "")), required=False, error=general,
              hint="It stands in the change log; the utility does not read it.", maxlength=400)
    )  # fmt: skip
    return Form(f"/simulation/{code}/change?subscription={quoted(node.dn.id)}", tuple(fields), csrf, "Change it")


@router.post("/simulation/{code}/change")
async def change(page: CurrentPage, code: str, subscription: str = "") -> Response:
    """Change a subscription as a member of staff does in the operator's own tools."""
    page.scope.require(Permission.STAFF_OPERATE)
    typed = await page.form()
    try:
        async with page.db.transaction() as tx:
            consumer = await consumer_named(tx, code[:64])
            node, wanted = _asked(await _found(tx, consumer, subscription[:400]), typed)
            actor = staff.member_of_staff(page.account, _line(typed, "reason") or None)
            await staff.change(tx, page.parts, consumer, node.dn, wanted, actor=actor)
    except MnsError as error:
        field = str(getattr(error, "attribute", None) or "attributes")
        return await _page(page, code, subscription, typed, (Problem(field, str(error.reason), error.detail),))
    except Invalid as error:
        return await _page(page, code, subscription, typed, error.problems)
    page.parts.signals.changed()
    return page.redirect(f"/objects/{code}/{quoted(subscription)}")


def _asked(node: Node | None, typed: Mapping[str, Any]) -> tuple[Node, dict[str, Any]]:
    """A subscription and what is to be changed of it; raises ``Invalid`` where there is neither."""
    if node is None:
        raise Invalid(_NONE, [Problem("attributes", "unknown", "Choose another one.")])
    wanted = _wanted(node, typed)
    if not wanted:
        raise Invalid("Nothing differs.", [Problem("attributes", "same", "Change something first.")])
    return node, wanted


def _wanted(node: Node, typed: Mapping[str, Any]) -> dict[str, Any]:
    """What differs from what is asked of a subscription now; an emptied field unsets it."""
    wanted: dict[str, Any] = {}
    for name in DESIRED_NAMES:
        if name not in typed:
            continue
        text = _line(typed, name)
        value: Any = text or None
        if name in _LISTS:
            value = [one.strip() for one in text.split(",") if one.strip()] or None
        if value != node.attributes.get(name):
            wanted[name] = value
    return wanted


def _line(typed: Mapping[str, Any], name: str) -> str:
    return "".join(sign for sign in str(typed.get(name, ""))[:400] if sign.isprintable()).strip()


def _unfit_dialog(code: str, name: str, card: str, csrf: str) -> Confirm:
    return Confirm(
        "unfit",
        f"Take the card of {name} out of its device",
        "Its session ends; the utility is told that it is not attached any more.",
        f"/simulation/{code}/unfit",
        "Take it out",
        csrf,
        undo="Put it into a device again, on this page.",
        danger=True,
        fields={"iccid": card, "subscription": name},
    )


@router.post("/simulation/{code}/unfit")
async def unfit(page: CurrentPage, code: str) -> Response:
    """Take a card out of its device."""
    page.scope.require(Permission.STAFF_OPERATE)
    typed = await page.form()
    iccid = _line(typed, "iccid")
    if not _ICCID.fullmatch(iccid):
        raise Invalid("This is no card.", [Problem("iccid", "digits", "19 or 20 digits.")])
    async with page.db.transaction() as tx:
        consumer = await consumer_named(tx, code[:64])
        await _radio(page).unfit(tx, consumer, [iccid], page.now)
        entry = audit.Entry(
            "simulation.card-out", f"utility:{consumer.code}", {"subscription": _line(typed, "subscription")}
        )
        await audit.append(tx, page.scope, entry)
    page.parts.signals.changed()
    return page.redirect(f"/objects/{code}/{quoted(_line(typed, 'subscription'))}")


def _device(code: str, node: Node, typed: Mapping[str, Any], csrf: str, problems: Sequence[Problem]) -> Form:
    wrong = {problem.field: problem.message for problem in problems}

    def asked(field: str, label: str, hint: str = "") -> Field:
        return Field(field, label, value=str(typed.get(field, "")), hint=hint, error=wrong.get(field, ""), maxlength=40)

    up_to = tuple(Option(" ".join(_TECHNOLOGIES[: at + 1]), f"up to {_TECHNOLOGIES[at]}") for at in (3, 2, 1, 0))
    fields = (
        asked("imei", "IMEI of the device", f"Card {node.attributes['card']} goes into it, and out of any other."),
        Field("generations", "It can use", "select", str(typed.get("generations", "")), options=up_to),
        asked("place", "Where", "Latitude and longitude in degrees: 54.97, -1.61. A cell reaches 15 km."),
    )
    return Form(f"/simulation/{code}/fit?subscription={quoted(node.dn.id)}", fields, csrf, "Put it in")


@router.post("/simulation/{code}/fit")
async def fit(page: CurrentPage, code: str, subscription: str = "") -> Response:
    """Put a card into a device, as a crew at the site does; it is attached if a cell is in reach and it may be."""
    page.scope.require(Permission.STAFF_OPERATE)
    typed = await page.form()
    try:
        async with page.db.transaction() as tx:
            consumer = await consumer_named(tx, code[:64])
            fitting = _fitting(await _found(tx, consumer, subscription[:400]), typed)
            settled = await _radio(page).fit(tx, consumer, [fitting], page.now)
            detail = {"subscription": subscription[:400], "imei": fitting.imei}
            await audit.append(tx, page.scope, audit.Entry("simulation.card-in", f"utility:{consumer.code}", detail))
    except Invalid as error:
        return await _page(page, code, subscription, typed, error.problems)
    page.parts.signals.changed()
    if why := settled.waiting.get(fitting.iccid):
        told = f"The card is in the device, and is not attached: {why}."
        return await _page(page, code, subscription, typed, (Problem("imei", "not-attached", told),))
    return page.redirect(f"/objects/{code}/{quoted(subscription)}")


def _fitting(node: Node | None, typed: Mapping[str, Any]) -> Fitting:
    """The card of a subscription in the device that was typed; raises ``Invalid`` where it cannot be put there."""
    card = "" if node is None else str(node.attributes.get("card") or "")
    if not card:
        raise Invalid(_NONE, [Problem("imei", "unknown", "It has no card.")])
    try:
        lat, lon = (float(part) for part in _line(typed, "place").split(","))
    except ValueError as error:
        problem = Problem("place", "format", "Latitude and longitude, as in 54.97, -1.61.")
        raise Invalid("There is no such place.", [problem]) from error
    wanted = {"iccid": card, "imei": _line(typed, "imei"), "generations": _line(typed, "generations")}
    try:
        return read_fitting(msgspec.json.encode({**wanted, "lat": lat, "lon": lon}))
    except ValueError as error:
        field = "place" if "lat" in str(error) else "imei"
        raise Invalid("It cannot be put there.", [Problem(field, "format", str(error))]) from error


def _radio(page: StaffPage) -> SimulatedRadio:
    found = page.parts.radio
    if not isinstance(found, SimulatedRadio):
        raise Conflict("There is no simulated radio network behind this gateway.")
    return found


def _cells(csrf: str) -> Form:
    fields = (
        Field(
            "technology",
            "Technology",
            "select",
            "3G",
            options=tuple(Option(one, one) for one in ("2G", "3G", "4G", "5G")),
        ),
        Field(
            "region", "Region", hint="Empty: everywhere. As the cells' list writes it.", required=False, maxlength=100
        ),
        Field(
            "off",
            "What to do",
            "select",
            "1",
            options=(Option("1", "Switch them off"), Option("0", "Switch them on again")),
        ),
    )
    return Form("/simulation/cells", fields, csrf, "Switch these cells")


@router.post("/simulation/cells")
async def switch_cells(page: CurrentPage) -> Response:
    """Switch the cells of a technology off, or on again."""
    page.scope.require(Permission.STAFF_OPERATE)
    typed = await page.form()
    technology = _line(typed, "technology")
    if technology not in _TECHNOLOGIES:
        raise Invalid("This is no technology.", [Problem("technology", "choice", "2G, 3G, 4G or 5G.")])
    off = _line(typed, "off") != "0"
    wanted = PhaseOut(technology=technology, region=_line(typed, "region") or None, off=off)
    cells, subscriptions = await Coverage(page.parts.db, page.parts.clock, _radio(page)).switch(wanted)
    async with page.db.transaction() as tx:
        detail = {"off": off, "region": wanted.region, "cells": cells, "subscriptions": subscriptions}
        await audit.append(tx, page.scope, audit.Entry("simulation.cells-switched", f"technology:{technology}", detail))
    page.parts.signals.changed()
    return page.redirect("/simulation")


def _faults(page: StaffPage) -> Table:
    network: SimulatedNetwork = page.request.app.state.network
    columns = (
        Column("rule", "Rule", numeric=True, fixed=True, narrow=True),
        Column("subscription", "Struck", narrow=True),
    )
    rows = [
        Row(f"{rule}-{subscription}", {"rule": rule, "subscription": subscription})
        for rule, subscription in sorted(network.strikes)[:100]
    ]
    empty = Empty(
        "No fault has struck anybody",
        "Faults are set through PUT /simulation/v1/faults, or come with the start of the demonstration.",
        icon="zap",
    )
    return Table("faults", "Faults in force", columns, rows, empty=empty, chooser=False)
