"""Stocktakes and their differences."""

from collections.abc import Sequence
from typing import Any, Final

from psycopg.rows import DictRow

from tieline.platform.db import Tx, copy_in, execute, fetch_all, fetch_one, fetch_value
from tieline.platform.scope import Scope
from tieline.utility.logistics.store.ledger import OWN_ITEMS
from tieline.utility.logistics.store.places import OWN_PLACES

_COUNT: Final = """
SELECT c.id, c.place_id, p.name AS place_name, p.kind AS place_kind, c.goods, c.actor, c.at, c.listed, c.present,
    c.adjusted_at, c.adjusted_by, c.adjusted_why, d.missing, d.wrong_place, d.unexpected, d.unknown
FROM stock_count c JOIN stock_place p ON p.id = c.place_id
JOIN LATERAL (
    SELECT count(*) FILTER (WHERE verdict = 'missing') AS missing,
        count(*) FILTER (WHERE verdict = 'wrong_place') AS wrong_place,
        count(*) FILTER (WHERE verdict = 'unexpected') AS unexpected,
        count(*) FILTER (WHERE verdict = 'unknown') AS unknown
    FROM stock_count_difference d WHERE d.count_id = c.id
) d ON true
"""


async def add(tx: Tx, scope: Scope, values: dict[str, Any], differences: Sequence[tuple[Any, ...]]) -> int:
    """Enter a stocktake; each difference is (serial, verdict, item id, place id)."""
    text = """INSERT INTO stock_count (place_id, goods, actor, at, listed, present)
        VALUES (%(place_id)s, %(goods)s, %(actor)s, now(), %(listed)s, %(present)s) RETURNING id"""
    made: int = await fetch_value(tx, text, {**values, "actor": scope.actor})
    rows = ((made, *one) for one in differences)
    await copy_in(tx, "stock_count_difference (count_id, serial, verdict, item_id, place_id)", rows)
    return made


async def one(tx: Tx, scope: Scope, count_id: int, *, lock: bool = False) -> DictRow | None:
    """A stocktake with its sums; locked against another adjustment if asked."""
    if lock:
        await execute(tx, "SELECT id FROM stock_count WHERE id = %(id)s FOR UPDATE", {"id": count_id})
    return await fetch_one(tx, f"{_COUNT} WHERE c.id = %(id)s AND {OWN_PLACES}", {"id": count_id, **scope.params()})


async def page(tx: Tx, scope: Scope, *, before: int, limit: int) -> list[DictRow]:
    """Stocktakes, the newest first."""
    text = f"{_COUNT} WHERE c.id < %(before)s AND {OWN_PLACES} ORDER BY c.id DESC LIMIT %(limit)s"
    return await fetch_all(tx, text, {"before": before, "limit": limit, **scope.params()})


async def differences(
    tx: Tx, count_id: int, *, verdicts: Sequence[str] = (), after: int = 0, limit: int | None = None
) -> list[DictRow]:
    """What a stocktake found otherwise than the ledger has it."""
    text = """
        SELECT d.id, d.serial, d.verdict, d.item_id, d.place_id, p.name AS place_name, d.outcome
        FROM stock_count_difference d LEFT JOIN stock_place p ON p.id = d.place_id
        WHERE d.count_id = %(count)s AND d.id > %(after)s
            AND (%(verdicts)s::text[] = '{}' OR d.verdict = ANY(%(verdicts)s::text[]))
        ORDER BY d.id LIMIT %(limit)s"""
    return await fetch_all(tx, text, {"count": count_id, "verdicts": list(verdicts), "after": after, "limit": limit})


async def set_outcomes(tx: Tx, count_id: int, outcomes: dict[str, str]) -> None:
    """What the adjustment did about each serial."""
    text = """UPDATE stock_count_difference d SET outcome = w.outcome
        FROM unnest(%(serials)s::text[], %(outcomes)s::text[]) AS w(serial, outcome)
        WHERE d.count_id = %(count)s AND d.serial = w.serial"""
    bound = {"count": count_id, "serials": list(outcomes), "outcomes": list(outcomes.values())}
    await execute(tx, text, bound)


async def set_adjusted(tx: Tx, scope: Scope, count_id: int, why: str) -> None:
    """A stocktake was acted on."""
    text = """UPDATE stock_count SET adjusted_at = now(), adjusted_by = %(actor)s, adjusted_why = %(why)s
        WHERE id = %(id)s"""
    await execute(tx, text, {"id": count_id, "actor": scope.actor, "why": why})


async def serials_in(tx: Tx, scope: Scope, place_id: int, goods: str) -> dict[str, int]:
    """What the ledger has in a place: serial → item."""
    text = f"""SELECT i.serial, i.id FROM stock_item i
        WHERE i.place_id = %(place)s AND i.goods = %(goods)s AND {OWN_ITEMS} ORDER BY i.serial"""
    rows = await fetch_all(tx, text, {"place": place_id, "goods": goods, **scope.params()})
    return {row["serial"]: row["id"] for row in rows}
