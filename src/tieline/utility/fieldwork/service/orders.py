"""Work orders: made from visits that wait, looked at, given to other crews and days, cancelled."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from psycopg.rows import DictRow

from tieline.platform import audit
from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Invalid, NotFound, Problem
from tieline.platform.paging import MAX_PAGE, Page, decode_key, page_of
from tieline.platform.scope import Permission, Scope
from tieline.utility import logistics
from tieline.utility.fieldwork.model import OVER, Order, Visit, VisitState
from tieline.utility.fieldwork.policy.days import Day, Stop, Working, calendar
from tieline.utility.fieldwork.service import crews as crew_cases
from tieline.utility.fieldwork.service import routing
from tieline.utility.fieldwork.service.visits import locked, may_read, today
from tieline.utility.fieldwork.store import orders, visits
from tieline.utility.fieldwork.store.orders import NewOrder, OrderFilter

MOST_VISITS = 5000
"""Visits that one call puts into orders."""
_WEEK = timedelta(days=7).total_seconds()
_LONGEST_WHY = 500
_YEARS_AHEAD = timedelta(days=3 * 366)


@dataclass(frozen=True, slots=True)
class MadeOrders:
    """What became of the visits that waited: orders, and how far they are to be driven against the order they came."""

    order_ids: tuple[int, ...]
    visits: int
    km: float
    km_given: float
    first_day: date | None
    last_day: date | None

    @property
    def km_saved(self) -> float:
        """What the routes save."""
        return max(0.0, self.km_given - self.km)


async def make_orders(
    tx: Tx,
    scope: Scope,
    clock: Clock,
    *,
    region: str | None,
    crew_ids: Sequence[int],
    first_day: date,
    working: Working | None = None,
    origin: str | None = None,
    limit: int = MOST_VISITS,
    told: list[audit.Entry] | None = None,
) -> MadeOrders:
    """Put the visits of a region that are in no order into orders, a day and a crew each. Needs ``FIELD_PLAN``.

    Those due in an earlier week come first; what is due in the same week is driven to together. Every crew has one
    order a day, Monday to Friday unless ``working`` says otherwise. ``told`` takes the entry for the audit trail from a
    caller that goes on: it appends it last.
    """
    scope.require(Permission.FIELD_PLAN)
    working = working or Working()
    _check(clock, first_day, crew_ids, working)
    for crew_id in crew_ids:
        if not (await crew_cases.crew(tx, scope, crew_id)).active:
            raise Conflict(f"Crew {crew_id} does not work any more.")
    rows = await visits.waiting(tx, scope, region, origin, max(1, min(limit, MOST_VISITS)))
    days = await routing.days_apart(_stops(rows), working)
    when = calendar(first_day, len(days), len(crew_ids), weekends=working.weekends)
    made = [_order(day, crew_ids[crew], on) for day, (on, crew) in zip(days, when, strict=True)]
    ids = await orders.add_many(tx, scope, region, made, clock.now()) if made else []
    outcome = MadeOrders(
        tuple(ids),
        len(rows),
        sum(one.km for one in made),
        sum(one.km_given for one in made),
        made[0].day if made else None,
        made[-1].day if made else None,
    )
    detail = {"region": region, "crews": list(crew_ids), "orders": len(ids), "visits": outcome.visits}
    entry = audit.Entry("orders.made", f"region:{region or ''}", detail)
    if told is None:
        await audit.append(tx, scope, entry)
    else:
        told.append(entry)
    return outcome


def _check(clock: Clock, first_day: date, crew_ids: Sequence[int], working: Working) -> None:
    now = today(clock.now())
    problems = [
        Problem(name, rule, message)
        for name, rule, message, broken in (
            ("crew_ids", "empty", "Name at least one crew.", not crew_ids),
            ("crew_ids", "unique", "Name each crew once.", len(set(crew_ids)) != len(crew_ids)),
            ("first_day", "past", "Today or later.", first_day < now),
            ("first_day", "far", "Within three years.", first_day > now + _YEARS_AHEAD),
            ("hours_per_day", "range", "At least an hour more than the way out and home.", working.minutes < 60),  # noqa: PLR2004
        )
        if broken
    ]
    if problems:
        raise Invalid("These orders cannot be made.", problems)


def _stops(rows: Sequence[DictRow]) -> list[Stop]:
    middle = routing.centre([(row["lat"], row["lon"]) for row in rows if row["lat"] is not None])
    return [
        Stop(
            row["id"],
            (row["lat"], row["lon"]) if row["lat"] is not None and row["lon"] is not None else middle,
            row["minutes"],
            math.floor(row["due_at"].timestamp() / _WEEK) if row["due_at"] else math.inf,
        )
        for row in rows
    ]


def _order(day: Day, crew_id: int, on: date) -> NewOrder:
    return NewOrder(crew_id, on, tuple(one.id for one in day.stops), day.km, day.km_given, day.minutes)


async def page(
    tx: Tx, scope: Scope, wanted: OrderFilter, *, cursor: str | None = None, limit: int = 100
) -> Page[Order]:
    """Orders by day; a crew sees its own alone."""
    may_read(scope)
    after = None
    if cursor:
        day, identity = decode_key(cursor, str, int)
        after = (_day(day), identity)
    limit = max(1, min(limit, MAX_PAGE))
    rows = await orders.page(tx, scope, wanted, after=after, limit=limit + 1)
    return page_of(rows, limit, lambda order: (order.day.isoformat(), order.id))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("The cursor is not one of this list's.", [Problem("cursor", "cursor", "As given.")]) from error


async def one(tx: Tx, scope: Scope, order_id: int, *, lock: bool = False) -> Order:
    """An order; raises ``NotFound`` also for one of another crew or region."""
    may_read(scope)
    found = await orders.one(tx, scope, order_id, lock=lock)
    if found is None:
        raise NotFound(f"There is no order {order_id}, or none that you may see.")
    return found


async def with_visits(tx: Tx, scope: Scope, order_id: int) -> tuple[Order, list[Visit]]:
    """An order and its visits in the sequence in which they are driven to."""
    return await one(tx, scope, order_id), await visits.of_orders(tx, scope, [order_id])


async def wants(tx: Tx, scope: Scope, number: int) -> logistics.Want:
    """The cards that an order's visits need, for the store to hand out; routers are any of the new ones."""
    order, found = await with_visits(tx, scope, number)
    cards = [
        (logistics.Goods.CARD, step.new_iccid)
        for visit in found
        if visit.state not in OVER
        for step in visit.steps
        if step.new_iccid and not step.iccid
    ]
    return logistics.Want(f"Order {number}: {order.crew}, {order.day:%d %B}", order.crew_id, cards)


