"""Lost or stolen: the item is where nothing leaves from, and its line is taken away by a change, never past the engine.

Where a policy of standard changes allows ``card.block``, and neither a storm, a freeze nor a window makes it wait, the
change runs at once under it; else it is an emergency change, which somebody else approves afterwards. It is planned by
the changes' own job, so that it is started when its plan is told (:func:`follow`), on the authority of whoever reported
the loss.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg.rows import DictRow

from tieline.platform import audit, outbox
from tieline.platform.clock import Clock, SystemClock
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Invalid, NotFound, Problem, TielineError
from tieline.platform.outbox import Event
from tieline.platform.paging import MAX_PAGE, Page, decode_key, page_of
from tieline.platform.scope import Scope
from tieline.utility import changes, inventory
from tieline.utility.changes import ChangeState, ChangeType, Draft, Refused
from tieline.utility.inventory import CardFacts, Selection, StockChange, StockState
from tieline.utility.logistics import blocking
from tieline.utility.logistics.model import Goods, Item, Lost, Move, Place, PlaceKind, Why
from tieline.utility.logistics.service import authority
from tieline.utility.logistics.service.moving import Order, book
from tieline.utility.logistics.store import ledger, losses, places

TOPIC: Final = "stock.lost"
"""Outbox topic of losses: ``{loss_id, goods, serials, why, stolen, change_id}``."""
MOST: Final = 500
"""So many items are reported lost at once at most: a van is stolen, not a warehouse."""
_NEWEST = 2**63 - 1
_LONGEST_WHY = 2000
_ENDED = frozenset({ChangeState.COMPLETED, ChangeState.STOPPED})


@dataclass(frozen=True, slots=True)
class Preview:
    """What reporting a loss will do: the items that go, the cards whose lines are blocked, and by which change."""

    items: Sequence[Item]
    cards: Sequence[CardFacts]
    unknown: Sequence[str]
    type: ChangeType
    policy: str

    @property
    def live(self) -> Sequence[CardFacts]:
        """The cards that carry a live line."""
        return [one for one in self.cards if one.subscription_state in blocking.LIVE]


async def lose(
    tx: Tx,
    scope: Scope,
    *,
    goods: Goods,
    serial: str,
    why: str,
    stolen: bool = False,
    clock: Clock | None = None,
) -> Lost:
    """Report one item as lost or stolen; of a router, the cards in it as well. Asked twice, it is lost once.

    Raises ``NotFound`` for what nobody knows and ``Conflict`` for what was scrapped.
    """
    return await lose_many(tx, scope, [(goods, serial)], why=why, stolen=stolen, clock=clock)


async def lose_many(
    tx: Tx,
    scope: Scope,
    wanted: Sequence[tuple[Goods, str]],
    *,
    why: str,
    stolen: bool = False,
    clock: Clock | None = None,
) -> Lost:
    """Report items as lost together: one loss, one change."""
    authority.require_hands(scope)
    _check(wanted, why)
    with_cards = await _with_cards(tx, scope, wanted)
    place = await places.by_code(tx, scope, PlaceKind.LOST, "LOST")
    if place is None:
        raise NotFound("There is no place for what is lost.")
    moves = [Move(kind, serial, place.id) for kind, serial in with_cards]
    moved = await book(tx, scope, Order(moves, f"loss:{secrets.token_hex(16)}", "lost", why), _judge)
    if moved.refused:
        move, refusal = moved.refused[0]
        error = NotFound if refusal.rule in {"unknown", "gone"} else Conflict
        raise error(f"{move.goods.value.capitalize()} {move.serial}: {refusal.message}")
    if not moved.moved:
        return await _before(tx, scope, with_cards)
    return await _block(tx, scope, clock or SystemClock(), moved.batch_id, why=why, stolen=stolen)


def _check(wanted: Sequence[tuple[Goods, str]], why: str) -> None:
    problems = []
    if not why.strip() or len(why) > _LONGEST_WHY:
        problems.append(Problem("why", "required", f"Say what happened, in at most {_LONGEST_WHY} characters."))
    if not 1 <= len(wanted) <= MOST:
        problems.append(Problem("serials", "length", f"1 to {MOST} items."))
    if problems:
        raise Invalid("The loss cannot be taken down.", problems)


def _judge(item: Item, _to: Place, _move: Move) -> tuple[Why | None, str]:
    return (Why("scrapped", "It was scrapped."), "") if item.place.kind is PlaceKind.SCRAP else (None, "")


async def _with_cards(tx: Tx, scope: Scope, wanted: Sequence[tuple[Goods, str]]) -> list[tuple[Goods, str]]:
    """What is lost, and the cards that sit in the routers among it."""
    own = authority.keeping(scope)
    routers = [serial for goods, serial in wanted if goods is Goods.ROUTER]
    devices = await inventory.device_facts(tx, own, routers) if routers else {}
    inside = await inventory.cards_in_devices(tx, own, [one.id for one in devices.values()]) if devices else []
    return list(dict.fromkeys([*wanted, *((Goods.CARD, iccid) for iccid in inside)]))


async def _before(tx: Tx, scope: Scope, wanted: Sequence[tuple[Goods, str]]) -> Lost:
    """The loss under which something was lost already."""
    for item in (await ledger.items(tx, scope, wanted)).values():
        found = await losses.of_item(tx, item.id)
        if found is not None:
            return Lost(found["batch_id"], found["change_id"], [serial for _, serial in wanted])
    raise Conflict("It is in the place of what is lost already, without a loss that was reported here.")


async def _block(tx: Tx, scope: Scope, clock: Clock, batch_id: int, *, why: str, stolen: bool) -> Lost:
    gone = await losses.serials(tx, batch_id)
    iccids = [row["serial"] for row in gone if row["goods"] == Goods.CARD]
    own = authority.blocking(scope)
    cards = await inventory.card_facts(tx, own, iccids) if iccids else {}
    live = [one for one in cards.values() if one.subscription_state in blocking.LIVE]
    change_id = await _change(tx, own, clock, live, why=why, stolen=stolen) if live else None
    state = "open" if live else "nothing"
    values = {"batch_id": batch_id, "change_id": change_id, "stolen": stolen, "why": why, "state": state}
    loss_id = await losses.add(tx, scope, values)
    serials = [row["serial"] for row in gone]
    told = {"loss_id": loss_id, "goods": gone[0]["goods"], "serials": serials, "why": why, "stolen": stolen}
    await outbox.publish(tx, TOPIC, {**told, "change_id": change_id}, key=f"stock-loss:{loss_id}")
    entry = audit.Entry("stock.loss", f"stock-loss:{loss_id}", {"items": len(serials), "change": change_id, "why": why})
    await audit.append(tx, scope, entry)
    return Lost(batch_id, change_id, serials)


async def _change(tx: Tx, own: Scope, clock: Clock, live: Sequence[CardFacts], *, why: str, stolen: bool) -> int:
    kind, policy = await _how(tx, own, clock, live)
    word = "stolen" if stolen else "lost"
    what = f"{word} card {live[0].iccid}" if len(live) == 1 else f"{len(live):,} {word} cards"
    draft = Draft(
        kind=blocking.NAME,
        title=f"Block {what}",
        type=kind,
        reason=why,
        selection=Selection(subscription_ids=tuple(one.subscription_id for one in live if one.subscription_id)),
        policy_id=policy["id"] if policy else None,
    )
    change = await changes.create(tx, own, draft)
    version = await changes.request_plan(tx, own, clock, change.id)
    await changes.defer_plan(tx, change.id, version)
    return change.id


async def _how(tx: Tx, own: Scope, clock: Clock, live: Sequence[CardFacts]) -> tuple[ChangeType, DictRow | None]:
    """A standard change where a policy in force allows it, whatever sites it touches, at once; else an emergency."""
    fitted = {one.site_id for one in live if one.site_id is not None}
    sites = await inventory.site_facts(tx, own, sorted(fitted)) if fitted else {}
    where = {(one.operator, sites[one.site_id].region if one.site_id in sites else None) for one in live}
    for row in await changes.policies(tx, own):
        in_force = row["approved_at"] is not None and row["retired_at"] is None
        wide = row["max_items"] >= len(live) and (row["critical_sites"] or not fitted)
        if row["kind"] != blocking.NAME or not in_force or not wide:
            continue
        if not await changes.must_wait(tx, own, clock, row, where):
            return ChangeType.STANDARD, row
    return ChangeType.EMERGENCY, None


async def preview(tx: Tx, scope: Scope, wanted: Sequence[tuple[Goods, str]], *, clock: Clock | None = None) -> Preview:
    """What reporting a loss will do, without doing it. What the ledger does not have yet is shown by its card alone."""
    authority.require_hands(scope)
    together = await _with_cards(tx, scope, wanted)
    items = await ledger.items(tx, scope, together)
    own = authority.blocking(scope)
    cards = await inventory.card_facts(tx, own, [serial for goods, serial in together if goods is Goods.CARD])
    routers = [serial for goods, serial in together if goods is Goods.ROUTER]
    devices = await inventory.device_facts(tx, own, routers) if routers else {}
    known = {*cards, *devices, *(serial for _, serial in items)}
    live = [one for one in cards.values() if one.subscription_state in blocking.LIVE]
    kind, policy = await _how(tx, own, clock or SystemClock(), live)
    unknown = [serial for _, serial in together if serial not in known]
    return Preview(list(items.values()), list(cards.values()), unknown, kind, policy["name"] if policy else "")


async def page(
    tx: Tx, scope: Scope, *, states: Sequence[str] = (), cursor: str | None = None, limit: int = 50
) -> Page[dict[str, Any]]:
    """Losses, the newest first."""
    authority.require_sight(scope)
    before = decode_key(cursor, int)[0] if cursor else _NEWEST
    limit = max(1, min(limit, MAX_PAGE))
    rows = await losses.page(tx, scope, states=states, before=before, limit=limit + 1)
    return page_of([_shown(row) for row in rows], limit, lambda row: (row["id"],))


def _shown(row: DictRow) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in {"user_id", "operators"}}


async def block_again(tx: Tx, scope: Scope, loss_id: int, *, clock: Clock | None = None) -> int | None:
    """Make a new change for a loss whose cards could not be blocked; returns the change, None if nothing is live."""
    authority.require_hands(scope)
    row = await losses.one(tx, scope, loss_id)
    if row is None:
        raise NotFound(f"There is no loss {loss_id}, or none that you may see.")
    if row["state"] != "stuck":
        raise Conflict("The cards of this loss are blocked, or are being blocked.")
    clock, own = clock or SystemClock(), authority.blocking(scope)
    if row["change_id"] is not None:
        await _give_up(tx, own, clock, row["change_id"])
    change_id = await _once_more(tx, own, clock, row)
    await audit.append(tx, scope, audit.Entry("stock.block-again", f"stock-loss:{loss_id}", {"change": change_id}))
    return change_id


async def _give_up(tx: Tx, own: Scope, clock: Clock, change_id: int) -> None:
    """End a standard change that does not block its cards, so that it is not in the way of the next one.

    Raises ``Conflict`` while the control room holds it: another change would go past the veto.
    """
    change = (await changes.detail(tx, own, change_id)).change
    if change.type is not ChangeType.STANDARD or change.state in _ENDED:
        return
    for row in await changes.holding(tx, own, clock, change_id):
        if row["kind"] == "veto":
            why = f"The control room holds change {change_id}: {row['reason']}"
            raise Conflict(why, advice="Ask whoever holds it to lift the veto.")
    await changes.stop(tx, own, clock, change_id, why="Another change blocks these cards.")


async def _once_more(tx: Tx, own: Scope, clock: Clock, row: DictRow) -> int | None:
    live = await _still_live(tx, own, row["batch_id"])
    change_id = await _change(tx, own, clock, live, why=row["why"], stolen=row["stolen"]) if live else None
    await losses.set_change(tx, own, row["id"], change_id, "open" if live else "nothing")
    return change_id


async def _still_live(tx: Tx, own: Scope, batch_id: int) -> list[CardFacts]:
    """The cards of a loss that are still gone, and whose lines still give service."""
    iccids = [one["serial"] for one in await losses.serials(tx, batch_id) if one["goods"] == Goods.CARD]
    gone = {StockState.LOST, StockState.BLOCKED}
    cards = (await inventory.card_facts(tx, own, iccids)).values()
    return [one for one in cards if one.subscription_state in blocking.LIVE and one.stock_state in gone]


async def follow(tx: Tx, event: Event, clock: Clock | None = None) -> None:
    """Start a blocking change once it is planned; note when its cards are blocked, or why they are not."""
    told = event.payload
    if told["kind"] != blocking.NAME:
        return
    row = await losses.of_change(tx, told["change_id"])
    if row is None:
        return
    if told["state"] == "planned" and told["was"] == "planning":  # not when a start was refused and it falls back
        await _start(tx, row, clock or SystemClock(), ChangeType(told["type"]))
    elif told["state"] == "running":
        await losses.set_state(tx, row["id"], "running")
    elif told["state"] == "completed":
        await _blocked(tx, row)
    elif told["state"] in {"stopped", "rejected", "paused"}:
        await losses.set_state(tx, row["id"], "stuck", f"Change {row['change_id']} was {told['state']}.")
    elif told["state"] == "draft" and told["was"] == "planning":
        await losses.set_state(tx, row["id"], "stuck", f"Change {row['change_id']} could not be planned.")


async def held(tx: Tx, event: Event, clock: Clock | None = None) -> None:
    """A storm, a freeze or a veto that begins while cards are being blocked: those losses come back into sight."""
    if event.payload["act"] != "made":
        return
    for row in await losses.running(tx):
        over = await changes.holding(tx, _reporter(row), clock or SystemClock(), row["change_id"])
        if over:
            why = f"Change {row['change_id']} is held: {over[0]['reason']}"
            await losses.set_state(tx, row["id"], "stuck", why)


def _reporter(row: DictRow) -> Scope:
    """Whoever reported a loss, to see its change through."""
    operators = None if row["operators"] is None else frozenset(row["operators"])
    return Scope(row["actor"], authority.BLOCKING, None, operators, user_id=row["user_id"])


async def _start(tx: Tx, row: DictRow, clock: Clock, kind: ChangeType) -> None:
    """Start a change that is planned; a standard one that would have to wait by now gives way to an emergency."""
    own, change_id = _reporter(row), row["change_id"]
    live = await _still_live(tx, own, row["batch_id"])
    waits = kind is ChangeType.STANDARD and live and (await _how(tx, own, clock, live))[0] is ChangeType.EMERGENCY
    try:
        async with tx.transaction():
            if waits:
                await _give_up(tx, own, clock, change_id)
                await _once_more(tx, own, clock, row)
                return
            await changes.submit(tx, own, clock, change_id, threshold=0)
            begun = await changes.start(tx, own, clock, change_id)
    except TielineError as error:
        await losses.set_state(tx, row["id"], "stuck", f"Change {change_id}: {error.detail}")
        return
    if isinstance(begun, Refused):
        await losses.set_state(tx, row["id"], "stuck", f"Change {change_id}: {begun.why}")
        return
    await losses.set_state(tx, row["id"], "running")


async def _blocked(tx: Tx, row: DictRow) -> None:
    """The change is over: whose line is no longer live is blocked; if one still is, somebody has to look."""
    own = Scope(row["actor"], authority.BLOCKING, user_id=row["user_id"])
    gone = await losses.serials(tx, row["batch_id"])
    iccids = [one["serial"] for one in gone if one["goods"] == Goods.CARD]
    cards = await inventory.card_facts(tx, own, iccids, lock=True)
    lost = [one for one in cards.values() if one.stock_state is StockState.LOST]
    done = [one for one in lost if one.subscription_state not in blocking.LIVE]
    states = [StockChange(one.id, StockState.LOST, StockState.BLOCKED) for one in done]
    await inventory.set_stock_states(tx, own, states, reason=f"blocked by change {row['change_id']}")
    left = len(lost) - len(done)
    if left:
        await losses.set_state(tx, row["id"], "stuck", f"{left} of its lines are still live.")
    else:
        await losses.set_state(tx, row["id"], "blocked")
