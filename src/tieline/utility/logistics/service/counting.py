"""Stocktake: what lies in a place, by a list, against what the ledger has there; and putting the ledger right."""

from collections.abc import Sequence
from typing import Any, Final

from psycopg.rows import DictRow

from tieline.platform import audit
from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Invalid, NotFound, Problem
from tieline.platform.paging import MAX_PAGE, Page, decode_key, page_of
from tieline.platform.scope import Permission, Scope
from tieline.utility import inventory
from tieline.utility.logistics.model import CountVerdict, Goods, Item, Move, Moved, Place, PlaceKind, Why
from tieline.utility.logistics.service import losing, placing
from tieline.utility.logistics.service.authority import keeping, require_sight
from tieline.utility.logistics.service.moving import MAX_MOVES, Order, book, hold_still
from tieline.utility.logistics.store import counts as store
from tieline.utility.logistics.store import ledger

V = CountVerdict
COUNTABLE: Final = (PlaceKind.WAREHOUSE, PlaceKind.CREW, PlaceKind.REPAIR)
_NEWEST = 2**63 - 1
_LONGEST_WHY = 500


async def count(tx: Tx, scope: Scope, *, place_id: int, goods: Goods, serials: Sequence[str]) -> int:
    """Compare what was found in a place with the ledger; returns the stocktake's number. Nothing moves yet."""
    scope.require(Permission.STOCK_WRITE)
    place = await placing.one(tx, scope, place_id)
    if place.kind not in COUNTABLE:
        raise Invalid("Only warehouses, crews and repair shops are counted.", [Problem("place_id", "kind", place.name)])
    listed = list(dict.fromkeys(serials))
    if len(listed) > MAX_MOVES:
        raise Invalid(f"At most {MAX_MOVES:,} items are counted at once.", [Problem("serials", "length", "Fewer.")])
    here = await store.serials_in(tx, scope, place_id, goods)
    found = await _differences(tx, scope, place, goods, listed=listed, here=here)
    present = sum(serial in here for serial in listed)
    values = {"place_id": place_id, "goods": goods, "listed": len(listed), "present": present}
    made = await store.add(tx, scope, values, found)
    detail = {"place": place.code, "listed": len(listed), "present": present, "differences": len(found)}
    await audit.append(tx, scope, audit.Entry("stock.counted", f"stock-count:{made}", detail))
    return made


async def _differences(
    tx: Tx, scope: Scope, place: Place, goods: Goods, *, listed: Sequence[str], here: dict[str, int]
) -> list[tuple[str, str, int | None, int | None]]:
    found: list[tuple[str, str, int | None, int | None]] = []
    there = set(listed)
    found += [(serial, V.MISSING, item, place.id) for serial, item in here.items() if serial not in there]
    strange = [serial for serial in listed if serial not in here]
    items = await ledger.items(tx, scope, [(goods, serial) for serial in strange])
    left = [serial for serial in strange if (goods, serial) not in items]
    own = keeping(scope)
    known: set[str] = set()
    if left and goods is Goods.CARD:
        known = set(await inventory.card_facts(tx, own, left))
    elif left:
        known = set(await inventory.device_facts(tx, own, left))
    for serial in strange:
        item = items.get((goods, serial))
        if item is not None:
            found.append((serial, V.WRONG_PLACE, item.id, item.place.id))
        else:
            found.append((serial, V.UNEXPECTED if serial in known else V.UNKNOWN, None, None))
    return found


async def one(tx: Tx, scope: Scope, count_id: int) -> dict[str, Any]:
    """A stocktake with its sums. Raises ``NotFound``."""
    require_sight(scope)
    return dict(await _one(tx, scope, count_id))


async def _one(tx: Tx, scope: Scope, count_id: int, *, lock: bool = False) -> DictRow:
    found = await store.one(tx, scope, count_id, lock=lock)
    if found is None:
        raise NotFound(f"There is no stocktake {count_id}, or none that you may see.")
    return found


async def page(tx: Tx, scope: Scope, *, cursor: str | None = None, limit: int = 50) -> Page[dict[str, Any]]:
    """Stocktakes, the newest first."""
    require_sight(scope)
    before = decode_key(cursor, int)[0] if cursor else _NEWEST
    limit = max(1, min(limit, MAX_PAGE))
    rows = [dict(row) for row in await store.page(tx, scope, before=before, limit=limit + 1)]
    return page_of(rows, limit, lambda row: (row["id"],))


