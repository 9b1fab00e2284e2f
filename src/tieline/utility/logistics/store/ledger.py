"""The ledger: batches, items, movements. Movements are only ever added; an item is where its last one took it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, execute, fetch_all, fetch_value
from tieline.platform.scope import Scope, within
from tieline.utility.logistics.model import Goods, Item, Place
from tieline.utility.logistics.store.places import OWN_PLACES, place_of

OWN_ITEMS: Final = f"(i.operator IS NULL OR {within(operator='i.operator')})"
"""A router is no operator's."""
COLUMNS: Final = """i.id, i.goods, i.serial, i.thing_id, i.operator, i.variety, i.generation, i.since, i.used,
    i.delivery_id, p.id AS p_id, p.kind AS p_kind, p.code AS p_code, p.name AS p_name, p.region AS p_region,
    p.crew_id AS p_crew_id, p.site_id AS p_site_id"""

_WRITE: Final = """
WITH w AS (
    SELECT * FROM unnest(%(batches)s::bigint[], %(items)s::bigint[], %(froms)s::bigint[], %(tos)s::bigint[],
        %(before)s::text[], %(after)s::text[], %(reasons)s::text[], %(irregular)s::text[], %(used)s::boolean[])
        WITH ORDINALITY AS w(batch_id, item_id, from_place, to_place, before, after, reason, irregular, used, place)
), moved AS (
    UPDATE stock_item i SET place_id = w.to_place, since = now(), used = w.used
    FROM w WHERE i.id = w.item_id AND i.place_id = w.from_place RETURNING i.id
)
INSERT INTO stock_movement (batch_id, item_id, from_place, to_place, state_before, state_after, reason, irregular, at)
SELECT w.batch_id, w.item_id, w.from_place, w.to_place, w.before, w.after, w.reason, w.irregular, now()
FROM w JOIN moved m ON m.id = w.item_id ORDER BY w.place
"""