async def hand_over(
    tx: Tx, scope: Scope, clock: Clock, order_id: int, *, crew_id: int | None = None, day: date | None = None
) -> Order:
    """Give an order to another crew, to another day, or both. Needs ``FIELD_PLAN``.

    Raises ``Conflict`` while its crew is at one of its sites: what it reports would be another's.
    """
    scope.require(Permission.FIELD_PLAN)
    order = await _open(tx, scope, order_id)
    await _nobody_there(tx, scope, order_id)
    crew = await crew_cases.crew(tx, scope, crew_id or order.crew_id)
    if not crew.active:
        raise Conflict(f"{crew.name} does not work any more.")
    wanted = day or order.day
    if wanted != order.day:
        _check_day(clock, wanted)
    await orders.hand_over(tx, order_id, crew_id=crew.id, day=wanted)
    detail = {
        "before": {"crew": order.crew, "day": order.day.isoformat()},
        "after": {"crew": crew.name, "day": wanted.isoformat()},
    }
    await audit.append(tx, scope, audit.Entry("order.handed-over", f"order:{order_id}", detail))
    return await one(tx, scope, order_id)


async def cancel_order(tx: Tx, scope: Scope, order_id: int, why: str) -> int:
    """Cancel an order; its visits that are not over wait for another one. Needs ``FIELD_PLAN``. Gives how many."""
    scope.require(Permission.FIELD_PLAN)
    if not why.strip() or len(why) > _LONGEST_WHY:
        raise Invalid("Say why, in at most 500 characters.", [Problem("why", "length", "1 to 500 characters.")])
    await _open(tx, scope, order_id)
    free = [visit.id for visit in await _nobody_there(tx, scope, order_id) if visit.state not in OVER]
    await visits.place(tx, None, free)
    await orders.cancel(tx, order_id, why.strip())
    detail = {"why": why.strip(), "visits_freed": len(free)}
    await audit.append(tx, scope, audit.Entry("order.cancelled", f"order:{order_id}", detail))
    return len(free)


