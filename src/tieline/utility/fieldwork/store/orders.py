"""SQL of work orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value
from tieline.platform.scope import Scope, within
from tieline.utility.fieldwork.model import Order
from tieline.utility.fieldwork.store.crews import OWN_ORDERS, bounds

_ORDER = """
    SELECT o.id, o.crew_id, c.name AS crew, o.region, o.day, o.state, o.state_why, o.km, o.km_given, o.minutes,
        coalesce(n.visits, 0) AS visits, coalesce(n.finished, 0) AS finished, coalesce(n.done, 0) AS done,
        coalesce(n.troubled, 0) AS troubled, coalesce(n.attention, 0) AS attention
    FROM work_order o JOIN crew c ON c.id = o.crew_id
    LEFT JOIN LATERAL (
        SELECT count(*) FILTER (WHERE v.state <> 'cancelled') AS visits,
            count(*) FILTER (WHERE v.state = 'finished') AS finished,
            count(*) FILTER (WHERE v.outcome = 'done') AS done,
            count(*) FILTER (WHERE v.trouble <> '') AS troubled,
            (SELECT count(*) FROM field_report r JOIN visit w ON w.id = r.visit_id
                WHERE w.order_id = o.id AND r.state <> 'accepted' AND r.looked_at IS NULL) AS attention
        FROM visit v WHERE v.order_id = o.id) n ON true"""
_SEEN = f"({within('o.region')} AND {OWN_ORDERS})"


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders. ``open`` leaves out those that are cancelled or all of whose visits are over."""

    region: str | None = None
    crew_id: int | None = None
    first_day: date | None = None
    last_day: date | None = None
    open: bool = False


async def page(tx: Tx, scope: Scope, wanted: OrderFilter, *, after: tuple[date, int] | None, limit: int) -> list[Order]:
    """Orders by day."""
    text = f"""{_ORDER} WHERE {_SEEN}
            AND (%(region)s::text IS NULL OR o.region = %(region)s)
            AND (%(crew)s::bigint IS NULL OR o.crew_id = %(crew)s)
            AND (%(first)s::date IS NULL OR o.day >= %(first)s)
            AND (%(last)s::date IS NULL OR o.day <= %(last)s)
            AND (NOT %(open)s OR (o.state = 'open' AND n.visits > n.finished))
            AND (%(after_day)s::date IS NULL OR (o.day, o.id) > (%(after_day)s, %(after_id)s))
        ORDER BY o.day, o.id LIMIT %(limit)s"""
    after_day, after_id = after or (None, 0)
    bound = {
        **bounds(scope),
        "region": wanted.region,
        "crew": wanted.crew_id,
        "first": wanted.first_day,
        "last": wanted.last_day,
        "open": wanted.open,
        "after_day": after_day,
        "after_id": after_id,
        "limit": limit,
    }
    return [Order(**row) for row in await fetch_all(tx, text, bound)]


async def one(tx: Tx, scope: Scope, order_id: int, *, lock: bool = False) -> Order | None:
    """One order within the scope."""
    text = f"{_ORDER} WHERE o.id = %(id)s AND {_SEEN} {'FOR UPDATE OF o' if lock else ''}"
    row = await fetch_one(tx, text, {**bounds(scope), "id": order_id})
    return Order(**row) if row else None


async def find_open(tx: Tx, scope: Scope, crew_id: int, day: date) -> Order | None:
    """A crew's open order of a day, the latest when there are several."""
    text = f"""{_ORDER} WHERE o.crew_id = %(crew)s AND o.day = %(day)s AND o.state = 'open' AND {_SEEN}
        ORDER BY o.id DESC LIMIT 1"""
    row = await fetch_one(tx, text, {**bounds(scope), "crew": crew_id, "day": day})
    return Order(**row) if row else None


async def of_crew(tx: Tx, crew_id: int, *, today: date, last: date) -> list[Order]:
    """A crew's open orders for its phones: of today and the days up to ``last``, and earlier ones with visits left."""
    text = f"""{_ORDER} WHERE o.crew_id = %(crew)s AND o.state = 'open' AND o.day <= %(last)s
            AND (o.day >= %(today)s OR n.visits > n.finished)
        ORDER BY o.day, o.id LIMIT 30"""
    return [Order(**row) for row in await fetch_all(tx, text, {"crew": crew_id, "today": today, "last": last})]


async def add(tx: Tx, scope: Scope, now: datetime, *, crew_id: int, region: str | None, day: date) -> int:
    """Make an empty order."""
    text = """INSERT INTO work_order (crew_id, region, day, created_by, created_at)
        VALUES (%(crew)s, %(region)s, %(day)s, %(actor)s, %(now)s) RETURNING id"""
    bound = {"crew": crew_id, "region": region, "day": day, "actor": scope.actor, "now": now}
    made: int = await fetch_value(tx, text, bound)
    return made


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order to make: whose, when, which visits in which sequence, how far."""

    crew_id: int
    day: date
    visit_ids: tuple[int, ...]
    km: float
    km_given: float
    minutes: float


async def add_many(tx: Tx, scope: Scope, region: str | None, orders: Sequence[NewOrder], now: datetime) -> list[int]:
    """Make orders with their visits, in two statements however many there are."""
    text = """
        INSERT INTO work_order (crew_id, region, day, km, km_given, minutes, created_by, created_at)
        SELECT crew_id, %(region)s, day, km, km_given, minutes, %(actor)s, %(now)s
        FROM unnest(%(crew_id)s::bigint[], %(day)s::date[], %(km)s::float8[], %(km_given)s::float8[],
            %(minutes)s::float8[]) WITH ORDINALITY AS n (crew_id, day, km, km_given, minutes, number) ORDER BY number
        RETURNING id"""
    bound: dict[str, Any] = {
        name: [getattr(one, name) for one in orders] for name in ("crew_id", "day", "km", "km_given", "minutes")
    }
    rows = await fetch_all(tx, text, {**bound, "region": region, "actor": scope.actor, "now": now})
    ids = sorted(int(row["id"]) for row in rows)
    placed = [(i, visit, at) for i, one in zip(ids, orders, strict=True) for at, visit in enumerate(one.visit_ids, 1)]
    text = """
        UPDATE visit v SET order_id = n.order_id, position = n.position
        FROM unnest(%(orders)s::bigint[], %(visits)s::bigint[], %(positions)s::integer[]) n (order_id, id, position)
        WHERE v.id = n.id"""
    columns = [list(column) for column in zip(*placed, strict=True)] or [[], [], []]
    await execute(tx, text, dict(zip(("orders", "visits", "positions"), columns, strict=True)))
    return ids


async def measure(tx: Tx, order_id: int, *, km: float, km_given: float, minutes: float) -> None:
    """Set how far and how long an order is."""
    text = "UPDATE work_order SET km = %(km)s, km_given = %(given)s, minutes = %(minutes)s WHERE id = %(id)s"
    await execute(tx, text, {"id": order_id, "km": km, "given": km_given, "minutes": minutes})


async def hand_over(tx: Tx, order_id: int, *, crew_id: int, day: date) -> None:
    """Give an order to another crew, or to another day."""
    text = "UPDATE work_order SET crew_id = %(crew)s, day = %(day)s WHERE id = %(id)s"
    await execute(tx, text, {"id": order_id, "crew": crew_id, "day": day})


async def cancel(tx: Tx, order_id: int, why: str) -> None:
    """Cancel an order."""
    text = "UPDATE work_order SET state = 'cancelled', state_why = %(why)s WHERE id = %(id)s"
    await execute(tx, text, {"id": order_id, "why": why})
