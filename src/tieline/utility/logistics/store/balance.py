"""What the balance compares: the ledger replayed, its chain, its first entries, the sums."""

from collections.abc import Sequence
from typing import Any, Final

from psycopg.rows import DictRow

from tieline.platform.db import Tx, fetch_all, fetch_one
from tieline.platform.scope import Scope
from tieline.utility.logistics.model import Goods, Item
from tieline.utility.logistics.store.ledger import COLUMNS, OWN_ITEMS, item_of
from tieline.utility.logistics.store.orders import OWN_ORDERS
from tieline.utility.logistics.store.places import OWN_PLACES

_OWN: Final = f"{OWN_ITEMS} AND {OWN_PLACES}"

_REPLAY: Final = f"""
SELECT i.goods, i.serial, p.name AS has, q.name AS ledger
FROM stock_item i JOIN stock_place p ON p.id = i.place_id
LEFT JOIN LATERAL (SELECT m.to_place FROM stock_movement m WHERE m.item_id = i.id ORDER BY m.id DESC LIMIT 1) m ON true
LEFT JOIN stock_place q ON q.id = m.to_place
WHERE m.to_place IS DISTINCT FROM i.place_id AND {_OWN} ORDER BY i.id
"""
_CHAIN: Final = f"""
SELECT i.goods, i.serial, x.id, b.name AS came_from, a.name AS was_in FROM (
    SELECT m.id, m.item_id, m.from_place, lag(m.to_place) OVER w AS before, row_number() OVER w AS place
    FROM stock_movement m WINDOW w AS (PARTITION BY m.item_id ORDER BY m.id)
) x JOIN stock_item i ON i.id = x.item_id JOIN stock_place p ON p.id = i.place_id
LEFT JOIN stock_place b ON b.id = x.from_place LEFT JOIN stock_place a ON a.id = x.before
WHERE x.place > 1 AND x.from_place IS DISTINCT FROM x.before AND {_OWN} ORDER BY x.id
"""
# The first movement of what was delivered comes from the supplier, that of what was taken up from nowhere.
_ORIGIN: Final = f"""
SELECT i.goods, i.serial, s.kind AS came_from, i.delivery_id FROM stock_item i
JOIN stock_place p ON p.id = i.place_id
LEFT JOIN LATERAL (SELECT m.from_place FROM stock_movement m WHERE m.item_id = i.id ORDER BY m.id LIMIT 1) m ON true
LEFT JOIN stock_place s ON s.id = m.from_place
WHERE (s.kind IS NOT DISTINCT FROM 'supplier') <> (i.delivery_id IS NOT NULL) AND {_OWN} ORDER BY i.id
"""
_SUMS: Final = f"""
SELECT d.id, o.reference, o.goods, d.accepted, count(i.id) AS present FROM stock_delivery d
JOIN stock_order o ON o.id = d.order_id LEFT JOIN stock_item i ON i.delivery_id = d.id
WHERE {OWN_ORDERS}
GROUP BY d.id, o.reference, o.goods HAVING count(i.id) <> d.accepted ORDER BY d.id
"""
_GOODS: Final = f"""
SELECT i.goods, count(*) FILTER (WHERE i.delivery_id IS NULL) AS opening, count(i.delivery_id) AS delivered,
    count(*) AS present
FROM stock_item i JOIN stock_place p ON p.id = i.place_id WHERE {_OWN} GROUP BY i.goods
"""
_PLACES: Final = f"""
SELECT x.kind, x.place_id, p.code, p.name, x.goods, x.operator, x.variety, x.generation, x.used, x.number FROM (
    SELECT p.kind, CASE WHEN p.kind <> 'site' THEN p.id END AS place_id, i.goods, i.operator, i.variety, i.generation,
        i.used, count(*) AS number
    FROM stock_item i JOIN stock_place p ON p.id = i.place_id WHERE {_OWN}
    GROUP BY p.kind, CASE WHEN p.kind <> 'site' THEN p.id END, i.goods, i.operator, i.variety, i.generation, i.used
) x LEFT JOIN stock_place p ON p.id = x.place_id
ORDER BY array_position(ARRAY['supplier', 'warehouse', 'crew', 'site', 'repair', 'scrap', 'lost'], x.kind),
    p.name, x.goods, x.operator, x.variety, x.generation, x.used
"""


async def replayed(tx: Tx, scope: Scope) -> list[DictRow]:
    """Items that are not where their last movement took them."""
    return await fetch_all(tx, _REPLAY, scope.params())


async def broken_chains(tx: Tx, scope: Scope) -> list[DictRow]:
    """Movements that begin elsewhere than the one before ended."""
    return await fetch_all(tx, _CHAIN, scope.params())


async def strange_origins(tx: Tx, scope: Scope) -> list[DictRow]:
    """Items whose first movement does not tell where they came from."""
    return await fetch_all(tx, _ORIGIN, scope.params())


async def wrong_sums(tx: Tx, scope: Scope) -> list[DictRow]:
    """Deliveries of which not as many items are in places as were accepted."""
    return await fetch_all(tx, _SUMS, scope.params())


async def goods(tx: Tx, scope: Scope) -> dict[str, DictRow]:
    """What came in and is there, by goods."""
    return {row["goods"]: row for row in await fetch_all(tx, _GOODS, scope.params())}


async def place_totals(tx: Tx, scope: Scope) -> list[DictRow]:
    """How many items of each sort are in each place; sites are counted together."""
    return await fetch_all(tx, _PLACES, scope.params())


async def ordered(tx: Tx, scope: Scope) -> dict[str, int]:
    """How many were ordered, by goods."""
    text = f"SELECT o.goods, sum(o.number)::bigint AS number FROM stock_order o WHERE {OWN_ORDERS} GROUP BY o.goods"
    rows = await fetch_all(tx, text, scope.params())
    return {row["goods"]: row["number"] for row in rows}


async def sizes(tx: Tx, scope: Scope) -> dict[str, Any]:
    """How many items and movements there are."""
    own = f"FROM stock_item i JOIN stock_place p ON p.id = i.place_id WHERE {_OWN}"
    text = f"""SELECT (SELECT count(*) {own}) AS items,
        (SELECT count(*) FROM stock_movement m WHERE m.item_id IN (SELECT i.id {own})) AS movements"""
    return dict(await fetch_one(tx, text, scope.params()) or {})


async def every(tx: Tx, scope: Scope, kind: Goods, *, after: int, limit: int) -> Sequence[Item]:
    """Items of some goods in the order of their ids, behind one."""
    text = f"""SELECT {COLUMNS} FROM stock_item i JOIN stock_place p ON p.id = i.place_id
        WHERE i.goods = %(goods)s AND i.id > %(after)s AND {_OWN} ORDER BY i.id LIMIT %(limit)s"""
    rows = await fetch_all(tx, text, {"goods": kind, "after": after, "limit": limit, **scope.params()})
    return [item_of(row) for row in rows]
