"""Holding changes back: planned freezes, storm mode, and the control room's veto.

A hold is enforced where sending is decided (``store.guarding``): what is held is not sent, whatever else was agreed.
What is at an operator already is finished.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from psycopg.rows import DictRow

from tieline.platform import audit, outbox
from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from tieline.platform.paging import Page, decode_key, page_of
from tieline.platform.scope import Permission, Scope
from tieline.utility import inventory
from tieline.utility.changes.model import ChangeType
from tieline.utility.changes.policy.states import ENDED
from tieline.utility.changes.service.telling import tell
from tieline.utility.changes.store import changes as store
from tieline.utility.changes.store import holds as hold_store

TOPIC = "change.hold"
"""Outbox topic of holds that were made or lifted: ``{hold_id, kind, act, operator, region, change_id, actor}``."""
_LONGEST_YEARLY = timedelta(days=180)
_FIRST_YEAR, _LAST_YEAR = 2000, 2199


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A planned freeze: holds back everything but emergency changes, at one operator, in one region, or everywhere.

    ``yearly`` makes it return every year at the same local times of that time zone, for example Europe/London; one that
    begins on 29 February begins on the 28th where there is none.
    """

    reason: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    operator: str | None = None
    region: str | None = None
    yearly: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """Storm mode: holds everything but emergency changes in some regions; none named: everywhere.

    ``spare_crews``: what crews released at their sites goes on. It ends at ``ends_at``, or by hand.
    """

    reason: str
    regions: Sequence[str] = ()
    ends_at: datetime | None = None
    spare_crews: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Veto:
    """The control room's no to one change, or to its part in one region or at one operator, until it is lifted."""

    change_id: int
    reason: str
    region: str | None = None
    operator: str | None = None


async def holds(
    tx: Tx,
    scope: Scope,
    clock: Clock,
    *,
    only_live: bool = False,
    kinds: Sequence[str] = (),
    change_id: int | None = None,
    cursor: str | None = None,
    limit: int = 200,
) -> Page[DictRow]:
    """Holds, the newest first; ``only_live``: those that hold now or will."""
    scope.require(Permission.CHANGE_READ)
    before = None if cursor is None else decode_key(cursor, int)[0]
    found = await hold_store.page(
        tx, now=clock.now(), kinds=kinds, change_id=change_id, only_live=only_live, before=before, limit=limit + 1
    )
    return page_of(found, limit, lambda row: (row["id"],))


async def hold_of(tx: Tx, scope: Scope, clock: Clock, hold_id: int) -> DictRow:
    """One hold."""
    scope.require(Permission.CHANGE_READ)
    return await _get(tx, clock, hold_id)


async def holding(tx: Tx, scope: Scope, clock: Clock, change_id: int) -> list[DictRow]:
    """What holds a change, or some of it, at this moment: who, why, until when. Vetoes first."""
    scope.require(Permission.CHANGE_READ)
    return await hold_store.over_change(tx, change_id, clock.now())


async def holds_during(tx: Tx, scope: Scope, start: datetime, end: datetime) -> list[DictRow]:
    """When holds hold within a span of time, for calendars."""
    scope.require(Permission.CHANGE_READ)
    return await hold_store.during(tx, start, end)


async def regions(tx: Tx, scope: Scope) -> list[str]:
    """The regions that somebody may hold something back in."""
    scope.require(Permission.CHANGE_READ)
    return await hold_store.regions(tx, scope)


async def would_hold(tx: Tx, scope: Scope, regions: Sequence[str] = (), operator: str | None = None) -> list[DictRow]:
    """Changes that a freeze or a storm would hold if it began now: {id, title, state, items}; none named: everywhere.

    ``items`` are those still to be sent there. Only what somebody may see is counted. Those that are not submitted yet
    are left out: they send nothing anyhow.
    """
    scope.require(Permission.CHANGE_READ)
    return await hold_store.would_hold(tx, scope, regions, operator)


async def storms(tx: Tx, clock: Clock) -> list[DictRow]:
    """The storms that last now. Everybody is told of them, whatever else they may see."""
    return await hold_store.storms(tx, clock.now())


async def make_hold(tx: Tx, scope: Scope, clock: Clock, hold: Hold) -> int:
    """Freeze: hold back everything but emergency changes; what is at the operators is finished."""
    scope.require(Permission.CHANGE_RUN)
    starts = hold.starts_at or clock.now()
    _check_times(starts, hold.ends_at)
    if hold.yearly is not None:
        _check_yearly(hold.yearly, starts, hold.ends_at)
    await _check_place(tx, scope, hold.operator, [hold.region] if hold.region else [])
    values: dict[str, Any] = {
        "kind": "freeze",
        "reason": hold.reason,
        "operator": hold.operator,
        "region": hold.region,
        "starts_at": starts,
        "ends_at": hold.ends_at,
        "yearly_zone": hold.yearly,
    }
    made = await hold_store.add(tx, scope, values)
    await _told(tx, scope, made, "made", values)
    return made


