"""Moving items: every movement goes through :func:`book`, whoever asks for it.

Items are locked before they are judged, so that of two that issue the same card one is told that it is gone. A key
makes a report that comes twice one movement. The inventory's stock states follow in the same transaction.
"""

import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from tieline.platform import audit
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Invalid, NotFound, Problem
from tieline.platform.scope import Permission, Scope
from tieline.utility import inventory
from tieline.utility.inventory import CardFacts, DeviceFacts, StockChange, StockState
from tieline.utility.logistics import policy
from tieline.utility.logistics.model import Goods, Item, Move, Moved, Place, PlaceKind, Where, Why
from tieline.utility.logistics.service import placing
from tieline.utility.logistics.service.authority import keeping, require_sight
from tieline.utility.logistics.store import ledger, places
from tieline.utility.logistics.store.ledger import Entry, Step

MAX_MOVES = 50_000
"""So many items are moved at once at most: more than any warehouse hands out in a day."""
_LONGEST_KEY = 200

Judge = Callable[[Item, Place, Move], tuple[Why | None, str]]
"""Says of an item and where it shall go: why it may not, and what was irregular about it if it may all the same."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: moves, under which key, as which act, why, and for which work order or visit."""

    moves: Sequence[Move]
    key: str
    act: str = "moved"
    reason: str = ""
    reference: str = ""
    opening: int | None = None


@dataclass(slots=True)
class Work:
    """A booking at work: what it may touch, and what comes of it."""

    order: Order
    places: dict[int, Place] = field(default_factory=dict)
    items: dict[tuple[Goods, str], Item] = field(default_factory=dict)
    cards: dict[str, CardFacts] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    states: list[StockChange] = field(default_factory=list)
    devices: list[tuple[int, int | None]] = field(default_factory=list)
    refused: list[tuple[Move, Why]] = field(default_factory=list)
    already: int = 0


def regular(item: Item, to: Place, move: Move) -> tuple[Why | None, str]:
    """An ordinary move: along the ways there are, and from the place it must be in."""
    if move.from_place is not None and item.place.id != move.from_place:
        return elsewhere(item), ""
    return policy.way_refused(item.place, to), ""


def elsewhere(item: Item) -> Why:
    """The item is somewhere else than it would have to be."""
    return Why("elsewhere", f"It is not there: it is in {item.place.name} since {item.since:%Y-%m-%d %H:%M} UTC.")


async def move(
    tx: Tx, scope: Scope, moves: Sequence[Move], *, key: str, reason: str = "", reference: str = ""
) -> Moved:
    """Move items along the ordinary ways. A loss is reported with ``lose``, a fitting with ``fit``."""
    scope.require(Permission.STOCK_WRITE)
    return await book(tx, scope, Order(moves, key, "moved", reason, reference), regular)


async def issue(
    tx: Tx,
    scope: Scope,
    goods: Sequence[tuple[Goods, str]],
    *,
    warehouse_id: int,
    to_place: int,
    key: str,
    reason: str = "",
    reference: str = "",
) -> Moved:
    """Hand items of a warehouse to a crew (or to any place that may have them); what is not there is refused."""
    scope.require(Permission.STOCK_WRITE)
    await placing.stocked(tx, scope, warehouse_id)
    moves = [Move(kind, serial, to_place, reason, warehouse_id) for kind, serial in goods]
    return await book(tx, scope, Order(moves, key, "issued", reason, reference, warehouse_id), regular)


async def where(tx: Tx, scope: Scope, goods: Goods, serials: Sequence[str]) -> dict[str, Where]:
    """Where items are; what the ledger does not have is missing."""
    require_sight(scope)
    found = await ledger.items(tx, scope, [(goods, serial) for serial in serials])
    return {
        one.serial: Where(one.goods, one.serial, one.place, one.since, one.operator, one.variety, one.generation)
        for one in found.values()
    }


