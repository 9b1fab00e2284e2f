"""Where field work touches the contexts below it: goods that are fitted and brought back, alarms while a crew is there.

Each is called in the transaction of the report that caused it. Whether the crew may report on the visit was decided
before; here its authority reaches as far as what the report says, whatever the account is bound to.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from tieline.platform.db import Tx
from tieline.platform.errors import Conflict
from tieline.platform.scope import Permission, Scope
from tieline.utility import incidents, logistics
from tieline.utility.fieldwork.model import Crew, Goods, Visit
from tieline.utility.incidents import Expectation

LONGEST_ON_SITE = timedelta(hours=10)
"""After so long a crew that says nothing more is taken to have left, so that alarms come again."""
_HANDS = frozenset({Permission.FIELD_REPORT, Permission.FIELD_PLAN, Permission.INCIDENT_WRITE})
_UNKNOWN = frozenset({"unknown", "gone"})


def _hands(scope: Scope) -> Scope:
    return replace(scope, permissions=scope.permissions | _HANDS, regions=None, operators=None)


async def crew_made(tx: Tx, scope: Scope, crew: Crew) -> None:
    """A crew has a place for goods: its van."""
    await logistics.crew_place(tx, _hands(scope), crew_id=crew.id, name=crew.name, region=crew.region)


async def books(
    tx: Tx,
    scope: Scope,
    *,
    goods: Iterable[tuple[Goods, str, int | None]],
    site_ids: Iterable[int],
    crew_ids: Iterable[int],
    reports: Iterable[str],
) -> logistics.Carrying:
    """The books of the goods that some reports name, each with the site that it is taken from, if it is."""
    things = [(logistics.Goods(kind.value), serial, site) for kind, serial, site in goods]
    keys = [_key(one) for one in reports]
    return await logistics.carry(tx, _hands(scope), goods=things, site_ids=site_ids, crew_ids=crew_ids, keys=keys)


def _key(report: str) -> str:
    return f"report:{report}"


async def fitted(
    carrying: logistics.Carrying, visit: Visit, goods: Sequence[tuple[Goods, str]], *, crew_id: int, key: str
) -> str:
    """Card and router went from the crew to the site; gives what was odd about it, in a sentence.

    What was fitted is fitted, whatever the books thought of where it was. Raises ``Conflict`` for a card that must not
    be used (blocked, lost, unknown though nobody planned it), and for a router that was lost or scrapped.
    """
    booking = carrying.fit(
        site_id=visit.site_id,
        crew_id=crew_id,
        goods=[(logistics.Goods(kind.value), serial) for kind, serial in goods],
        key=_key(key),
        force=True,
        reference=f"visit:{visit.id}",
    )
    planned = {step.new_iccid for step in visit.steps}
    notes = []
    for move, why in booking.moved.refused:
        known_plan = move.goods is logistics.Goods.ROUTER or move.serial in planned
        if why.rule not in _UNKNOWN or not known_plan:
            raise Conflict(
                f"{_named(move)} must not be used: {why.message}", advice="Take another one, and tell the dispatcher."
            )
        notes.append(f"{_named(move)} is not in the books.")
    await carrying.keep(booking)
    return " ".join(notes)


async def brought_back(
    carrying: logistics.Carrying, visit: Visit, goods: Sequence[tuple[Goods, str]], *, crew_id: int, key: str
) -> str:
    """The old router and cards went from the site to the crew; gives what was odd about it, in a sentence."""
    booking = carrying.bring_back(
        site_id=visit.site_id,
        crew_id=crew_id,
        goods=[(logistics.Goods(kind.value), serial) for kind, serial in goods],
        key=_key(key),
        reference=f"visit:{visit.id}",
    )
    await carrying.keep(booking)
    return " ".join(f"{_named(move)}: {why.message}" for move, why in booking.moved.refused)


def _named(move: logistics.Move) -> str:
    return f"{move.goods.value.capitalize()} {move.serial}"


async def crews_arrived(tx: Tx, scope: Scope, came: Sequence[tuple[Visit, datetime]]) -> None:
    """Links of the sites will go down and come up: that is expected while crews are there."""
    expected = [
        Expectation(
            origin=_origin(visit),
            starts_at=at,
            ends_at=at + LONGEST_ON_SITE,
            why=f"{visit.crew or 'A crew'} works at {visit.site_name}: {visit.title}",
            site_ids=(visit.site_id,),
        )
        for visit, at in came
    ]
    if expected:
        await incidents.expect_each(tx, _hands(scope), expected)


async def crews_gone(tx: Tx, scope: Scope, went: Sequence[tuple[Visit, datetime]]) -> None:
    """What was expected is over."""
    if went:
        await incidents.end_expectations_each(tx, _hands(scope), {_origin(visit): at for visit, at in went})


def _origin(visit: Visit) -> str:
    return f"visit:{visit.id}"
