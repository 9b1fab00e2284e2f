"""Orders and what is delivered of them: good rows are in the warehouse, each bad one is named by line, field, rule."""

import asyncio
import io

import openpyxl
import pytest
from tests.integration.logistics.conftest import Store, iccid, imei

from tieline.platform.errors import Conflict, Invalid
from tieline.utility import inventory, logistics
from tieline.utility.logistics import Goods

pytestmark = pytest.mark.anyio
ROUTERS = "serial,imei,vendor,model,technologies,modem_count\n"


def _said(outcome: logistics.Delivered) -> list[tuple[int | None, str, str]]:
    return [(one.line, one.field, one.rule) for one in outcome.problems]


async def _order(store: Store, order_id: int) -> logistics.Order:
    async with store.db.snapshot() as tx:
        return await logistics.one_order(tx, store.keeper, order_id)


async def test_a_delivery_comes_in_parts(store: Store) -> None:
    cards = await store.cards("A", range(5))
    order = await store.order("PO-1", 5)
    first = await store.note(order, "ICCID\n" + "\n".join(cards[:3]))
    assert (first.accepted, first.bad, first.outstanding) == (3, 0, 2)
    assert (await _order(store, order.id)).state == "open"
    second = await store.note(order, "ICCID\n" + "\n".join(cards[3:]))
    done = await _order(store, order.id)
    assert (second.accepted, second.outstanding) == (2, 0)
    assert (done.state, done.accepted, done.deliveries, done.outstanding) == ("complete", 5, 2, 0)
    balance = await store.balance()
    assert balance.ok
    assert [(one.goods, one.ordered, one.opening, one.delivered, one.present) for one in balance.goods] == [
        (Goods.CARD, 5, 0, 5, 5),
        (Goods.ROUTER, 0, 0, 0, 0),
    ]


async def test_the_same_note_twice_is_one_delivery(store: Store) -> None:
    cards = await store.cards("A", range(2))
    order = await store.order("PO-1", 4)
    text = "iccid\n" + "\n".join(cards)
    first, again = await store.note(order, text), await store.note(order, text)
    assert (first.repeated, again.repeated) == (False, True)
    assert (again.delivery_id, again.accepted) == (first.delivery_id, 2)
    assert await store.value("SELECT count(*) FROM stock_item") == 2


async def test_each_bad_row_of_cards_is_named(store: Store) -> None:
    good, other = (await store.cards("A", [1]))[0], (await store.cards("B", [2]))[0]
    unknown = iccid(3)
    order = await store.order("PO-1", 10, variety="plastic", generation="4G")
    rows = [good, other, unknown, good, "8944110000000000000", "", "old-A-1"]
    outcome = await store.note(order, "iccid;text\n" + "".join(f"{one};x\n" for one in rows))
    assert outcome.accepted == 1
    assert _said(outcome) == [
        (3, "iccid", "operator"),
        (4, "iccid", "unknown-card"),
        (5, "iccid", "duplicate"),
        (6, "iccid", "luhn"),
        (7, "iccid", "required"),
        (8, "iccid", "format"),
    ]
    assert "import its list" in outcome.problems[1].message
    assert outcome.unknown_columns == ["text"]
    async with store.db.snapshot() as tx:
        kept = await logistics.delivery_problems(tx, store.keeper, outcome.delivery_id or 0, limit=3)
    assert [(one["line"], one["rule"]) for one in kept.items] == [
        (3, "operator"),
        (4, "unknown-card"),
        (5, "duplicate"),
    ]
    assert kept.next is not None


async def test_what_is_here_already_or_beyond_the_order_is_named(store: Store) -> None:
    cards = await store.cards("A", range(4))
    first, second = await store.order("PO-1", 1), await store.order("PO-2", 2)
    await store.note(first, f"iccid\n{cards[0]}\n")
    outcome = await store.note(second, "iccid\n" + "\n".join(cards))
    assert (outcome.accepted, outcome.outstanding) == (2, 0)
    assert _said(outcome) == [(2, "iccid", "already-here"), (5, "", "more-than-ordered")]


async def test_looking_first_changes_nothing(store: Store) -> None:
    cards = await store.cards("A", range(2))
    order = await store.order("PO-1", 2)
    seen = await store.note(order, "iccid\n" + "\n".join(cards), dry_run=True)
    assert (seen.delivery_id, seen.accepted) == (None, 2)
    assert await store.value("SELECT count(*) FROM stock_item") == 0
    assert await store.value("SELECT count(*) FROM stock_delivery") == 0


async def test_routers_become_devices_that_stand_nowhere(store: Store) -> None:
    order = await store.order("PO-R", 3, goods=Goods.ROUTER, variety="Acme R5", generation="4G")
    text = ROUTERS + f"R-1,{imei(1)},Acme,R5,4G 5G,2\nR-2,{imei(2)},,,,\n"
    outcome = await store.note(order, text)
    assert (outcome.accepted, outcome.outstanding) == (2, 1)
    async with store.db.snapshot() as tx:
        found = await inventory.device_facts(tx, store.keeper, ["R-1", "R-2"])
    assert {one: (found[one].make, found[one].model, found[one].generations, found[one].site_id) for one in found} == {
        "R-1": ("Acme", "R5", ["4G", "5G"], None),
        "R-2": ("Acme", "R5", ["4G"], None),
    }
    assert await store.place_of("R-1", Goods.ROUTER) == "MAIN"
    assert (await store.balance()).ok


