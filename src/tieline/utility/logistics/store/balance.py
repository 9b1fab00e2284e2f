"""What the balance compares: the ledger replayed, its chain, its first entries, the sums; and the inventory beside it.

The database does the comparing and tells what differs: of each sort the first so many (``listed``, one at the least),
every row with ``total``, how many there are in all.
"""

from typing import Any, Final

from psycopg.rows import DictRow

from tieline.platform.db import Tx, fetch_all, fetch_one
from tieline.platform.scope import Scope, within
from tieline.utility.logistics.model import Goods
from tieline.utility.logistics.policy import AGREES
from tieline.utility.logistics.store.ledger import COLUMNS, OWN_ITEMS
from tieline.utility.logistics.store.orders import OWN_ORDERS
from tieline.utility.logistics.store.places import OWN_PLACES

_OWN: Final = f"{OWN_ITEMS} AND {OWN_PLACES}"
_TOTAL: Final = "count(*) OVER () AS total"
_FIRST: Final = "LIMIT greatest(%(listed)s, 1)"

_REPLAY: Final = f"""
SELECT i.goods, i.serial, p.name AS has, q.name AS ledger, {_TOTAL}
FROM stock_item i JOIN stock_place p ON p.id = i.place_id
LEFT JOIN LATERAL (SELECT m.to_place FROM stock_movement m WHERE m.item_id = i.id ORDER BY m.id DESC LIMIT 1) m ON true
LEFT JOIN stock_place q ON q.id = m.to_place
WHERE m.to_place IS DISTINCT FROM i.place_id AND {_OWN} ORDER BY i.id {_FIRST}
"""
_CHAIN: Final = f"""
SELECT i.goods, i.serial, x.id, b.name AS came_from, a.name AS was_in, {_TOTAL} FROM (
    SELECT m.id, m.item_id, m.from_place, lag(m.to_place) OVER w AS before, row_number() OVER w AS place
    FROM stock_movement m WINDOW w AS (PARTITION BY m.item_id ORDER BY m.id)
) x JOIN stock_item i ON i.id = x.item_id JOIN stock_place p ON p.id = i.place_id
LEFT JOIN stock_place b ON b.id = x.from_place LEFT JOIN stock_place a ON a.id = x.before
WHERE x.place > 1 AND x.from_place IS DISTINCT FROM x.before AND {_OWN} ORDER BY x.id {_FIRST}
"""
# The first movement of what was delivered comes from the supplier, that of what was taken up from nowhere.
_ORIGIN: Final = f"""
SELECT i.goods, i.serial, s.kind AS came_from, i.delivery_id, {_TOTAL} FROM stock_item i
JOIN stock_place p ON p.id = i.place_id
LEFT JOIN LATERAL (SELECT m.from_place FROM stock_movement m WHERE m.item_id = i.id ORDER BY m.id LIMIT 1) m ON true
LEFT JOIN stock_place s ON s.id = m.from_place
WHERE (s.kind IS NOT DISTINCT FROM 'supplier') <> (i.delivery_id IS NOT NULL) AND {_OWN} ORDER BY i.id {_FIRST}
"""
_SUMS: Final = f"""
SELECT d.id, o.reference, o.goods, d.accepted, count(i.id) AS present, {_TOTAL} FROM stock_delivery d
JOIN stock_order o ON o.id = d.order_id LEFT JOIN stock_item i ON i.delivery_id = d.id
WHERE {OWN_ORDERS}
GROUP BY d.id, o.reference, o.goods HAVING count(i.id) <> d.accepted ORDER BY d.id {_FIRST}
"""
_CARDS: Final = f"""(SELECT c.id, c.iccid, c.stock_state FROM card c JOIN operator o ON o.id = c.operator_id
    WHERE {within(operator="o.code")}) c"""
_DEVICES: Final = f"""(SELECT d.id, d.external_id, d.site_id FROM device d LEFT JOIN site t ON t.id = d.site_id
    WHERE d.site_id IS NULL OR {within("t.region")}) d"""
# What policy.card_disagrees and policy.device_disagrees say of each item, without the words.
_AGAINST: Final = {
    Goods.CARD: f"""
SELECT {COLUMNS}, {_TOTAL} FROM stock_item i JOIN stock_place p ON p.id = i.place_id
LEFT JOIN {_CARDS} ON c.iccid = i.serial
LEFT JOIN link l ON l.card_id = c.id AND l.valid_to IS NULL
WHERE i.goods = 'card' AND {_OWN} AND (c.id IS NULL
    OR (p.kind, c.stock_state) NOT IN (SELECT * FROM unnest(%(kinds)s::text[], %(states)s::text[]))
    OR p.kind <> 'lost' AND l.site_id IS NOT NULL AND l.site_id IS DISTINCT FROM p.site_id)
ORDER BY i.id {_FIRST}
""",
    Goods.ROUTER: f"""
SELECT {COLUMNS}, {_TOTAL} FROM stock_item i JOIN stock_place p ON p.id = i.place_id
LEFT JOIN {_DEVICES} ON d.external_id = i.serial
WHERE i.goods = 'router' AND {_OWN} AND (d.id IS NULL OR CASE p.kind WHEN 'lost' THEN FALSE
    WHEN 'site' THEN d.site_id IS DISTINCT FROM p.site_id ELSE d.site_id IS NOT NULL END)
ORDER BY i.id {_FIRST}
""",
}
_UNTRACKED: Final = f"""
SELECT (SELECT count(*) FROM {_CARDS}
        WHERE NOT EXISTS (SELECT FROM stock_item i WHERE i.goods = 'card' AND i.thing_id = c.id)) AS card,
    (SELECT count(*) FROM {_DEVICES}
        WHERE NOT EXISTS (SELECT FROM stock_item i WHERE i.goods = 'router' AND i.thing_id = d.id)) AS router
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


async def replayed(tx: Tx, scope: Scope, *, listed: int) -> list[DictRow]:
    """Items that are not where their last movement took them."""
    return await fetch_all(tx, _REPLAY, {**scope.params(), "listed": listed})


async def broken_chains(tx: Tx, scope: Scope, *, listed: int) -> list[DictRow]:
    """Movements that begin elsewhere than the one before ended."""
    return await fetch_all(tx, _CHAIN, {**scope.params(), "listed": listed})


async def strange_origins(tx: Tx, scope: Scope, *, listed: int) -> list[DictRow]:
    """Items whose first movement does not tell where they came from."""
    return await fetch_all(tx, _ORIGIN, {**scope.params(), "listed": listed})


async def wrong_sums(tx: Tx, scope: Scope, *, listed: int) -> list[DictRow]:
    """Deliveries of which not as many items are in places as were accepted."""
    return await fetch_all(tx, _SUMS, {**scope.params(), "listed": listed})


async def disagreeing(tx: Tx, scope: Scope, kind: Goods, *, listed: int) -> list[DictRow]:
    """Items of which the inventory says something else than their place, in the columns of the ledger."""
    pairs = [(place.value, state.value) for place, states in AGREES.items() for state in states]
    bound = {"kinds": [place for place, _ in pairs], "states": [state for _, state in pairs], "listed": listed}
    return await fetch_all(tx, _AGAINST[kind], {**scope.params(), **bound})


async def untracked(tx: Tx, scope: Scope) -> dict[str, int]:
    """How much the inventory has and the ledger does not, by goods."""
    found = await fetch_one(tx, _UNTRACKED, scope.params()) or {}
    return {name: number for name, number in found.items() if number}


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
