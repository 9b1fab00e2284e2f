"""Goods on their way: from the supplier to the site and back, and what must not happen on it."""

import asyncio
from dataclasses import replace

import psycopg
import pytest
from tests.integration.logistics.conftest import Store

from tieline.platform.errors import Conflict, Forbidden, Invalid
from tieline.utility import logistics
from tieline.utility.logistics import Goods, Move, Moved

pytestmark = pytest.mark.anyio


def _rules(moved: Moved) -> list[tuple[str, str]]:
    return [(move.serial, why.rule) for move, why in moved.refused]


async def test_a_card_goes_from_the_supplier_to_a_site(store: Store) -> None:
    card, *_ = await store.delivered("A", range(3))
    crew, site = await store.crew_place(), await store.site()
    issued = await store.issue(crew, [card], "k1", reference="work-order:7")
    async with store.db.transaction() as tx:
        fitted = await logistics.fit(
            tx, store.crew, site_id=site, crew_id=1, goods=[(Goods.CARD, card)], key="k2", reference="visit:1"
        )
    assert (issued.moved, fitted.moved) == (1, 1)
    assert await store.place_of(card) == "S1"
    assert await store.states([card]) == ["fitted"]
    async with store.db.snapshot() as tx:
        item = (await logistics.list_items(tx, store.keeper, logistics.ItemFilter(q=card))).items[0]
        life = await logistics.life(tx, store.keeper, item.id)
    told = [(one["act"], one["from_name"], one["to_name"], one["actor"], one["reference"]) for one in life]
    assert told == [
        ("fitted", "Crew North 1", "Site 1", "user:cleo", "visit:1"),
        ("issued", "Main warehouse", "Crew North 1", "user:kim", "work-order:7"),
        ("delivered", "Suppliers", "Main warehouse", "user:kim", "delivery:1"),
    ]
    history = await store.rows(
        "SELECT before ->> 'stock_state' AS before, after ->> 'stock_state' AS after FROM history WHERE thing = 'card'"
    )
    assert [(one["before"], one["after"]) for one in history] == [("in_stock", "issued"), ("issued", "fitted")]
    assert (await store.balance()).ok


async def test_the_same_report_twice_is_one_movement(store: Store) -> None:
    card, *_ = await store.delivered("A", range(2))
    crew = await store.crew_place()
    first = await store.issue(crew, [card, "no-such-card"], "k1")
    again = await store.issue(crew, [card, "no-such-card"], "k1")
    assert (first.moved, first.repeated, again.moved, again.repeated) == (1, 0, 0, 1)
    assert _rules(first) == _rules(again) == [("no-such-card", "unknown")]
    assert first.batch_id == again.batch_id
    assert await store.value("SELECT count(*) FROM stock_movement WHERE batch_id = %(id)s", id=first.batch_id) == 1


async def test_a_key_is_not_used_for_something_else(store: Store) -> None:
    one, two = await store.delivered("A", range(2))
    crew = await store.crew_place()
    await store.issue(crew, [one], "k1")
    with pytest.raises(Conflict, match="other movements"):
        await store.issue(crew, [two], "k1")
    assert await store.place_of(two) == "MAIN"


async def test_a_card_is_issued_once(store: Store) -> None:
    card, *_ = await store.delivered("A", range(1))
    await store.issue(await store.crew_place(), [card], "k1")
    other = await store.issue(await store.crew_place(2, "Crew South"), [card], "k2")
    assert _rules(other) == [(card, "elsewhere")]
    assert "Crew North 1" in other.refused[0][1].message
    assert await store.place_of(card) == "CREW-1"


async def test_two_that_issue_the_same_cards_at_once_share_them(store: Store) -> None:
    cards = await store.delivered("A", range(40))
    north, south = await store.crew_place(), await store.crew_place(2, "Crew South")
    done = await asyncio.gather(store.issue(north, cards, "north"), store.issue(south, list(reversed(cards)), "south"))
    assert sorted(one.moved for one in done) == [0, 40]
    loser = min(done, key=lambda one: one.moved)
    assert {why.rule for _, why in loser.refused} == {"elsewhere"}
    assert await store.value("SELECT count(DISTINCT place_id) FROM stock_item") == 1
    assert (await store.balance()).ok