@dataclass(frozen=True, slots=True)
class Target:
    """Where visits are moved: into an order, or to a crew's day (whose order is made if there is none)."""

    order_id: int | None = None
    crew_id: int | None = None
    day: date | None = None


async def move_visits(tx: Tx, scope: Scope, clock: Clock, ids: Sequence[int], target: Target) -> Order:
    """Move visits to another order or day; both are put into their best sequence again. Needs ``FIELD_PLAN``.

    Raises ``Conflict`` for a visit that is over or under way.
    """
    scope.require(Permission.FIELD_PLAN)
    if not ids:
        raise Invalid("Name at least one visit.", [Problem("ids", "empty", "At least one.")])
    found = await locked(tx, scope, ids)
    for visit in found:
        if visit.state not in {VisitState.PLANNED, VisitState.LEFT}:
            raise Conflict(f"The visit to {visit.site_name} is {visit.state.replace('_', ' ')}; it cannot be moved.")
    order_id = await _target(tx, scope, clock, found, target)
    await visits.place(tx, order_id, [visit.id for visit in found])
    await routing.route_again(tx, scope, order_id)
    await routing.measure_again(tx, scope, {visit.order_id for visit in found} - {order_id})
    entries = [
        audit.Entry("visit.moved", f"visit:{visit.id}", {"from": visit.order_id, "to": order_id}) for visit in found
    ]
    await audit.append(tx, scope, *entries)
    return await one(tx, scope, order_id)


async def _target(tx: Tx, scope: Scope, clock: Clock, found: Sequence[Visit], target: Target) -> int:
    if target.order_id is not None:
        return (await _open(tx, scope, target.order_id)).id
    if target.crew_id is None or target.day is None:
        raise Invalid("Say where to.", [Problem("order_id", "target", "An order, or a crew and a day.")])
    crew = await crew_cases.crew(tx, scope, target.crew_id, lock=True)
    if not crew.active:
        raise Conflict(f"{crew.name} does not work any more.")
    _check_day(clock, target.day)
    existing = await orders.find_open(tx, scope, crew.id, target.day)
    if existing is not None:
        return existing.id
    return await orders.add(tx, scope, clock.now(), crew_id=crew.id, region=found[0].region, day=target.day)


def _check_day(clock: Clock, day: date) -> None:
    now = today(clock.now())
    if not now <= day <= now + _YEARS_AHEAD:
        raise Invalid("That day cannot be worked on.", [Problem("day", "range", "Today or later, within three years.")])


async def _open(tx: Tx, scope: Scope, order_id: int) -> Order:
    order = await one(tx, scope, order_id, lock=True)
    if order.state != "open":
        raise Conflict(f"Order {order_id} was cancelled.")
    return order


async def _nobody_there(tx: Tx, scope: Scope, order_id: int) -> list[Visit]:
    found = await visits.of_orders(tx, scope, [order_id], lock=True)
    there = next((visit for visit in found if visit.state is VisitState.ON_SITE), None)
    if there is not None:
        raise Conflict(f"{there.crew} is at {there.site_name} now.", advice="Wait until it has left, or call the crew.")
    return found


async def tally(tx: Tx, scope: Scope, clock: Clock) -> list[dict[str, Any]]:
    """By region, how many visits wait, are in orders, are late, are over."""
    scope.require(Permission.FIELD_READ)
    now = clock.now()
    return [dict(row) for row in await visits.tally(tx, scope, now=now, today=today(now))]


def is_late(visit: Visit, now: datetime) -> bool:
    """Whether a visit should be over by now: it was due, or planned for a day that has passed."""
    due = visit.due_at is not None and visit.due_at < now
    return visit.state not in OVER and (due or (visit.day is not None and visit.day < today(now)))
