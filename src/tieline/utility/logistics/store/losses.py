"""Losses, and the changes that block their cards."""

from collections.abc import Sequence
from typing import Any

from psycopg.rows import DictRow

from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value
from tieline.platform.scope import Scope
from tieline.utility.logistics.store.ledger import OWN_ITEMS

_LOSS = "l.id, l.batch_id, l.change_id, l.stolen, l.why, l.actor, l.user_id, l.operators, l.state, l.state_why, l.at"


async def add(tx: Tx, scope: Scope, values: dict[str, Any]) -> int:
    """Enter a loss."""
    text = """
        INSERT INTO stock_loss (batch_id, change_id, stolen, why, actor, user_id, operators, state, at)
        VALUES (%(batch_id)s, %(change_id)s, %(stolen)s, %(why)s, %(actor)s, %(user_id)s, %(operators)s, %(state)s,
            now())
        RETURNING id"""
    operators = None if scope.operators is None else sorted(scope.operators)
    bound = {**values, "actor": scope.actor, "user_id": scope.user_id, "operators": operators}
    found: int = await fetch_value(tx, text, bound)
    return found


async def of_change(tx: Tx, change_id: int) -> DictRow | None:
    """The loss that a change blocks the cards of, locked."""
    text = f"SELECT {_LOSS} FROM stock_loss l WHERE l.change_id = %(id)s FOR UPDATE"
    return await fetch_one(tx, text, {"id": change_id})


async def running(tx: Tx) -> list[DictRow]:
    """The losses whose cards are being blocked, locked."""
    return await fetch_all(tx, f"SELECT {_LOSS} FROM stock_loss l WHERE l.state = 'running' ORDER BY l.id FOR UPDATE")


async def of_item(tx: Tx, item_id: int) -> DictRow | None:
    """The last loss of an item."""
    text = f"""
        SELECT {_LOSS} FROM stock_loss l JOIN stock_movement m ON m.batch_id = l.batch_id
        WHERE m.item_id = %(item)s ORDER BY l.id DESC LIMIT 1"""
    return await fetch_one(tx, text, {"item": item_id})


async def serials(tx: Tx, batch_id: int) -> list[DictRow]:
    """What a loss was about: goods and serials."""
    text = """SELECT DISTINCT i.goods, i.serial FROM stock_movement m JOIN stock_item i ON i.id = m.item_id
        WHERE m.batch_id = %(batch)s ORDER BY i.goods, i.serial"""
    return await fetch_all(tx, text, {"batch": batch_id})


async def set_state(tx: Tx, loss_id: int, state: str, why: str = "") -> None:
    """How far the blocking is."""
    text = "UPDATE stock_loss SET state = %(state)s, state_why = %(why)s WHERE id = %(id)s"
    await execute(tx, text, {"id": loss_id, "state": state, "why": why[:500]})


async def page(tx: Tx, scope: Scope, *, states: Sequence[str], before: int, limit: int) -> list[DictRow]:
    """Losses of goods that the scope sees, the newest first, each with what was lost."""
    text = f"""
        SELECT {_LOSS}, x.goods, x.serials, x.items FROM stock_loss l
        JOIN LATERAL (
            SELECT count(*) AS items, min(i.goods) AS goods, (array_agg(i.serial ORDER BY i.goods DESC, i.serial))[1:5]
                AS serials
            FROM stock_movement m JOIN stock_item i ON i.id = m.item_id
            WHERE m.batch_id = l.batch_id AND m.from_place IS NOT NULL AND {OWN_ITEMS}
        ) x ON x.items > 0
        WHERE l.id < %(before)s AND (%(states)s::text[] = '{{}}' OR l.state = ANY(%(states)s::text[]))
        ORDER BY l.id DESC LIMIT %(limit)s"""
    return await fetch_all(tx, text, {"states": list(states), "before": before, "limit": limit, **scope.params()})


async def one(tx: Tx, scope: Scope, loss_id: int) -> DictRow | None:
    """A loss of goods that the scope sees."""
    text = f"""
        SELECT {_LOSS} FROM stock_loss l WHERE l.id = %(id)s AND EXISTS (
            SELECT FROM stock_movement m JOIN stock_item i ON i.id = m.item_id
            WHERE m.batch_id = l.batch_id AND {OWN_ITEMS}) FOR UPDATE"""
    return await fetch_one(tx, text, {"id": loss_id, **scope.params()})


async def set_change(tx: Tx, scope: Scope, loss_id: int, change_id: int | None, state: str) -> None:
    """A loss gets another change to block its cards, on another person's word."""
    text = """UPDATE stock_loss SET change_id = %(change)s, state = %(state)s, state_why = '', actor = %(actor)s,
        user_id = %(user)s WHERE id = %(id)s"""
    bound = {"id": loss_id, "change": change_id, "state": state, "actor": scope.actor, "user": scope.user_id}
    await execute(tx, text, bound)