async def test_what_was_not_issued_is_not_fitted(store: Store) -> None:
    card, *_ = await store.delivered("A", range(1))
    await store.crew_place()
    site = await store.site()
    goods = [(Goods.CARD, card)]
    async with store.db.transaction() as tx:
        refused = await logistics.fit(tx, store.crew, site_id=site, crew_id=1, goods=goods, key="k1")
        forced = await logistics.fit(tx, store.crew, site_id=site, crew_id=1, goods=goods, key="k2", force=True)
    assert _rules(refused) == [(card, "not-issued")]
    assert forced.moved == 1
    said = await store.value("SELECT irregular FROM stock_movement WHERE irregular <> ''")
    assert said == "fitted by Crew North 1 without having been issued to it: it was in Main warehouse"
    async with store.db.snapshot() as tx:
        irregular = await logistics.count_items(tx, store.keeper, logistics.ItemFilter(irregular=True))
    assert irregular == 1


async def test_old_goods_come_back_though_the_ledger_never_heard_of_them(store: Store) -> None:
    await store.crew_place()
    site = await store.site(2)
    await store.run_sql("UPDATE link SET valid_to = now() WHERE site_id = %(site)s", site=site)
    await store.run_sql("UPDATE card SET stock_state = 'returned' WHERE iccid IN ('old-A-2', 'old-B-2')")
    goods = [(Goods.ROUTER, "RS2"), (Goods.CARD, "old-A-2"), (Goods.CARD, "old-B-2")]
    async with store.db.transaction() as tx:
        moved = await logistics.bring_back(tx, store.crew, site_id=site, crew_id=1, goods=goods, key="k1")
    assert (moved.moved, moved.refused) == (3, ())
    assert await store.place_of("RS2", Goods.ROUTER) == "CREW-1"
    assert await store.value("SELECT site_id FROM device WHERE external_id = 'RS2'") is None
    balance = await store.balance()
    assert balance.ok, balance.differences
    assert [(one.kind, one.goods, one.operator, one.used, one.number) for one in balance.places] == [
        ("crew", "card", "A", True, 1),
        ("crew", "card", "B", True, 1),
        ("crew", "router", None, True, 1),
    ]


async def test_a_crew_that_reports_the_wrong_site_is_told(store: Store) -> None:
    await store.crew_place()
    there, here = await store.site(2), await store.site(1)
    async with store.db.transaction() as tx:
        moved = await logistics.bring_back(
            tx, store.crew, site_id=here, crew_id=1, goods=[(Goods.ROUTER, "RS2")], key="k1"
        )
    assert there != here
    assert _rules(moved) == [("RS2", "elsewhere")]
    assert "Site 2" in moved.refused[0][1].message


async def test_a_used_card_does_not_go_back_among_what_is_free(store: Store) -> None:
    card, spare = await store.delivered("A", range(2))
    crew, site = await store.crew_place(), await store.site()
    await store.issue(crew, [card, spare], "k1")
    async with store.db.transaction() as tx:
        await logistics.fit(tx, store.crew, site_id=site, crew_id=1, goods=[(Goods.CARD, card)], key="k2")
        await logistics.bring_back(tx, store.crew, site_id=site, crew_id=1, goods=[(Goods.CARD, card)], key="k3")
        moves = [Move(Goods.CARD, one, store.main.id) for one in (card, spare)]
        back = await logistics.move(tx, store.keeper, moves, key="k4", reason="end of the day")
    assert back.moved == 2
    assert await store.states([card]) == ["returned"]
    assert await store.states([spare]) == ["in_stock"]
    assert (await store.balance()).ok


@pytest.mark.parametrize(
    ("to", "rule"), [("LOST", "report-loss"), ("SUPPLIER", None), ("REPAIR", None), ("SCRAP", None)]
)
async def test_ways_out_of_a_warehouse(store: Store, to: str, rule: str | None) -> None:
    card, *_ = await store.delivered("A", range(1))
    place = await store.value("SELECT id FROM stock_place WHERE code = %(code)s", code=to)
    async with store.db.transaction() as tx:
        moved = await logistics.move(tx, store.keeper, [Move(Goods.CARD, card, place)], key="k1")
    assert [one for _, one in _rules(moved)] == ([rule] if rule else [])
    assert (await store.balance()).ok


async def test_nothing_leaves_the_scrap(store: Store) -> None:
    card, *_ = await store.delivered("A", range(1))
    scrap = await store.value("SELECT id FROM stock_place WHERE code = 'SCRAP'")
    async with store.db.transaction() as tx:
        await logistics.move(tx, store.keeper, [Move(Goods.CARD, card, scrap)], key="k1")
        back = await logistics.move(tx, store.keeper, [Move(Goods.CARD, card, store.main.id)], key="k2")
    assert _rules(back) == [(card, "scrapped")]


async def test_a_list_with_the_same_card_twice_moves_it_once(store: Store) -> None:
    card, *_ = await store.delivered("A", range(1))
    moved = await store.issue(await store.crew_place(), [card, card], "k1")
    assert (moved.moved, _rules(moved)) == (1, [(card, "twice")])


