"""Cards in stock: taken for a purpose, named by a key, and given back."""

from collections.abc import Sequence

from psycopg.rows import class_row

from tieline.platform.db import Tx, execute, sql
from tieline.platform.scope import Scope, within
from tieline.utility.inventory.model import StockCard, StockState

_TAKEN = """
SELECT c.reserved_key AS key, c.id AS card_id, c.iccid, c.kind AS card_kind, s.id AS subscription_id, s.operator_ref,
    s.generation, s.version
FROM card c
JOIN card_subscription cs ON cs.card_id = c.id AND cs.valid_to IS NULL
JOIN subscription s ON s.id = cs.subscription_id
JOIN operator o ON o.id = c.operator_id
"""

# SKIP LOCKED: two that take at the same time take different cards and do not wait for one another.
_TAKE = f"""
WITH want AS (
    SELECT key, row_number() OVER (ORDER BY place) AS place
    FROM unnest(%(keys)s::text[]) WITH ORDINALITY AS w(key, place)
), free AS MATERIALIZED (
    SELECT c.id FROM card c
    JOIN card_subscription cs ON cs.card_id = c.id AND cs.valid_to IS NULL
    JOIN subscription s ON s.id = cs.subscription_id
    JOIN operator o ON o.id = c.operator_id
    WHERE o.code = %(operator)s AND {within(operator="o.code")} AND c.stock_state = 'in_stock'
        AND s.state = 'INVENTORY' AND s.site_id IS NULL AND s.generation >= %(generation)s
        AND (%(card_kind)s::text IS NULL OR c.kind = %(card_kind)s)
    ORDER BY s.generation, c.id LIMIT cardinality(%(keys)s::text[])
    FOR UPDATE OF c SKIP LOCKED
), paired AS (
    SELECT f.id, w.key FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM free) f JOIN want w USING (place)
), taken AS (
    UPDATE card c SET stock_state = 'reserved', reserved_key = p.key, reserved_change_id = %(change_id)s
    FROM paired p WHERE c.id = p.id RETURNING c.id, c.reserved_key
)
INSERT INTO history (thing, thing_id, actor, reason, change_id, before, after)
SELECT 'card', id, %(actor)s, 'taken from stock', %(change_id)s, '{{"stock_state": "in_stock"}}',
    jsonb_build_object('stock_state', 'reserved', 'reserved_key', reserved_key)
FROM taken
"""

_MOVE = f"""
WITH before AS MATERIALIZED (
    SELECT c.id, c.stock_state, c.reserved_key FROM card c
    JOIN operator o ON o.id = c.operator_id
    WHERE c.reserved_key = ANY(%(keys)s::text[]) AND c.stock_state = ANY(%(from_states)s::text[])
        AND {within(operator="o.code")}
    ORDER BY c.id FOR UPDATE OF c
), moved AS (
    UPDATE card c SET stock_state = %(to_state)s,
        reserved_key = CASE WHEN %(to_state)s = 'in_stock' THEN NULL ELSE c.reserved_key END,
        reserved_change_id = CASE WHEN %(to_state)s = 'in_stock' THEN NULL ELSE c.reserved_change_id END
    FROM before b WHERE c.id = b.id RETURNING c.id, c.stock_state, c.reserved_key
)
INSERT INTO history (thing, thing_id, actor, reason, change_id, before, after)
SELECT 'card', b.id, %(actor)s, %(reason)s, %(change_id)s,
    jsonb_build_object('stock_state', b.stock_state, 'reserved_key', b.reserved_key),
    jsonb_build_object('stock_state', m.stock_state, 'reserved_key', m.reserved_key)
FROM before b JOIN moved m ON m.id = b.id
"""


async def taken(tx: Tx, scope: Scope, keys: Sequence[str]) -> dict[str, StockCard]:
    """The cards already taken for some keys."""
    text = f"{_TAKEN} WHERE c.reserved_key = ANY(%(keys)s::text[]) AND {within(operator='o.code')}"
    async with tx.cursor(row_factory=class_row(StockCard)) as cursor:
        await cursor.execute(sql(text), {"keys": list(keys), **scope.params()})
        return {card.key: card for card in await cursor.fetchall()}


async def take(
    tx: Tx,
    scope: Scope,
    operator: str,
    keys: Sequence[str],
    *,
    generation: str,
    card_kind: str | None,
    change_id: int | None,
) -> int:
    """Take a card for each key as far as there are any; returns how many. The least that will do is taken first."""
    return await execute(
        tx,
        _TAKE,
        {
            "operator": operator,
            "keys": list(keys),
            "generation": generation,
            "card_kind": card_kind,
            "change_id": change_id,
            "actor": scope.actor,
            **scope.params(),
        },
    )


async def move(
    tx: Tx,
    scope: Scope,
    keys: Sequence[str],
    *,
    from_states: Sequence[StockState],
    to_state: StockState,
    reason: str,
    change_id: int | None,
) -> int:
    """Move the cards taken for some keys to another state; returns how many were in one of ``from_states``."""
    return await execute(
        tx,
        _MOVE,
        {
            "keys": list(keys),
            "from_states": list(from_states),
            "to_state": to_state,
            "reason": reason,
            "change_id": change_id,
            "actor": scope.actor,
            **scope.params(),
        },
    )