async def begin_storm(tx: Tx, scope: Scope, clock: Clock, storm: Storm) -> int:
    """Storm mode, in one act of the control room or a technician; returns the number that ends it."""
    _require_either(scope)
    now = clock.now()
    _check_times(now, storm.ends_at)
    regions = tuple(dict.fromkeys(storm.regions))
    await _check_place(tx, scope, None, regions)
    group: int | None = None
    for region in regions or (None,):
        values: dict[str, Any] = {
            "kind": "storm",
            "reason": storm.reason,
            "region": region,
            "group_id": group,
            "starts_at": now,
            "ends_at": storm.ends_at,
            "spares_released": storm.spare_crews,
        }
        made = await hold_store.add(tx, scope, values)
        group = group or made
        await _told(tx, scope, made, "made", values)
    if group is None:
        raise Invalid("Say where the storm is.")
    return group


async def end_storm(tx: Tx, scope: Scope, clock: Clock, storm_id: int, *, why: str = "") -> int:
    """End a storm by hand in all its regions that are left; returns how many holds that lifted."""
    _require_either(scope)
    found = await hold_store.group(tx, storm_id, now=clock.now())
    found = [row for row in found if not row["over"]]
    if not found:
        raise NotFound(f"There is no storm {storm_id} that lasts.")
    for row in found:
        _check_reach(scope, None, row["region"])
    await hold_store.lift(tx, scope, [row["id"] for row in found], why, clock.now())
    for row in found:
        await _told(tx, scope, row["id"], "lifted", {**_place(row), "why": why})
    return len(found)


async def veto(tx: Tx, scope: Scope, clock: Clock, asked: Veto) -> int:
    """Hold one change back from the control room, until it is lifted.

    Before the start it prevents the start; while the change runs, nothing more goes out from the next batch on. An
    emergency change is held only once the veto is insisted on (:func:`insist`).
    """
    scope.require(Permission.CHANGE_VETO)
    if not asked.reason.strip():
        raise Invalid("A veto says why.", [Problem("reason", "required", "Say why.")])
    change = await store.get(tx, asked.change_id, lock=True)
    if change.state in ENDED:
        raise Conflict(
            f"A change that is {change.state.value} sends nothing more.", advice="Take it back with an undo."
        )
    await _check_place(tx, scope, asked.operator, [asked.region] if asked.region else [])
    values: dict[str, Any] = {
        "kind": "veto",
        "reason": asked.reason,
        "operator": asked.operator,
        "region": asked.region,
        "change_id": asked.change_id,
        "starts_at": clock.now(),
    }
    made = await hold_store.add(tx, scope, values)
    holds_now = change.type is not ChangeType.EMERGENCY
    facts: dict[str, Any] = {
        "hold": made,
        "why": asked.reason,
        "region": asked.region,
        "operator": asked.operator,
        "holds": holds_now,
    }
    await tell(tx, scope, change, "vetoed", **facts)
    await _told(tx, scope, made, "made", values)
    return made


async def insist(tx: Tx, scope: Scope, clock: Clock, hold_id: int, *, why: str) -> DictRow:
    """The second act that makes a veto hold an emergency change; it has a reason of its own."""
    scope.require(Permission.CHANGE_VETO)
    row = await _get(tx, clock, hold_id, lock=True)
    if row["kind"] != "veto" or row["over"]:
        raise Conflict("Only a veto that stands can be insisted on.")
    if row["change_type"] != ChangeType.EMERGENCY.value:
        raise Conflict("This veto holds already: only emergency changes need a second act.")
    if row["emergency_too"]:
        raise Conflict("This veto was insisted on already.")
    if not why.strip():
        raise Invalid("Say why an emergency change may be held.", [Problem("why", "required", "Say why.")])
    _check_reach(scope, row["operator"], row["region"])
    await hold_store.insist(tx, scope, hold_id, why, clock.now())
    change = await store.get(tx, row["change_id"])
    await tell(tx, scope, change, "veto-insisted", hold=hold_id, why=why)
    await _told(tx, scope, hold_id, "insisted", {**_place(row), "why": why})
    return await _get(tx, clock, hold_id)