async def test_only_who_may_moves_goods(store: Store) -> None:
    card, *_ = await store.delivered("A", range(1))
    crew = await store.crew_place()
    with pytest.raises(Forbidden):
        async with store.db.transaction() as tx:
            await logistics.move(tx, store.crew, [Move(Goods.CARD, card, crew.id)], key="k1")
    with pytest.raises(Invalid, match="key"):
        await store.issue(crew, [card], " ")


async def test_cards_of_another_operator_are_not_seen(store: Store) -> None:
    card, *_ = await store.delivered("A", range(1))
    crew = await store.crew_place()
    other = store.keeper.narrowed(operators={"B"})
    async with store.db.transaction() as tx:
        assert await logistics.where(tx, other, Goods.CARD, [card]) == {}
        moved = await logistics.move(tx, other, [Move(Goods.CARD, card, crew.id)], key="k1")
    assert _rules(moved) == [(card, "unknown")]
    assert await store.place_of(card) == "MAIN"


async def test_the_ledger_is_only_ever_added_to(store: Store) -> None:
    await store.delivered("A", range(1))
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only ever added to"):
        await store.run_sql("UPDATE stock_movement SET reason = 'never was'")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only ever added to"):
        await store.run_sql("DELETE FROM stock_movement")


async def test_what_is_issued_comes_from_a_warehouse(store: Store) -> None:
    """The ledger takes up what it does not know in the warehouse that is named: that has to be one."""
    card = (await store.cards("A", [1]))[0]
    crew = await store.crew_place()
    lost = await store.value("SELECT id FROM stock_place WHERE code = 'LOST'")
    for number in (999_999, lost, crew.id):
        goods = [(Goods.CARD, card)]
        with pytest.raises(Invalid, match="no warehouse"):
            async with store.db.transaction() as tx:
                await logistics.issue(tx, store.keeper, goods, warehouse_id=number, to_place=crew.id, key="k1")
        with pytest.raises(Invalid, match="no warehouse"):
            async with store.db.transaction() as tx:
                await logistics.take_in(tx, store.keeper, warehouse_id=number, key="k2")
    assert await store.value("SELECT count(*) FROM stock_item") == 0


async def test_a_storekeeper_of_a_region_takes_over_no_place_of_others(store: Store) -> None:
    north = replace(store.keeper, regions=frozenset({"North"}))
    await store.crew_place(region="South")
    async with store.db.transaction() as tx:
        await logistics.put_warehouse(tx, store.keeper, code="S1", name="South store", region="South")
        made = await logistics.put_warehouse(tx, north, code="N1", name="Byker", region="North")
    assert made.region == "North"
    for code in ("S1", "MAIN"):
        with pytest.raises((Forbidden, Invalid)):
            async with store.db.transaction() as tx:
                await logistics.put_warehouse(tx, north, code=code, name="Mine now", region="North")
    with pytest.raises(Invalid, match="everybody's"):
        async with store.db.transaction() as tx:
            await logistics.put_warehouse(tx, store.keeper, code="MAIN", name="Byker", region="North")
    with pytest.raises(Forbidden):
        async with store.db.transaction() as tx:
            await logistics.crew_place(tx, north, crew_id=1, name="Mine now", region="North")
    with pytest.raises(Invalid, match="outside your regions"):
        async with store.db.transaction() as tx:
            await logistics.crew_place(tx, north, crew_id=2, name="Crew South 2", region="South")
    kept = await store.rows("SELECT name, region FROM stock_place WHERE code IN ('MAIN', 'S1', 'CREW-1') ORDER BY code")
    assert [(one["name"], one["region"]) for one in kept] == [
        ("Crew North 1", "South"),
        ("Main warehouse", None),
        ("South store", "South"),
    ]


async def test_acts_and_counts_of_another_operators_goods_are_not_seen(store: Store) -> None:
    await store.delivered("A", range(2))
    mine = await store.delivered("B", range(10, 12), reference="PO-2")
    only_b = replace(store.keeper, operators=frozenset({"B"}))
    async with store.db.transaction() as tx:
        acts = await logistics.recent_acts(tx, only_b)
        made = await logistics.count_place(tx, only_b, place_id=store.main.id, goods=Goods.CARD, serials=mine)
        row = await logistics.one_count(tx, only_b, made)
        balance = await logistics.balance(tx, only_b)
    assert [one["reason"] for one in acts] == ["order PO-2"]
    assert (row["present"], row["missing"]) == (2, 0)
    assert (balance.ok, balance.items, balance.movements, balance.goods[0].ordered) == (True, 2, 2, 2)
