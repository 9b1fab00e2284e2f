"""The balance: the ledger against itself, against what was delivered, and against the inventory's own states."""

from collections.abc import Iterator, Sequence

from tieline.platform import audit
from tieline.platform.db import Tx
from tieline.platform.scope import Permission, Scope
from tieline.utility import inventory
from tieline.utility.inventory import CardFacts, DeviceFacts
from tieline.utility.logistics import policy
from tieline.utility.logistics.model import (
    Balance,
    Difference,
    DifferenceKind,
    Goods,
    GoodsTotal,
    Item,
    Moved,
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
K = DifferenceKind


async def balance(tx: Tx, scope: Scope, *, listed: int = MOST_LISTED) -> Balance:
    """Whether every item is in exactly one place, and all agree on which; read it in a snapshot.

    Each difference names its item; ``listed`` of them are told, all are counted.
    """
    require_sight(scope)
    own = keeping(scope)
    cards = await inventory.card_facts(tx, own)
    devices = await inventory.device_facts(tx, own)
    found = [*await _within(tx, scope), *await _against(tx, scope, cards, devices)]
    goods, sizes = await store.goods(tx, scope), await store.sizes(tx, scope)
    ordered = await store.ordered(tx, scope)
    totals = [
        GoodsTotal(one, ordered.get(one, 0), *(goods[one][name] for name in ("opening", "delivered", "present")))
        if one in goods
        else GoodsTotal(one, ordered.get(one, 0), 0, 0, 0)
        for one in Goods
    ]
    untracked = await _untracked(tx, {Goods.CARD: cards, Goods.ROUTER: devices})
    return Balance(
        ok=not found,
        places=await place_totals(tx, scope),
        differences=found[:listed],
        difference_count=len(found),
        goods=totals,
        untracked=untracked,
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


async def _within(tx: Tx, scope: Scope) -> list[Difference]:
    """The ledger against itself."""
    found = [
        Difference(K.REPLAY, row["goods"], row["serial"], "It is not where its last movement took it.",
                   row["ledger"] or "nowhere", row["has"])
        for row in await store.replayed(tx, scope)
    ]  # fmt: skip
    found += [
        Difference(K.CHAIN, row["goods"], row["serial"], f"Movement {row['id']} begins elsewhere than the last ended.",
                   row["was_in"] or "nowhere", row["came_from"] or "nowhere")
        for row in await store.broken_chains(tx, scope)
    ]  # fmt: skip
    found += [
        Difference(K.ORIGIN, row["goods"], row["serial"], "Its first movement does not fit how it came in.",
                   "a delivery" if row["delivery_id"] else "taken up", row["came_from"] or "nowhere")
        for row in await store.strange_origins(tx, scope)
    ]  # fmt: skip
    found += [
        Difference(K.SUM, row["goods"], f"delivery {row['id']}", f"Order {row['reference']}: not as many as accepted.",
                   str(row["accepted"]), str(row["present"]))
        for row in await store.wrong_sums(tx, scope)
    ]  # fmt: skip
    return found


async def _against(
    tx: Tx, scope: Scope, cards: dict[str, CardFacts], devices: dict[str, DeviceFacts]
) -> list[Difference]:
    """The ledger against the inventory."""
    found: list[Difference] = []
    for goods in Goods:
        after = 0
        while items := await store.every(tx, scope, goods, after=after, limit=_CHUNK):
            after = items[-1].id
            found += _disagreements(items, cards, devices)
    return found


def _disagreements(
    items: Sequence[Item], cards: dict[str, CardFacts], devices: dict[str, DeviceFacts]
) -> Iterator[Difference]:
    for item in items:
        if item.goods is Goods.CARD:
            card = cards.get(item.serial)
            said, kind = policy.card_disagrees(item.place, card), K.STATE if card else K.GONE
        else:
            device = devices.get(item.serial)
            said, kind = policy.device_disagrees(item.place, device), K.SITE if device else K.GONE
        if said:
            yield Difference(kind, item.goods, item.serial, f"It is in {item.place.name}, but {said}.",
                             item.place.name, said)  # fmt: skip


async def _untracked(tx: Tx, there: dict[Goods, dict[str, CardFacts] | dict[str, DeviceFacts]]) -> dict[str, int]:
    found = {}
    for goods, facts in there.items():
        known = await ledger.known_things(tx, goods)
        count = sum(one.id not in known for one in facts.values())
        if count:
            found[goods.value] = count
    return found