async def lift_hold(tx: Tx, scope: Scope, clock: Clock, hold_id: int, *, why: str = "") -> None:
    """End a hold. A veto is lifted by the control room alone; lifted, a change that runs goes on by itself."""
    row = await hold_store.get(tx, hold_id, now=clock.now(), lock=True)
    if row is None or row["lifted_at"] is not None:
        raise NotFound(f"There is no hold {hold_id} that lives.")
    if row["kind"] == "veto":
        scope.require(Permission.CHANGE_VETO)
    elif row["kind"] == "storm":
        _require_either(scope)
    else:
        scope.require(Permission.CHANGE_RUN)
    _check_reach(scope, row["operator"], row["region"])
    await hold_store.lift(tx, scope, [hold_id], why, clock.now())
    if row["change_id"] is not None:
        await tell(tx, scope, await store.get(tx, row["change_id"]), "veto-lifted", hold=hold_id, why=why)
    await _told(tx, scope, hold_id, "lifted", {**_place(row), "why": why})


def may_lift(scope: Scope, row: DictRow) -> bool:
    """Whether somebody may lift a hold, for buttons; the act itself checks again."""
    needed = {"veto": (Permission.CHANGE_VETO,), "storm": (Permission.CHANGE_RUN, Permission.CHANGE_VETO)}
    allowed = any(scope.may(one) for one in needed.get(row["kind"], (Permission.CHANGE_RUN,)))
    return allowed and not row["over"] and not _beyond(scope, row["operator"], row["region"])


async def _get(tx: Tx, clock: Clock, hold_id: int, *, lock: bool = False) -> DictRow:
    row = await hold_store.get(tx, hold_id, now=clock.now(), lock=lock)
    if row is None:
        raise NotFound(f"There is no hold {hold_id}.")
    return row


def _require_either(scope: Scope) -> None:
    """Storm mode is the control room's or a technician's."""
    if not scope.may(Permission.CHANGE_VETO):
        scope.require(Permission.CHANGE_RUN)


def _check_times(starts: datetime, ends: datetime | None) -> None:
    if any(moment is not None and moment.tzinfo is None for moment in (starts, ends)):
        raise Invalid("Say in which time zone.", [Problem("starts_at", "time-zone", "With a time zone.")])
    if any(moment is not None and not _FIRST_YEAR <= moment.year <= _LAST_YEAR for moment in (starts, ends)):
        problem = Problem("starts_at", "range", f"From {_FIRST_YEAR} to {_LAST_YEAR}.")
        raise Invalid("A hold lies in this century or the next.", [problem])
    if ends is not None and ends <= starts:
        raise Invalid("A hold ends after it starts.", [Problem("ends_at", "order", "Later than its start.")])


def _check_yearly(zone: str, starts: datetime, ends: datetime | None) -> None:
    if zone not in available_timezones():
        raise Invalid(
            "There is no such time zone.", [Problem("yearly", "known", "For example Europe/London.", zone[:60])]
        )
    if ends is None or ends.astimezone(ZoneInfo(zone)) - starts.astimezone(ZoneInfo(zone)) > _LONGEST_YEARLY:
        problem = Problem("ends_at", "length", "It ends within 180 days.")
        raise Invalid("A freeze that returns every year has an end, within 180 days.", [problem])


async def _check_place(tx: Tx, scope: Scope, operator: str | None, regions: Sequence[str]) -> None:
    """Raise ``NotFound`` for an unknown operator, ``Invalid`` for a region in which a hold would hold nothing."""
    if operator is not None and not await inventory.operators(tx, scope, operator):
        raise NotFound(f"There is no operator {operator}.")
    for region in regions or (None,):
        _check_reach(scope, operator, region)
    missing = await hold_store.missing_regions(tx, regions)
    if missing:
        problem = Problem("region", "known", "The name of a region in which there are sites.", missing[0][:100])
        raise Invalid(f"There is no site in a region called {missing[0][:100]}.", [problem])


def _check_reach(scope: Scope, operator: str | None, region: str | None) -> None:
    """Raise ``Forbidden`` for a hold that reaches beyond what somebody may touch."""
    if _beyond(scope, operator, region):
        raise Forbidden("This hold reaches beyond your regions or operators.", advice="Name yours.")


def _beyond(scope: Scope, operator: str | None, region: str | None) -> bool:
    everywhere = scope.regions is not None and region not in scope.regions
    everybody = scope.operators is not None and operator not in scope.operators
    return everywhere or everybody


def _place(row: DictRow) -> dict[str, Any]:
    return {name: row[name] for name in ("kind", "operator", "region", "change_id")}


async def _told(tx: Tx, scope: Scope, hold_id: int, act: str, values: dict[str, Any]) -> None:
    """Tell upwards, and write it down."""
    facts = {name: values.get(name) for name in ("kind", "operator", "region", "change_id")}
    payload = {**facts, "hold_id": hold_id, "act": act, "actor": scope.actor}
    await outbox.publish(tx, TOPIC, payload, key=f"hold:{hold_id}")
    await audit.append(tx, scope, audit.Entry(f"hold.{act}", f"hold:{hold_id}", values))
