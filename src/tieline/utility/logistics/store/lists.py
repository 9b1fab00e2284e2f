"""Items listed, the life of one, and what is in stock by sort."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg.rows import DictRow

from tieline.platform.db import Tx, fetch_all, fetch_one, fetch_value
from tieline.platform.scope import Scope
from tieline.utility.logistics.model import Item
from tieline.utility.logistics.store.ledger import COLUMNS, OWN_ITEMS, item_of
from tieline.utility.logistics.store.places import OWN_PLACES

_FROM: Final = "FROM stock_item i JOIN stock_place p ON p.id = i.place_id"
_MIN_END: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFilter:
    """Which items: within a field the values are alternatives; the fields all have to hold.

    ``q`` is the beginning or end of a serial, or words of a place's name. ``irregular``: something about how it moved
    was out of order.
    """

    goods: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    place_ids: tuple[int, ...] = ()
    operators: tuple[str, ...] = ()
    varieties: tuple[str, ...] = ()
    generations: tuple[str, ...] = ()
    used: bool | None = None
    irregular: bool | None = None
    delivery_id: int | None = None
    q: str = ""


def _where(wanted: ItemFilter, scope: Scope) -> tuple[str, dict[str, Any]]:
    parts = [OWN_ITEMS, OWN_PLACES]
    bound: dict[str, Any] = dict(scope.params())
    lists: dict[str, Sequence[str]] = {
        "i.goods": wanted.goods,
        "p.kind": wanted.kinds,
        "i.operator": wanted.operators,
        "i.variety": wanted.varieties,
        "i.generation": wanted.generations,
    }
    for column, values in lists.items():
        if values:
            name = column.replace(".", "_")
            parts.append(f"{column} = ANY(%({name})s::text[])")
            bound[name] = list(values)
    if wanted.place_ids:
        parts.append("i.place_id = ANY(%(place_ids)s::bigint[])")
        bound["place_ids"] = list(wanted.place_ids)
    if wanted.used is not None:
        parts.append("i.used = %(used)s")
        bound["used"] = wanted.used
    if wanted.delivery_id is not None:
        parts.append("i.delivery_id = %(delivery_id)s")
        bound["delivery_id"] = wanted.delivery_id
    if wanted.irregular is not None:
        has = "EXISTS (SELECT FROM stock_movement m WHERE m.item_id = i.id AND m.irregular <> '')"
        parts.append(has if wanted.irregular else f"NOT {has}")
    if wanted.q.strip():
        _words(wanted.q.strip(), parts, bound)
    return f"WHERE {' AND '.join(parts)}", bound


def _words(text: str, parts: list[str], bound: dict[str, Any]) -> None:
    code = "".join(text.split())
    ways = ["i.serial >= %(q)s AND i.serial < %(q)s || %(end)s", "strpos(lower(p.name), lower(%(words)s)) > 0"]
    if len(code) >= _MIN_END:
        ways.append("reverse(i.serial) >= reverse(%(q)s) AND reverse(i.serial) < reverse(%(q)s) || %(end)s")
    parts.append(f"({' OR '.join(f'({way})' for way in ways)})")
    bound |= {"q": code, "words": text, "end": "\U0010ffff"}


async def page(tx: Tx, scope: Scope, wanted: ItemFilter, *, after: int, limit: int) -> list[Item]:
    """Items in the order of their ids, behind one."""
    where, bound = _where(wanted, scope)
    text = f"SELECT {COLUMNS} {_FROM} {where} AND i.id > %(after)s ORDER BY i.id LIMIT %(limit)s"
    return [item_of(row) for row in await fetch_all(tx, text, {**bound, "after": after, "limit": limit})]


async def count(tx: Tx, scope: Scope, wanted: ItemFilter) -> int:
    """How many items fit."""
    where, bound = _where(wanted, scope)
    return int(await fetch_value(tx, f"SELECT count(*) {_FROM} {where}", bound))


async def one(tx: Tx, scope: Scope, item_id: int) -> Item | None:
    """An item."""
    text = f"SELECT {COLUMNS} {_FROM} WHERE i.id = %(id)s AND {OWN_ITEMS} AND {OWN_PLACES}"
    row = await fetch_one(tx, text, {"id": item_id, **scope.params()})
    return item_of(row) if row else None


_MOVEMENTS: Final = """
SELECT m.id, m.item_id, i.goods, i.serial, m.at, b.act, b.actor, b.reference, b.id AS batch_id, m.irregular,
    coalesce(nullif(m.reason, ''), b.reason) AS reason, m.state_before, m.state_after, f.name AS from_name,
    f.kind AS from_kind, t.name AS to_name, t.kind AS to_kind, t.site_id AS to_site_id, t.id AS to_place_id,
    f.id AS from_place_id