_ENTER: Final = """
WITH w AS (
    SELECT * FROM unnest(%(goods)s::text[], %(serials)s::text[], %(things)s::bigint[], %(operators)s::text[],
        %(varieties)s::text[], %(generations)s::text[], %(places)s::bigint[], %(used)s::boolean[], %(states)s::text[])
        AS w(goods, serial, thing_id, operator, variety, generation, place_id, used, state)
), entered AS (
    INSERT INTO stock_item (goods, serial, thing_id, operator, variety, generation, place_id, since, used, delivery_id)
    SELECT goods, serial, thing_id, operator, variety, generation, place_id, now(), used, %(delivery)s
    FROM w ORDER BY goods, serial
    ON CONFLICT DO NOTHING RETURNING id, goods, serial, place_id
)
INSERT INTO stock_movement (batch_id, item_id, from_place, to_place, state_before, state_after, reason, at)
SELECT %(batch)s, e.id, %(from)s, e.place_id, w.state, w.state, %(reason)s, now()
FROM entered e JOIN w ON w.goods = e.goods AND w.serial = e.serial ORDER BY e.id
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """An item that the ledger takes up, and where."""

    goods: Goods
    serial: str
    thing_id: int
    operator: str | None
    variety: str
    generation: str
    place_id: int
    used: bool
    state: str


@dataclass(frozen=True, slots=True)
class Step:
    """An item's movement: from where to where, and its card's stock state before and after."""

    item_id: int
    from_place: int
    to_place: int
    before: str
    after: str
    reason: str
    irregular: str
    used: bool


def item_of(row: DictRow, seen: dict[int, Place] | None = None) -> Item:
    """An item from a row of :data:`COLUMNS`; ``seen`` keeps places, of which many items share few."""
    place = seen.get(row["p_id"]) if seen else None
    if place is None:
        place = place_of(row, "p_")
        if seen is not None:
            seen[place.id] = place
    return Item(
        id=row["id"],
        goods=Goods(row["goods"]),
        serial=row["serial"],
        thing_id=row["thing_id"],
        operator=row["operator"],
        variety=row["variety"],
        generation=row["generation"],
        since=row["since"],
        used=row["used"],
        delivery_id=row["delivery_id"],
        place=place,
    )


async def begin(tx: Tx, scope: Scope, *, key: str, digest: str, act: str, reason: str, reference: str) -> int | None:
    """Begin a batch of movements under a key; None when the key was used before (whoever used it has committed)."""
    text = """
        INSERT INTO stock_batch (key, digest, act, actor, at, reason, reference)
        VALUES (%(key)s, %(digest)s, %(act)s, %(actor)s, now(), %(reason)s, %(reference)s)
        ON CONFLICT (key) DO NOTHING RETURNING id"""
    bound = {"key": key, "digest": digest, "act": act, "actor": scope.actor, "reason": reason, "reference": reference}
    found: int | None = await fetch_value(tx, text, bound)
    return found


async def finish(tx: Tx, batch_id: int, *, moved: int, already: int, refused: Sequence[dict[str, Any]]) -> None:
    """Keep what came of a batch, for whoever asks with its key again."""
    text = "UPDATE stock_batch SET moved = %(moved)s, already = %(already)s, refused = %(refused)s WHERE id = %(id)s"
    bound = {"id": batch_id, "moved": moved, "already": already, "refused": Jsonb(list(refused))}
    await execute(tx, text, bound)


@dataclass(frozen=True, slots=True)
class Record:
    """A batch of movements as it is kept."""

    key: str
    digest: str
    act: str
    reason: str
    reference: str
    moved: int
    already: int
    refused: Sequence[dict[str, Any]]


async def record(tx: Tx, scope: Scope, records: Sequence[Record]) -> dict[str, int]:
    """Keep whole batches; returns their numbers by key, without those whose key was used before."""
    if not records:
        return {}
    text = """
        INSERT INTO stock_batch (key, digest, act, actor, at, reason, reference, moved, already, refused)
        SELECT n.key, n.digest, n.act, %(actor)s, now(), n.reason, n.reference, n.moved, n.already, n.refused
        FROM unnest(%(key)s::text[], %(digest)s::text[], %(act)s::text[], %(reason)s::text[], %(reference)s::text[],
            %(moved)s::integer[], %(already)s::integer[], %(refused)s::jsonb[])
            AS n (key, digest, act, reason, reference, moved, already, refused)
        ORDER BY n.key ON CONFLICT (key) DO NOTHING RETURNING id, key"""
    names = ("key", "digest", "act", "reason", "reference", "moved", "already")
    bound: dict[str, Any] = {name: [getattr(one, name) for one in records] for name in names}
    bound |= {"refused": [Jsonb(list(one.refused)) for one in records], "actor": scope.actor}
    return {row["key"]: row["id"] for row in await fetch_all(tx, text, bound)}


@dataclass(frozen=True, slots=True)
class Made:
    """What came of a batch, for whoever asks with its key again."""

    id: int
    digest: str
    moved: int
    already: int
    refused: Sequence[dict[str, Any]]


async def batches_by_keys(tx: Tx, keys: Sequence[str]) -> dict[str, Made]:
    """Batches by their keys."""
    text = "SELECT id, key, digest, moved, already, refused FROM stock_batch WHERE key = ANY(%(keys)s::text[])"
    rows = await fetch_all(tx, text, {"keys": list(keys)})
    return {row.pop("key"): Made(**row) for row in rows}


_NAMED: Final = """(i.goods = 'card' AND i.serial = ANY(%(cards)s::text[])
    OR i.goods = 'router' AND i.serial = ANY(%(routers)s::text[]))"""


def _names(wanted: Iterable[tuple[Goods, str]]) -> dict[str, Any]:
    pairs = list(wanted)
    return {
        "cards": [serial for goods, serial in pairs if goods is Goods.CARD],
        "routers": [serial for goods, serial in pairs if goods is Goods.ROUTER],
    }


async def items(tx: Tx, scope: Scope, wanted: Iterable[tuple[Goods, str]]) -> dict[tuple[Goods, str], Item]:
    """Items by goods and serial, in the order of their ids."""
    text = f"""
        SELECT {COLUMNS} FROM stock_item i JOIN stock_place p ON p.id = i.place_id
        WHERE {_NAMED} AND {OWN_ITEMS} AND {OWN_PLACES} ORDER BY i.id"""
    seen: dict[int, Place] = {}
    found = [item_of(row, seen) for row in await fetch_all(tx, text, {**_names(wanted), **scope.params()})]
    return {(one.goods, one.serial): one for one in found}


async def lock_items(tx: Tx, scope: Scope, wanted: Iterable[tuple[Goods, str]]) -> dict[tuple[Goods, str], Item]:
    """Items as they stand once nobody else moves them, locked in the order of their ids.

    Locked first and read then: a row that waited for another movement would show its item anew, but not the place
    that belongs to it.
    """
    pairs = list(wanted)
    text = f"SELECT i.id FROM stock_item i WHERE {_NAMED} AND {OWN_ITEMS} ORDER BY i.id FOR UPDATE"
    await execute(tx, text, {**_names(pairs), **scope.params()})
    return await items(tx, scope, pairs)


async def enter(
    tx: Tx,
    entries: Sequence[Entry],
    *,
    batch_id: int,
    from_place: int | None,
    reason: str,
    delivery_id: int | None = None,
) -> int:
    """Take up items that the ledger does not have, each with its first movement; returns how many it had not."""
    bound = {
        "goods": [one.goods for one in entries],
        "serials": [one.serial for one in entries],
        "things": [one.thing_id for one in entries],
        "operators": [one.operator for one in entries],
        "varieties": [one.variety for one in entries],
        "generations": [one.generation for one in entries],
        "places": [one.place_id for one in entries],
        "used": [one.used for one in entries],
        "states": [one.state for one in entries],
        "batch": batch_id,
        "from": from_place,
        "reason": reason,
        "delivery": delivery_id,
    }
    return await execute(tx, _ENTER, bound)


async def write(tx: Tx, entered: Sequence[tuple[int, Step]]) -> int:
    """Move items, each once, and write each movement into the ledger, as part of its batch, in one statement."""
    steps = [step for _, step in entered]
    bound = {
        "batches": [batch_id for batch_id, _ in entered],
        "items": [one.item_id for one in steps],
        "froms": [one.from_place for one in steps],
        "tos": [one.to_place for one in steps],
        "before": [one.before for one in steps],
        "after": [one.after for one in steps],
        "reasons": [one.reason for one in steps],
        "irregular": [one.irregular for one in steps],
        "used": [one.used for one in steps],
    }
    return await execute(tx, _WRITE, bound)


async def known_things(tx: Tx, goods: Goods) -> set[int]:
    """The inventory's ids of all items of some goods that the ledger has."""
    rows = await fetch_all(tx, "SELECT thing_id FROM stock_item WHERE goods = %(goods)s", {"goods": goods})
    return {row["thing_id"] for row in rows}


async def now(tx: Tx) -> datetime:
    """The moment of the transaction, with which its movements are dated."""
    found: datetime = await fetch_value(tx, "SELECT now() AS now")
    return found
