"""Orders and deliveries: what is to come, what came, and what of it is still outstanding."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from tieline.platform import audit
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Invalid, NotFound, Problem
from tieline.platform.paging import MAX_PAGE, Page, decode_key, page_of
from tieline.platform.scope import Permission, Scope
from tieline.platform.settings import Settings
from tieline.utility import inventory
from tieline.utility.inventory import TAC_LENGTH, NewDevice, Sheet, SheetRow, Upload
from tieline.utility.logistics import delivering
from tieline.utility.logistics.model import Delivery, Goods, NewOrder, Order, Place, PlaceKind
from tieline.utility.logistics.service import placing
from tieline.utility.logistics.service.authority import keeping, require_sight
from tieline.utility.logistics.service.moving import entry_of
from tieline.utility.logistics.store import ledger, orders, places
from tieline.utility.logistics.store.ledger import Entry

MAX_ROWS: Final = 50_000
_NEWEST = 2**63 - 1
_GENERATIONS: Final = ("", "2G", "3G", "4G", "5G")
_LONGEST, _LONGEST_NOTE, _MOST = 100, 500, 1_000_000


@dataclass(frozen=True, slots=True)
class Delivered:
    """What came of a delivery note: how many items are in the warehouse now, and what is wrong with the other rows.

    ``delivery_id`` None: it was only looked at, or no row of it is good. ``repeated``: the same note was taken in
    before; nothing is new.
    """

    delivery_id: int | None
    rows_read: int
    accepted: int
    bad: int
    problems: Sequence[Problem]
    outstanding: int
    unknown_columns: Sequence[str] = ()
    repeated: bool = False


async def make(tx: Tx, scope: Scope, order: NewOrder) -> Order:
    """Enter an order. Raises ``Invalid`` for what makes no sense, ``Conflict`` for a reference that is taken."""
    scope.require(Permission.STOCK_WRITE)
    await _check(tx, scope, order)
    made = await orders.add(tx, scope, order)
    if made is None:
        raise Conflict(f"There is an order {order.reference} already.")
    detail = {"reference": order.reference, "goods": order.goods, "number": order.number}
    await audit.append(tx, scope, audit.Entry("stock.ordered", f"stock-order:{made}", detail))
    return await one(tx, scope, made)


async def _check(tx: Tx, scope: Scope, order: NewOrder) -> None:
    problems = [
        Problem(name, "length", f"1 to {_LONGEST} characters.")
        for name in ("reference", "supplier")
        if not getattr(order, name).strip() or len(getattr(order, name)) > _LONGEST
    ]
    if len(order.note) > _LONGEST_NOTE or len(order.variety) > _LONGEST:
        problems.append(Problem("note", "length", f"At most {_LONGEST_NOTE} characters."))
    if not 1 <= order.number <= _MOST:
        problems.append(Problem("number", "range", f"1 to {_MOST:,}."))
    if order.generation not in _GENERATIONS:
        problems.append(Problem("generation", "choice", "One of 2G, 3G, 4G, 5G, or nothing."))
    if order.goods is Goods.CARD and not await _is_operator(tx, scope, order.operator):
        problems.append(Problem("operator", "unknown_reference", "Cards are of an operator that you may see."))
    if order.goods is Goods.CARD and order.variety not in {"", "plastic", "euicc"}:
        problems.append(Problem("variety", "choice", "Cards are plastic or euicc."))
    if order.goods is Goods.ROUTER and order.operator is not None:
        problems.append(Problem("operator", "choice", "A router is no operator's."))
    if problems:
        raise Invalid("The order cannot be made as described.", problems)


async def _is_operator(tx: Tx, scope: Scope, code: str | None) -> bool:
    return code is not None and bool(await inventory.operators(tx, keeping(scope), code))


async def one(tx: Tx, scope: Scope, order_id: int) -> Order:
    """An order. Raises ``NotFound``."""
    require_sight(scope)
    found = await orders.one(tx, scope, order_id)
    if found is None:
        raise NotFound(f"There is no order {order_id}, or none that you may see.")
    return found


async def page(
    tx: Tx,
    scope: Scope,
    *,
    states: Sequence[str] = (),
    goods: Sequence[str] = (),
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Order]:
    """Orders, the newest first."""
    require_sight(scope)
    before = decode_key(cursor, int)[0] if cursor else _NEWEST
    limit = max(1, min(limit, MAX_PAGE))
    rows = await orders.page(tx, scope, states=states, goods=goods, before=before, limit=limit + 1)
    return page_of(rows, limit, lambda row: (row.id,))


async def close(tx: Tx, scope: Scope, order_id: int, *, why: str) -> Order:
    """Close an order of which nothing more will come. Raises ``Conflict`` unless it is open."""
    scope.require(Permission.STOCK_WRITE)
    order = await orders.one(tx, scope, order_id, lock=True)
    if order is None:
        raise NotFound(f"There is no order {order_id}, or none that you may see.")
    if order.state != "open":
        raise Conflict(f"The order is {order.state}.")
    if not why.strip() or len(why) > _LONGEST_NOTE:
        raise Invalid("Say why nothing more will come.", [Problem("why", "required", "Say why.")])
    await orders.set_state(tx, order_id, "closed", why)
    await audit.append(tx, scope, audit.Entry("stock.order-closed", f"stock-order:{order_id}", {"why": why}))
    return await one(tx, scope, order_id)


async def delivery(tx: Tx, scope: Scope, delivery_id: int) -> Delivery:
    """A delivery. Raises ``NotFound``."""
    require_sight(scope)
    found = await orders.delivery(tx, scope, delivery_id)
    if found is None:
        raise NotFound(f"There is no delivery {delivery_id}, or none that you may see.")
    return found


async def deliveries(
    tx: Tx, scope: Scope, *, order_id: int | None = None, cursor: str | None = None, limit: int = 50
) -> Page[Delivery]:
    """Deliveries, the newest first."""
    require_sight(scope)
    before = decode_key(cursor, int)[0] if cursor else _NEWEST
    limit = max(1, min(limit, MAX_PAGE))
    rows = await orders.deliveries(tx, scope, order_id=order_id, before=before, limit=limit + 1)
    return page_of(rows, limit, lambda row: (row.id,))


async def delivery_problems(
    tx: Tx, scope: Scope, delivery_id: int, *, cursor: str | None = None, limit: int = 100
) -> Page[dict[str, Any]]:
    """What was wrong with a delivery note, in the order of its lines."""
    await delivery(tx, scope, delivery_id)
    after = decode_key(cursor, int)[0] if cursor else -1
    limit = max(1, min(limit, MAX_PAGE))
    rows = await orders.problems(tx, delivery_id, after=after, limit=limit + 1)
    return page_of(rows, limit, lambda row: (row["id"],))


async def read_note(settings: Settings, upload: Upload, goods: Goods) -> Sheet:
    """Read a delivery note, apart from any transaction. Raises ``FileRefused`` when nothing of it can be taken."""
    return await inventory.read_table(settings, upload, delivering.FIELDS[goods], most_rows=MAX_ROWS)


async def deliver(
    tx: Tx,
    scope: Scope,
    order_id: int,
    upload: Upload,
    sheet: Sheet,
    *,
    warehouse_id: int,
    note: str = "",
    dry_run: bool = False,
) -> Delivered:
    """Take a delivery note in: its good rows are in the warehouse, the others are told by line, field and rule.

    The same file for the same order is taken in once; one of which no row is good is not taken in at all, so that it
    can be sent again once the operator has told of its cards. ``dry_run`` says what would be, and changes nothing.
    """
    scope.require(Permission.STOCK_WRITE)
    order = await orders.one(tx, scope, order_id, lock=True)
    if order is None:
        raise NotFound(f"There is no order {order_id}, or none that you may see.")
    before = await orders.same_delivery(tx, order_id, upload.sha256)
    if before is not None:
        return _before(order, before)
    if order.state != "open":
        raise Conflict(f"Order {order.reference} is {order.state}.")
    place = await placing.stocked(tx, scope, warehouse_id)
    known = await _known(tx, scope, order, sheet.rows)
    verdict = delivering.judge(order, sheet, known)
    left = max(0, order.outstanding - len(verdict.rows))
    outcome = Delivered(None, sheet.read, len(verdict.rows), verdict.bad, verdict.problems, left, sheet.unknown)
    if dry_run or not verdict.rows:
        return outcome
    taken = _Taken(order, place, upload, note or upload.name, outcome, verdict.rows, known)
    return replace(outcome, delivery_id=await _take(tx, scope, taken))


@dataclass(frozen=True, slots=True)
class _Taken:
    """A delivery that is being taken in."""

    order: Order
    place: Place
    upload: Upload
    note: str
    outcome: Delivered
    rows: Sequence[SheetRow]
    known: delivering.Known


def _before(order: Order, before: Delivery) -> Delivered:
    return Delivered(
        before.id, before.rows_read, before.accepted, before.rows_bad, (), order.outstanding, repeated=True
    )


async def _known(tx: Tx, scope: Scope, order: Order, rows: Sequence[SheetRow]) -> delivering.Known:
    own = keeping(scope)
    serials = [delivering.serial_of(order.goods, row) for row in rows]
    held = await ledger.items(tx, scope, [(order.goods, serial) for serial in serials])
    delivered = {one.serial: f"in {one.place.name}" for one in held.values()}
    if order.goods is Goods.CARD:
        return delivering.Known(cards=await inventory.card_facts(tx, own, serials), delivered=delivered)
    imeis = [str(row.values["imei"]) for row in rows]
    return delivering.Known(
        devices=frozenset(await inventory.device_facts(tx, own, serials)),
        imeis=await inventory.known_imeis(tx, own, imeis),
        models=await inventory.models_by_tac(tx, own, sorted({imei[:TAC_LENGTH] for imei in imeis})),
        delivered=delivered,
    )


async def _take(tx: Tx, scope: Scope, it: _Taken) -> int:
    if it.order.goods is Goods.ROUTER:
        await inventory.add_devices(tx, keeping(scope), [_device(it.order, row) for row in it.rows])
    values = {
        "order_id": it.order.id,
        "place_id": it.place.id,
        "note": it.note[:_LONGEST_NOTE],
        "file_name": it.upload.name,
        "sha256": it.upload.sha256,
        "rows_read": it.outcome.rows_read,
        "rows_bad": it.outcome.bad,
        "accepted": it.outcome.accepted,
        "problem_count": len(it.outcome.problems),
    }
    made = await orders.add_delivery(tx, scope, values, it.outcome.problems)
    await _enter(tx, scope, it, made)
    if it.outcome.accepted >= it.order.outstanding:
        await orders.set_state(tx, it.order.id, "complete", "")
    detail = {"order": it.order.reference, "accepted": it.outcome.accepted, "bad": it.outcome.bad}
    entry = audit.Entry("stock.delivered", f"stock-delivery:{made}", {**detail, "sha256": it.upload.sha256})
    await audit.append(tx, scope, entry)
    return made


async def _enter(tx: Tx, scope: Scope, it: _Taken, delivery_id: int) -> None:
    """Take the items up: their first movement comes from the supplier."""
    supplier = await places.by_code(tx, scope, PlaceKind.SUPPLIER, "SUPPLIER")
    reason, reference = f"order {it.order.reference}", f"delivery:{delivery_id}"
    batch_id = await ledger.begin(
        tx, scope, key=reference, digest=reference, act="delivered", reason=reason, reference=reference
    )
    if supplier is None or batch_id is None:
        raise LookupError(f"delivery {delivery_id} cannot be entered")
    entries = await _entries(tx, scope, it)
    entered = await ledger.enter(
        tx, entries, batch_id=batch_id, from_place=supplier.id, reason=reason, delivery_id=delivery_id
    )
    if entered != len(entries):
        raise Conflict("Somebody else took in some of these items just now.", advice="Send the note again.")
    await ledger.finish(tx, batch_id, moved=entered, already=0, refused=[])


async def _entries(tx: Tx, scope: Scope, it: _Taken) -> list[Entry]:
    serials = [delivering.serial_of(it.order.goods, row) for row in it.rows]
    if it.order.goods is Goods.CARD:
        return [entry_of(it.known.cards[iccid], it.place.id) for iccid in serials]
    made = await inventory.device_facts(tx, keeping(scope), serials)
    return [entry_of(one, it.place.id) for one in made.values()]


def _device(order: Order, row: SheetRow) -> NewDevice:
    values = row.values
    make, model = delivering.model_of(order, values)
    generations = values.get("generations") or ([order.generation] if order.generation else [])
    return NewDevice(
        external_id=values["external_id"],
        make=make or None,
        model=model or None,
        imei=values["imei"],
        generations=generations,
        bands=values.get("bands") or [],
        modems=values.get("modems") or 1,
        firmware=values.get("firmware"),
    )