async def test_each_bad_row_of_routers_is_named(store: Store) -> None:
    await store.run_sql(
        "UPDATE device SET imei = %(imei)s, make = 'Other', model = 'X1' WHERE external_id = 'RS1'",
        imei=imei(9, "35999999"),
    )
    order = await store.order("PO-R", 9, goods=Goods.ROUTER, variety="Acme R5", generation="4G")
    rows = [
        f"R-1,{imei(1)},Acme,R5,4G,2",
        f"R-2,{imei(1)},Acme,R5,4G,2",
        f"RS2,{imei(2)},Acme,R5,4G,2",
        f"R-3,{imei(9, '35999999')},Acme,R5,4G,2",
        f"R-4,{imei(4, '35999999')},Acme,R5,4G,2",
        f"R-5,{imei(5)},Acme,R6,4G,2",
        f"R-6,{imei(6)},Acme,R5,3G,2",
        "R-7,351234560000011,Acme,R5,4G,2",
        f"R-8,{imei(8)},Acme,R5,4G,99",
        "R-9,,Acme,R5,4G,1",
    ]
    outcome = await store.note(order, ROUTERS + "\n".join(rows))
    assert outcome.accepted == 1
    assert _said(outcome) == [
        (3, "imei", "duplicate"),
        (4, "external_id", "duplicate"),
        (5, "imei", "duplicate"),
        (6, "imei", "tac"),
        (7, "imei", "tac"),
        (8, "generations", "generation"),
        (9, "imei", "luhn"),
        (10, "modems", "range"),
        (11, "imei", "required"),
    ]
    assert "Other X1" in outcome.problems[3].message


async def test_a_note_may_be_a_workbook(store: Store) -> None:
    cards = await store.cards("A", range(2))
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Pos", "SIM Number"])
    for at, one in enumerate(cards):
        sheet.append([at, one])
    file = io.BytesIO()
    book.save(file)
    outcome = await store.note(await store.order("PO-1", 2), file.getvalue(), "note.xlsx")
    assert (outcome.accepted, outcome.problems) == (2, [])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"name\nx\n", "no column iccid"),
        (b"iccid,iccid\n1,2\n", "twice"),
        (b"iccid\n\xff\xfe\n", "not UTF-8"),
        (b"PK\x03\x04 no workbook", "workbook"),
    ],
)
async def test_a_file_that_is_no_note_is_refused_as_a_whole(store: Store, text: bytes, said: str) -> None:
    order = await store.order("PO-1", 2)
    with pytest.raises(Invalid, match=said):
        await store.note(order, text)
    assert await store.value("SELECT count(*) FROM stock_delivery") == 0


async def test_two_notes_of_the_same_cards_at_once_bring_them_once(store: Store) -> None:
    cards = await store.cards("A", range(20))
    one, two = await store.order("PO-1", 20), await store.order("PO-2", 20)
    text = "iccid\n" + "\n".join(cards)
    done = await asyncio.gather(store.note(one, text), store.note(two, text), return_exceptions=True)
    taken = [each for each in done if isinstance(each, logistics.Delivered) and each.accepted == 20]
    assert len(taken) == 1, done
    assert await store.value("SELECT count(*) FROM stock_item") == 20
    assert (await store.balance()).ok


async def test_orders_say_what_makes_no_sense(store: Store) -> None:
    with pytest.raises(Invalid) as caught:
        await store.order(" ", 0, operator="Z", variety="gold", generation="6G")
    assert sorted(one.field for one in caught.value.problems) == [
        "generation", "number", "operator", "reference", "variety",
    ]  # fmt: skip
    await store.order("PO-1", 1)
    with pytest.raises(Conflict, match="PO-1"):
        await store.order("PO-1", 1)


async def test_a_closed_order_takes_nothing_more(store: Store) -> None:
    cards = await store.cards("A", range(2))
    order = await store.order("PO-1", 2)
    async with store.db.transaction() as tx:
        closed = await logistics.close_order(tx, store.keeper, order.id, why="the supplier gave up")
    assert (closed.state, closed.outstanding) == ("closed", 0)
    with pytest.raises(Conflict, match="closed"):
        await store.note(order, "iccid\n" + "\n".join(cards))


async def test_a_note_that_came_too_early_is_taken_in_when_it_is_sent_again(store: Store) -> None:
    """None of its cards was known to the operator yet: nothing of it counts as delivered."""
    text = f"iccid\n{iccid(1)}\n{iccid(2)}\n"
    order = await store.order("PO-1", 2)
    early = await store.note(order, text)
    assert (early.delivery_id, early.accepted, early.bad, early.outstanding) == (None, 0, 2, 2)
    assert [rule for _, _, rule in _said(early)] == ["unknown-card", "unknown-card"]
    await store.cards("A", [1, 2])
    again = await store.note(order, text)
    assert (again.accepted, again.repeated, again.outstanding) == (2, False, 0)
    assert (await store.balance()).ok