async def book(tx: Tx, scope: Scope, order: Order, judge: Judge) -> Moved:
    """Make moves that ``judge`` does not refuse; the only way into the ledger for what it has already."""
    check(order)
    batch_id = await _begin(tx, scope, order)
    if batch_id is None:
        return again(order, (await ledger.batches_by_keys(tx, [order.key]))[order.key])
    work = Work(order, await places.by_ids(tx, scope, sorted({one.to_place for one in order.moves})))
    wanted = {(one.goods, one.serial): order.opening for one in order.moves}
    work.items, work.cards = await locked(tx, scope, wanted, batch_id=batch_id)
    judge_all(work, judge)
    await enter(tx, [(batch_id, step) for step in work.steps])
    await follow(tx, scope, order.act, [work])
    record = record_of(work)
    await ledger.finish(tx, batch_id, moved=record.moved, already=record.already, refused=record.refused)
    await audit.append(tx, scope, told(work, batch_id))
    return Moved(record.moved, work.already, tuple(work.refused), batch_id)


def record_of(work: Work) -> ledger.Record:
    """What is kept of a booking, for whoever asks with its key again."""
    order = work.order
    refused = [{"goods": one.goods, "serial": one.serial, "rule": why.rule, "message": why.message, "to": one.to_place}
               for one, why in work.refused]  # fmt: skip
    return ledger.Record(
        order.key, _digest(order), order.act, order.reason, order.reference, len(work.steps), work.already, refused
    )


def told(work: Work, batch_id: int) -> audit.Entry:
    """What the audit trail is told of a booking."""
    order = work.order
    detail = {
        "moved": len(work.steps),
        "refused": len(work.refused),
        "reason": order.reason,
        "reference": order.reference,
    }
    return audit.Entry(f"stock.{order.act.replace(' ', '-')}", f"stock-batch:{batch_id}", detail)


def check_key(key: str) -> None:
    """Raise ``Invalid`` for what cannot be a batch's key."""
    if not key.strip() or len(key) > _LONGEST_KEY:
        raise Invalid("A movement needs a key.", [Problem("key", "length", f"1 to {_LONGEST_KEY} characters.")])


def check(order: Order) -> None:
    """Raise ``Invalid`` for an order that cannot be booked."""
    check_key(order.key)
    if len(order.moves) > MAX_MOVES:
        raise Invalid(f"At most {MAX_MOVES:,} items are moved at once.", advice="Send them in parts.")


async def _begin(tx: Tx, scope: Scope, order: Order) -> int | None:
    return await ledger.begin(
        tx,
        scope,
        key=order.key,
        digest=_digest(order),
        act=order.act,
        reason=order.reason,
        reference=order.reference,
    )


def _digest(order: Order) -> str:
    said = [order.act, *sorted((one.goods, one.serial, one.to_place) for one in order.moves)]
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()


def again(order: Order, made: ledger.Made) -> Moved:
    """The answer to a key that was used before: what came of it then. Raises ``Conflict`` where it was for others."""
    if made.digest != _digest(order):
        raise Conflict("This key was used for other movements.", advice="Use a new key for what is new.")
    refused = {(one["goods"], one["serial"]): Why(one["rule"], one["message"]) for one in made.refused}
    asked = [(one, refused.get((one.goods, one.serial))) for one in order.moves]
    return Moved(0, made.moved + made.already, tuple((one, why) for one, why in asked if why), made.id)


async def locked(
    tx: Tx, scope: Scope, wanted: Mapping[tuple[Goods, str], int | None], *, batch_id: int | None = None
) -> tuple[dict[tuple[Goods, str], Item], dict[str, CardFacts]]:
    """Items with their cards, locked; those that only the inventory has are taken up in a batch, or one of their own.

    What is fitted is taken up at its site; the rest in the place given with it, or in the main warehouse.
    """
    if not wanted:
        return {}, {}
    items = await ledger.lock_items(tx, scope, wanted)
    missing = {thing: place for thing, place in wanted.items() if thing not in items}
    if missing and await _take_up_missing(tx, scope, missing, batch_id):
        items = await ledger.lock_items(tx, scope, wanted)
    return items, await _cards(tx, scope, items)