async def differences(
    tx: Tx, scope: Scope, count_id: int, *, cursor: str | None = None, limit: int = 100
) -> Page[dict[str, Any]]:
    """The difference sheet of a stocktake."""
    await one(tx, scope, count_id)
    after = decode_key(cursor, int)[0] if cursor else 0
    limit = max(1, min(limit, MAX_PAGE))
    rows = [dict(row) for row in await store.differences(tx, count_id, after=after, limit=limit + 1)]
    return page_of(rows, limit, lambda row: (row["id"],))


async def adjust(
    tx: Tx, scope: Scope, count_id: int, *, why: str, lose_missing: bool = False, clock: Clock | None = None
) -> Moved:
    """Put the ledger right by a stocktake: what was found comes into the place; what is missing is reported lost.

    Missing items stay where the ledger has them unless ``lose_missing``, which blocks their cards. A stocktake is
    acted on once; what moved since it was made is left alone, with the reason.
    """
    scope.require(Permission.STOCK_WRITE)
    if not why.strip() or len(why) > _LONGEST_WHY:
        raise Invalid("Say why the ledger is put right.", [Problem("why", "required", "Say why.")])
    row = await _one(tx, scope, count_id, lock=True)
    if row["adjusted_at"] is not None:
        raise Conflict("This stocktake has been acted on.", advice="Count again.")
    found = await store.differences(tx, count_id)
    await hold_still(tx, scope, [(Goods(row["goods"]), one["serial"]) for one in found])
    moved, outcomes = await _bring(tx, scope, row, found, why)
    missing = [one["serial"] for one in found if one["verdict"] == V.MISSING]
    if missing and lose_missing:
        outcomes |= await _lose(tx, scope, row, missing, why=why, clock=clock)
    else:
        outcomes |= dict.fromkeys(missing, "left as missing")
    outcomes |= {one["serial"]: "nobody knows it" for one in found if one["verdict"] == V.UNKNOWN}
    await store.set_outcomes(tx, count_id, outcomes)
    await store.set_adjusted(tx, scope, count_id, why)
    detail = {"why": why, "moved": moved.moved, "missing": len(missing), "lost": lose_missing}
    await audit.append(tx, scope, audit.Entry("stock.adjusted", f"stock-count:{count_id}", detail))
    return moved


async def _bring(
    tx: Tx, scope: Scope, row: DictRow, found: Sequence[DictRow], why: str
) -> tuple[Moved, dict[str, str]]:
    """What was found in the place is there, wherever the ledger had it."""
    goods = Goods(row["goods"])
    here = [one for one in found if one["verdict"] in {V.WRONG_PLACE, V.UNEXPECTED}]
    was = {one["serial"]: one["place_id"] for one in here}
    if not here:
        return Moved(0, 0), {}

    def judge(item: Item, to: Place, _move: Move) -> tuple[Why | None, str]:
        """Whatever has not moved since may come, and it is irregular that it does."""
        expected = was.get(item.serial)
        if expected is not None and item.place.id != expected:
            return Why("moved-since", f"It went to {item.place.name} since it was counted."), ""
        if item.place.kind is PlaceKind.SCRAP:
            return Why("scrapped", "It was scrapped."), ""
        return None, f"found in {to.name} by stocktake {row['id']}; the ledger had it in {item.place.name}"

    moves = [Move(goods, one["serial"], row["place_id"]) for one in here]
    key = f"stocktake:{row['id']}"
    moved = await book(tx, scope, Order(moves, key, "adjusted", why, key, row["place_id"]), judge)
    outcomes = dict.fromkeys(was, "moved here") | {one.serial: said.message for one, said in moved.refused}
    return moved, outcomes


async def _lose(
    tx: Tx, scope: Scope, row: DictRow, missing: Sequence[str], *, why: str, clock: Clock | None
) -> dict[str, str]:
    goods = Goods(row["goods"])
    items = await ledger.lock_items(tx, scope, [(goods, serial) for serial in missing])
    still = [one.serial for one in items.values() if one.place.id == row["place_id"]]
    outcomes = {serial: "it moved since it was counted" for serial in missing if serial not in still}
    for start in range(0, len(still), losing.MOST):
        part = still[start : start + losing.MOST]
        said = f"Missing at stocktake {row['id']}: {why}"
        lost = await losing.lose_many(tx, scope, [(goods, serial) for serial in part], why=said, clock=clock)
        blocked = f"reported lost; change {lost.change_id}" if lost.change_id else "reported lost"
        outcomes |= dict.fromkeys(part, blocked)
    return outcomes