FROM stock_movement m JOIN stock_batch b ON b.id = m.batch_id JOIN stock_item i ON i.id = m.item_id
LEFT JOIN stock_place f ON f.id = m.from_place JOIN stock_place t ON t.id = m.to_place
"""


async def life(tx: Tx, item_ids: Sequence[int], *, limit: int) -> list[DictRow]:
    """The movements of some items, the newest first, with who did it and why."""
    text = f"{_MOVEMENTS} WHERE m.item_id = ANY(%(ids)s::bigint[]) ORDER BY m.id DESC LIMIT %(limit)s"
    return await fetch_all(tx, text, {"ids": list(item_ids), "limit": limit})


async def at_site(tx: Tx, scope: Scope, site_id: int, *, before: datetime, limit: int) -> list[DictRow]:
    """The movements to and from a site, the newest first; what the books opened with is left out."""
    text = f"""{_MOVEMENTS} WHERE (t.site_id = %(site)s OR f.site_id = %(site)s) AND m.from_place IS NOT NULL
        AND m.at < %(before)s AND {OWN_ITEMS} ORDER BY m.id DESC LIMIT %(limit)s"""
    return await fetch_all(tx, text, {"site": site_id, "before": before, "limit": limit, **scope.params()})


async def recent(tx: Tx, scope: Scope, *, limit: int) -> list[DictRow]:
    """The latest batches that moved something that the scope sees."""
    text = f"""
        SELECT b.id, b.act, b.actor, b.at, b.reason, b.reference, b.moved, jsonb_array_length(b.refused) AS refused
        FROM stock_batch b WHERE b.moved > 0 AND EXISTS (
            SELECT FROM stock_movement m JOIN stock_item i ON i.id = m.item_id JOIN stock_place p ON p.id = i.place_id
            WHERE m.batch_id = b.id AND {OWN_ITEMS} AND {OWN_PLACES})
        ORDER BY b.id DESC LIMIT %(limit)s"""
    return await fetch_all(tx, text, {"limit": limit, **scope.params()})


async def by_thing(tx: Tx, scope: Scope, goods: str, thing_id: int) -> Item | None:
    """The item that a card or a device of the inventory is."""
    text = f"""SELECT {COLUMNS} {_FROM} WHERE i.goods = %(goods)s AND i.thing_id = %(thing)s
        AND {OWN_ITEMS} AND {OWN_PLACES}"""
    row = await fetch_one(tx, text, {"goods": goods, "thing": thing_id, **scope.params()})
    return item_of(row) if row else None


async def usable(tx: Tx, scope: Scope) -> list[DictRow]:
    """What is in warehouses and with crews and never served, by sort."""
    text = f"""SELECT i.goods, coalesce(i.operator, '') AS operator, i.variety, i.generation, count(*) AS number
        {_FROM} WHERE p.kind IN ('warehouse', 'crew') AND NOT i.used AND {OWN_ITEMS} AND {OWN_PLACES}
        GROUP BY i.goods, i.operator, i.variety, i.generation"""
    return await fetch_all(tx, text, scope.params())
