"""The balance: the ledger against itself, against what was delivered, and against the inventory's own states."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from psycopg.rows import DictRow

from tieline.platform import audit
from tieline.platform.db import Tx
from tieline.platform.scope import Permission, Scope
from tieline.utility import inventory
from tieline.utility.logistics import policy
from tieline.utility.logistics.model import (
    Balance,
    Difference,
    DifferenceKind,
    Goods,
    GoodsTotal,
    Moved,
    Place,
    PlaceKind,
    PlaceTotal,
)
from tieline.utility.logistics.service import placing
from tieline.utility.logistics.service.authority import keeping, require_sight
from tieline.utility.logistics.service.moving import check_key, take_up
from tieline.utility.logistics.store import balance as store
from tieline.utility.logistics.store import ledger

MOST_LISTED = 1000
_CHUNK = 20_000
_PART = 1000
K = DifferenceKind
F = TypeVar("F")


async def balance(tx: Tx, scope: Scope, *, listed: int = MOST_LISTED) -> Balance:
    """Whether every item is in exactly one place, and all agree on which; read it in a snapshot.

    Each difference names its item; ``listed`` of them are told, all are counted.
    """
    require_sight(scope)
    found = [*await _within(tx, scope, listed), *await _against(tx, scope, listed)]
    goods, sizes = await store.goods(tx, scope), await store.sizes(tx, scope)
    ordered = await store.ordered(tx, scope)
    totals = [
        GoodsTotal(one, ordered.get(one, 0), *(goods[one][name] for name in ("opening", "delivered", "present")))
        if one in goods
        else GoodsTotal(one, ordered.get(one, 0), 0, 0, 0)
        for one in Goods
    ]
    count = sum(number for number, _ in found)
    return Balance(
        ok=not count,
        places=await place_totals(tx, scope),
        differences=[one for _, told in found for one in told][:listed],
        difference_count=count,
        goods=totals,
        untracked=await store.untracked(tx, scope),
        items=sizes["items"],
        movements=sizes["movements"],
    )


async def place_totals(tx: Tx, scope: Scope) -> list[PlaceTotal]:
    """How many items of each sort are in each place; sites are counted together."""
    require_sight(scope)
    return [
        PlaceTotal(
            **{**row, "kind": PlaceKind(row["kind"]), "goods": Goods(row["goods"])}
            | ({"code": "SITES", "name": "Fitted at sites"} if row["place_id"] is None else {})
        )
        for row in await store.place_totals(tx, scope)
    ]


async def take_in(tx: Tx, scope: Scope, *, warehouse_id: int, key: str) -> Moved:
    """Take up everything that the inventory has and the ledger does not: the opening of the books.

    What is fitted is taken up at its site, what is not in the warehouse. Later deliveries are the ledger's own.
    """
    scope.require(Permission.STOCK_WRITE)
    await placing.stocked(tx, scope, warehouse_id)
    check_key(key)
    batch_id = await ledger.begin(
        tx,
        scope,
        key=key,
        digest=f"take-in:{warehouse_id}",
        act="taken in",
        reason="opening of the books",
        reference="",
    )
    if batch_id is None:
        made = (await ledger.batches_by_keys(tx, [key]))[key]
        return Moved(0, made.moved, (), made.id)
    own = keeping(scope)
    known = {goods: await ledger.known_things(tx, goods) for goods in Goods}
    cards = [one for one in (await inventory.card_facts(tx, own)).values() if one.id not in known[Goods.CARD]]
    devices = [one for one in (await inventory.device_facts(tx, own)).values() if one.id not in known[Goods.ROUTER]]
    count = 0
    for start in range(0, len(cards), _CHUNK):
        part = cards[start : start + _CHUNK]
        count += await take_up(tx, scope, part, [], batch_id=batch_id, place_id=warehouse_id)
    for start in range(0, len(devices), _CHUNK):
        part_of = devices[start : start + _CHUNK]
        count += await take_up(tx, scope, [], part_of, batch_id=batch_id, place_id=warehouse_id)
    await ledger.finish(tx, batch_id, moved=count, already=0, refused=[])
    await audit.append(tx, scope, audit.Entry("stock.taken-in", f"stock-batch:{batch_id}", {"items": count}))
    return Moved(count, 0, (), batch_id)


_Found = tuple[int, list[Difference]]
"""How many of a sort there are, and the first of them."""


def _told(rows: Sequence[DictRow], tell: Callable[[DictRow], Difference]) -> _Found:
    return rows[0]["total"] if rows else 0, [tell(row) for row in rows]


async def _within(tx: Tx, scope: Scope, listed: int) -> list[_Found]:
    """The ledger against itself."""
    return [
        _told(await store.replayed(tx, scope, listed=listed), lambda row: Difference(
            K.REPLAY, row["goods"], row["serial"], "It is not where its last movement took it.",
            row["ledger"] or "nowhere", row["has"])),
        _told(await store.broken_chains(tx, scope, listed=listed), lambda row: Difference(
            K.CHAIN, row["goods"], row["serial"], f"Movement {row['id']} begins elsewhere than the last ended.",
            row["was_in"] or "nowhere", row["came_from"] or "nowhere")),
        _told(await store.strange_origins(tx, scope, listed=listed), lambda row: Difference(
            K.ORIGIN, row["goods"], row["serial"], "Its first movement does not fit how it came in.",
            "a delivery" if row["delivery_id"] else "taken up", row["came_from"] or "nowhere")),
        _told(await store.wrong_sums(tx, scope, listed=listed), lambda row: Difference(
            K.SUM, row["goods"], f"delivery {row['id']}", f"Order {row['reference']}: not as many as accepted.",
            str(row["accepted"]), str(row["present"]))),
    ]  # fmt: skip


async def _against(tx: Tx, scope: Scope, listed: int) -> list[_Found]:
    """The ledger against the inventory."""
    own = keeping(scope)
    cards = await store.disagreeing(tx, scope, Goods.CARD, listed=listed)
    routers = await store.disagreeing(tx, scope, Goods.ROUTER, listed=listed)
    return [
        await _worded(cards, partial(inventory.card_facts, tx, own), policy.card_disagrees, K.STATE),
        await _worded(routers, partial(inventory.device_facts, tx, own), policy.device_disagrees, K.SITE),
    ]


async def _worded(
    rows: Sequence[DictRow],
    facts: Callable[[Sequence[str]], Awaitable[Mapping[str, F]]],
    disagrees: Callable[[Place, F | None], str],
    kind: DifferenceKind,
) -> _Found:
    """What the inventory says of items, read in parts: whoever else asks meanwhile is answered."""
    told: list[Difference] = []
    for start in range(0, len(rows), _PART):
        part = rows[start : start + _PART]
        there = await facts([row["serial"] for row in part])
        for row in part:
            item, fact = ledger.item_of(row), there.get(row["serial"])
            said = disagrees(item.place, fact)
            words = f"It is in {item.place.name}, but {said}."
            found = kind if fact else K.GONE
            told.append(Difference(found, item.goods, item.serial, words, item.place.name, said))
    return rows[0]["total"] if rows else 0, told