async def _take_up_missing(
    tx: Tx, scope: Scope, missing: Mapping[tuple[Goods, str], int | None], batch_id: int | None
) -> int:
    own = keeping(scope)
    cards = await inventory.card_facts(tx, own, [serial for goods, serial in missing if goods is Goods.CARD])
    devices = await inventory.device_facts(tx, own, [serial for goods, serial in missing if goods is Goods.ROUTER])
    if not cards and not devices:
        return 0
    into = batch_id or await _own_batch(tx, scope)
    taken = 0
    for place in sorted(set(missing.values()), key=lambda one: one or 0):
        here = {thing for thing, where in missing.items() if where == place}
        own_cards = [one for one in cards.values() if (Goods.CARD, one.iccid) in here]
        own_devices = [one for one in devices.values() if (Goods.ROUTER, one.external_id) in here]
        taken += await take_up(tx, scope, own_cards, own_devices, batch_id=into, place_id=place)
    if batch_id is None:
        await ledger.finish(tx, into, moved=taken, already=0, refused=())
    return taken


async def _own_batch(tx: Tx, scope: Scope) -> int:
    """A batch for what is taken up by the way; its key is new each time, for nobody asks with it again."""
    made = await _begin(tx, scope, Order((), f"taken-up:{uuid.uuid4()}", "taken up"))
    if made is None:
        raise LookupError("a new key was used before")
    return made


async def hold_still(tx: Tx, scope: Scope, wanted: Sequence[tuple[Goods, str]]) -> None:
    """Lock items, and their cards, that several bookings of one transaction move: all before the first is audited."""
    items = await ledger.lock_items(tx, scope, wanted)
    await _cards(tx, scope, items)


async def _cards(tx: Tx, scope: Scope, items: dict[tuple[Goods, str], Item]) -> dict[str, CardFacts]:
    iccids = [one.serial for one in items.values() if one.goods is Goods.CARD]
    return await inventory.card_facts(tx, keeping(scope), iccids, lock=True) if iccids else {}


async def take_up(
    tx: Tx,
    scope: Scope,
    cards: Sequence[CardFacts],
    devices: Sequence[DeviceFacts],
    *,
    batch_id: int,
    place_id: int | None,
) -> int:
    """Enter cards and devices into the ledger where the inventory has them: their opening.

    What is fitted is at its site; the rest begins in the place given, or in the main warehouse.
    """
    whats = [*(policy.opening(one, None) for one in cards), *(policy.opening(None, one) for one in devices)]
    sites = sorted({site for _, site in whats if site is not None})
    seen = await inventory.site_facts(tx, keeping(scope), sites) if sites else {}
    at_site = await places.put_sites(tx, list(seen.values())) if seen else {}
    main, lost = await _fixed(tx, scope)

    def place_of(what: tuple[PlaceKind, int | None]) -> int | None:
        """The place of an opening; None for a site that the asker does not see."""
        kind, site = what
        if kind is PlaceKind.SITE and site is not None:
            return at_site[site].id if site in at_site else None
        return lost.id if kind is PlaceKind.LOST else place_id or main.id

    things: list[CardFacts | DeviceFacts] = [*cards, *devices]
    entries = [
        entry_of(one, place) for one, what in zip(things, whats, strict=True) if (place := place_of(what)) is not None
    ]
    if not entries:
        return 0
    return await ledger.enter(tx, entries, batch_id=batch_id, from_place=None, reason="opening")


def entry_of(one: CardFacts | DeviceFacts, place: int) -> Entry:
    """How the ledger takes up a card or a device."""
    if isinstance(one, CardFacts):
        used = one.stock_state is StockState.RETURNED
        return Entry(Goods.CARD, one.iccid, one.id, one.operator, one.kind, one.generation or "", place, used,
                     one.stock_state)  # fmt: skip
    variety = " ".join(filter(None, (one.make, one.model)))
    newest = policy.generation_of(one.generations)
    return Entry(Goods.ROUTER, one.external_id, one.id, None, variety, newest, place, used=False, state="")


