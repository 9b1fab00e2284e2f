"""Orders, deliveries, and what was wrong with their notes."""

from collections.abc import Sequence
from typing import Any, Final

from psycopg.rows import DictRow

from tieline.platform.db import Tx, copy_in, execute, fetch_all, fetch_one, fetch_value
from tieline.platform.errors import Problem
from tieline.platform.scope import Scope, within
from tieline.utility.logistics.model import Delivery, Goods, NewOrder, Order
from tieline.utility.logistics.store.places import OWN_PLACES

OWN_ORDERS: Final = f"(o.operator IS NULL OR {within(operator='o.operator')})"
_ORDER: Final = """
SELECT o.id, o.reference, o.goods, o.supplier, o.operator, o.variety, o.generation, o.number, o.expected_on, o.note,
    o.state, o.state_why, o.created_by, o.created_at, coalesce(d.accepted, 0) AS accepted,
    coalesce(d.deliveries, 0) AS deliveries
FROM stock_order o LEFT JOIN LATERAL (
    SELECT sum(accepted)::bigint AS accepted, count(*) AS deliveries FROM stock_delivery d WHERE d.order_id = o.id
) d ON true
"""
_DELIVERY: Final = """
SELECT d.id, d.order_id, o.reference, o.goods, d.place_id, p.name AS place_name, d.note, d.file_name, d.rows_read,
    d.rows_bad, d.accepted, d.problem_count, d.actor, d.at
FROM stock_delivery d JOIN stock_order o ON o.id = d.order_id JOIN stock_place p ON p.id = d.place_id
"""


def _order(row: DictRow) -> Order:
    return Order(**{**row, "goods": Goods(row["goods"])})


def _delivery(row: DictRow) -> Delivery:
    return Delivery(**{**row, "goods": Goods(row["goods"])})


async def add(tx: Tx, scope: Scope, order: NewOrder) -> int | None:
    """Enter an order; None when another has its reference."""
    text = """
        INSERT INTO stock_order (reference, goods, supplier, operator, variety, generation, number, expected_on, note,
            created_by)
        VALUES (%(reference)s, %(goods)s, %(supplier)s, %(operator)s, %(variety)s, %(generation)s, %(number)s,
            %(expected_on)s, %(note)s, %(actor)s)
        ON CONFLICT (reference) DO NOTHING RETURNING id"""
    bound = {name: getattr(order, name) for name in order.__slots__}
    found: int | None = await fetch_value(tx, text, {**bound, "actor": scope.actor})
    return found


async def one(tx: Tx, scope: Scope, order_id: int, *, lock: bool = False) -> Order | None:
    """An order; locked against other deliveries of it if asked."""
    if lock:  # apart: what its deliveries add up to is read once nobody else adds to them
        await execute(tx, "SELECT id FROM stock_order WHERE id = %(id)s FOR UPDATE", {"id": order_id})
    row = await fetch_one(tx, f"{_ORDER} WHERE o.id = %(id)s AND {OWN_ORDERS}", {"id": order_id, **scope.params()})
    return _order(row) if row else None


async def page(
    tx: Tx, scope: Scope, *, states: Sequence[str], goods: Sequence[str], before: int, limit: int
) -> list[Order]:
    """Orders, the newest first."""
    text = f"""{_ORDER} WHERE o.id < %(before)s AND {OWN_ORDERS}
        AND (%(states)s::text[] = '{{}}' OR o.state = ANY(%(states)s::text[]))
        AND (%(goods)s::text[] = '{{}}' OR o.goods = ANY(%(goods)s::text[]))
        ORDER BY o.id DESC LIMIT %(limit)s"""
    bound = {"states": list(states), "goods": list(goods), "before": before, "limit": limit, **scope.params()}
    return [_order(row) for row in await fetch_all(tx, text, bound)]


async def set_state(tx: Tx, order_id: int, state: str, why: str) -> None:
    """Close an order, or find it complete."""
    text = "UPDATE stock_order SET state = %(state)s, state_why = %(why)s WHERE id = %(id)s"
    await execute(tx, text, {"id": order_id, "state": state, "why": why})


async def arrivals(tx: Tx, scope: Scope) -> list[DictRow]:
    """What open orders still bring, and when."""
    text = f"""SELECT x.goods, x.operator, x.variety, x.generation, x.expected_on, x.number - x.accepted AS number
        FROM ({_ORDER} WHERE o.state = 'open' AND {OWN_ORDERS}) x WHERE x.number > x.accepted
        ORDER BY x.expected_on, x.id"""
    return await fetch_all(tx, text, scope.params())


async def add_delivery(tx: Tx, scope: Scope, values: dict[str, Any], problems: Sequence[Problem]) -> int:
    """Enter a delivery, with what was wrong with its note."""
    text = """
        INSERT INTO stock_delivery (order_id, place_id, note, file_name, sha256, rows_read, rows_bad, accepted,
            problem_count, actor, at)
        VALUES (%(order_id)s, %(place_id)s, %(note)s, %(file_name)s, %(sha256)s, %(rows_read)s, %(rows_bad)s,
            %(accepted)s, %(problem_count)s, %(actor)s, now())
        RETURNING id"""
    made: int = await fetch_value(tx, text, {**values, "actor": scope.actor})
    rows = ((made, at, one.line or 0, one.field, one.rule, one.value, one.message) for at, one in enumerate(problems))
    await copy_in(tx, "stock_delivery_problem (delivery_id, id, line, field, rule, value, message)", rows)
    return made


async def same_delivery(tx: Tx, order_id: int, sha256: str) -> Delivery | None:
    """The delivery of an order that the same file told of."""
    text = f"{_DELIVERY} WHERE d.order_id = %(order)s AND d.sha256 = %(sha256)s"
    row = await fetch_one(tx, text, {"order": order_id, "sha256": sha256})
    return _delivery(row) if row else None


async def delivery(tx: Tx, scope: Scope, delivery_id: int) -> Delivery | None:
    """A delivery."""
    text = f"{_DELIVERY} WHERE d.id = %(id)s AND {OWN_ORDERS} AND {OWN_PLACES}"
    row = await fetch_one(tx, text, {"id": delivery_id, **scope.params()})
    return _delivery(row) if row else None


async def deliveries(tx: Tx, scope: Scope, *, order_id: int | None, before: int, limit: int) -> list[Delivery]:
    """Deliveries, of one order or all, the newest first."""
    text = f"""{_DELIVERY} WHERE d.id < %(before)s AND (%(order)s::bigint IS NULL OR d.order_id = %(order)s)
        AND {OWN_ORDERS} AND {OWN_PLACES} ORDER BY d.id DESC LIMIT %(limit)s"""
    bound = {"order": order_id, "before": before, "limit": limit, **scope.params()}
    return [_delivery(row) for row in await fetch_all(tx, text, bound)]


async def problems(tx: Tx, delivery_id: int, *, after: int, limit: int) -> list[DictRow]:
    """What was wrong with a delivery note, in the order of its lines."""
    text = """SELECT id, line, field, rule, value, message FROM stock_delivery_problem
        WHERE delivery_id = %(delivery)s AND id > %(after)s ORDER BY id LIMIT %(limit)s"""
    return await fetch_all(tx, text, {"delivery": delivery_id, "after": after, "limit": limit})
