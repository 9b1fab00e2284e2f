"""Looking at goods: lists, one with its life, what happened lately."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tieline.platform.db import Tx
from tieline.platform.errors import NotFound
from tieline.platform.paging import MAX_PAGE, Page, decode_key, page_of
from tieline.platform.scope import Permission, Scope
from tieline.utility.inventory import Kind, Thing, TimelineEvent
from tieline.utility.logistics.model import Goods, Item
from tieline.utility.logistics.service.authority import require_sight
from tieline.utility.logistics.store import lists
from tieline.utility.logistics.store.lists import ItemFilter

_MOST_OF_A_LIFE = 500
_GOODS = {Kind.CARD: Goods.CARD, Kind.DEVICE: Goods.ROUTER}
LANE = "stock"


async def page(tx: Tx, scope: Scope, wanted: ItemFilter, *, cursor: str | None = None, limit: int = 100) -> Page[Item]:
    """Items that fit a filter, in the order in which they were taken up."""
    require_sight(scope)
    after = decode_key(cursor, int)[0] if cursor else 0
    limit = max(1, min(limit, MAX_PAGE))
    rows = await lists.page(tx, scope, wanted, after=after, limit=limit + 1)
    return page_of(rows, limit, lambda row: (row.id,))


async def count(tx: Tx, scope: Scope, wanted: ItemFilter) -> int:
    """How many items fit a filter."""
    require_sight(scope)
    return await lists.count(tx, scope, wanted)


async def one(tx: Tx, scope: Scope, item_id: int) -> Item:
    """An item. Raises ``NotFound``."""
    require_sight(scope)
    found = await lists.one(tx, scope, item_id)
    if found is None:
        raise NotFound(f"There is no item {item_id}, or none that you may see.")
    return found


async def of_thing(tx: Tx, scope: Scope, goods: Goods, thing_id: int) -> Item | None:
    """The item that a card or a device of the inventory is, if the ledger has it."""
    require_sight(scope)
    return await lists.by_thing(tx, scope, goods, thing_id)


async def life(tx: Tx, scope: Scope, item_id: int) -> list[dict[str, Any]]:
    """Every movement of an item, the newest first: from where to where, by whom, why, for which work order."""
    await one(tx, scope, item_id)
    return [dict(row) for row in await lists.life(tx, [item_id], limit=_MOST_OF_A_LIFE)]


async def recent(tx: Tx, scope: Scope, *, limit: int = 10) -> list[dict[str, Any]]:
    """The latest acts that moved something."""
    require_sight(scope)
    return [dict(row) for row in await lists.recent(tx, scope, limit=limit)]


async def lane(tx: Tx, scope: Scope, thing: Thing, before: datetime, limit: int) -> Sequence[TimelineEvent]:
    """The lane of a timeline: where a card or device went, and what came to a site and left it."""
    if not scope.may(Permission.INVENTORY_READ):
        return []
    if thing.kind is Kind.SITE:
        rows = await lists.at_site(tx, scope, thing.id, before=before, limit=limit)
        return [_event(row, f"{row['act'].capitalize()}: {row['goods']} {row['serial']}") for row in rows]
    goods = _GOODS.get(thing.kind)
    item = await lists.by_thing(tx, scope, goods, thing.id) if goods else None
    if item is None:
        return []
    rows = [row for row in await lists.life(tx, [item.id], limit=_MOST_OF_A_LIFE) if row["at"] < before]
    return [
        _event(row, f"{row['act'].capitalize()}: {row['from_name'] or 'taken up'} → {row['to_name']}")
        for row in rows[:limit]
    ]


def _event(row: Mapping[str, Any], title: str) -> TimelineEvent:
    told = {name: row[name] for name in ("reason", "reference", "irregular", "state_before", "state_after")}
    return TimelineEvent(LANE, row["at"], title, row["actor"], told, f"/stock/items/{row['item_id']}")