async def _fixed(tx: Tx, scope: Scope) -> tuple[Place, Place]:
    main = await places.by_code(tx, scope, PlaceKind.WAREHOUSE, "MAIN")
    lost = await places.by_code(tx, scope, PlaceKind.LOST, "LOST")
    if main is None or lost is None:
        raise NotFound("The main warehouse, or the place of what is lost, is not among your places.")
    return main, lost


def judge_all(work: Work, judge: Judge) -> None:
    """Judge every move of an order; nothing is written."""
    seen: set[tuple[Goods, str]] = set()
    for one in work.order.moves:
        key = (one.goods, one.serial)
        if key in seen:
            work.refused.append((one, Why("twice", "It is in the list twice.")))
            continue
        seen.add(key)
        why = _step(work, one, judge)
        if why is not None:
            work.refused.append((one, why))


def _step(work: Work, move: Move, judge: Judge) -> Why | None:
    item, to = work.items.get((move.goods, move.serial)), work.places.get(move.to_place)
    if to is None:
        return Why("no-place", f"There is no place {move.to_place}, or none that you may see.")
    if item is None:
        return Why("unknown", "Neither the ledger nor the inventory has it.")
    if item.place.id == to.id:
        work.already += 1
        return None
    why, irregular = judge(item, to, move)
    card = work.cards.get(item.serial) if item.goods is Goods.CARD else None
    if why is None and item.goods is Goods.CARD:
        why = policy.card_refused(card, to) if card else Why("gone", "The inventory no longer has this card.")
    if why is not None:
        return why
    before = after = ""
    if card is not None:
        before, after = card.stock_state.value, _state(card, item, to).value
        if after != before:
            work.states.append(StockChange(card.id, StockState(before), StockState(after)))
    elif item.goods is Goods.ROUTER and PlaceKind.SITE in {item.place.kind, to.kind}:
        work.devices.append((item.thing_id, to.site_id))
    reason = move.reason or work.order.reason
    used = policy.used_after(item.goods, item.place.kind, to.kind, before=item.used)
    work.steps.append(Step(item.id, item.place.id, to.id, before, after, reason, irregular, used))
    return None


def _state(card: CardFacts, item: Item, to: Place) -> StockState:
    carried = item.used or card.subscription_state not in {None, "INVENTORY"}
    present = card.stock_state
    if item.place.kind is PlaceKind.SITE and present is StockState.FITTED and to.kind is not PlaceKind.LOST:
        present = StockState.RETURNED
    return policy.state_in(present, to.kind, reserved=card.reserved, carried=carried)


async def enter(tx: Tx, steps: Sequence[tuple[int, Step]]) -> None:
    """Write movements, each of its batch, into the ledger."""
    if not steps:
        return
    written = await ledger.write(tx, steps)
    if written != len(steps):
        raise LookupError(f"{len(steps) - written} items moved while they were locked")


async def follow(tx: Tx, scope: Scope, act: str, works: Sequence[Work]) -> None:
    """Let the inventory follow what was entered."""
    own, reason = keeping(scope), f"stock: {act}"
    states = [one for work in works for one in work.states]
    devices = [one for work in works for one in work.devices]
    if states:
        await inventory.set_stock_states(tx, own, states, reason=reason)
    if devices:
        await inventory.place_devices(tx, own, devices, reason=reason)


def answer(moved: Moved) -> dict[str, object]:
    """What came of moves, as REST and the command line show it."""
    refused = [
        {"goods": one.goods, "serial": one.serial, "rule": why.rule, "message": why.message}
        for one, why in moved.refused
    ]
    return {"moved": moved.moved, "repeated": moved.repeated, "refused": refused, "batch_id": moved.batch_id}
