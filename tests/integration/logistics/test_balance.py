"""The balance: what does not agree is found, and named item by item."""

import asyncio
import random
import time
from datetime import date

import pytest
from tests.integration.logistics.conftest import Store, iccid

from tieline.platform import audit
from tieline.platform.db import execute
from tieline.platform.errors import Conflict, Invalid
from tieline.utility import inventory, logistics
from tieline.utility.logistics import Demand, Goods, Move, policy
from tieline.utility.logistics.store import ledger

pytestmark = pytest.mark.anyio


async def _found(store: Store) -> list[tuple[str, str]]:
    balance = await store.balance()
    assert not balance.ok
    assert balance.difference_count == len(balance.differences)
    return [(one.kind.value, one.serial) for one in balance.differences]


async def test_an_item_that_somebody_put_elsewhere_is_found(store: Store) -> None:
    card, *_ = await store.delivered("A", range(3))
    await store.run_sql(
        "UPDATE stock_item SET place_id = (SELECT id FROM stock_place WHERE code = 'REPAIR') WHERE serial = %(s)s",
        s=card,
    )
    assert await _found(store) == [("replay", card), ("state", card)]


async def test_an_item_that_disappeared_is_found(store: Store) -> None:
    card, *_ = await store.delivered("A", range(3))
    await store.run_sql("UPDATE stock_item SET delivery_id = NULL WHERE serial = %(s)s", s=card)
    assert await _found(store) == [("origin", card), ("sum", "delivery 1")]


async def test_a_movement_from_nowhere_is_found(store: Store) -> None:
    card, *_ = await store.delivered("A", range(3))
    await store.run_sql(
        """INSERT INTO stock_movement (batch_id, item_id, from_place, to_place, at)
        SELECT b.id, i.id, r.id, i.place_id, now() FROM stock_batch b, stock_item i, stock_place r
        WHERE i.serial = %(s)s AND r.code = 'REPAIR' LIMIT 1""",
        s=card,
    )
    assert await _found(store) == [("chain", card)]


@pytest.mark.parametrize("state", ["fitted", "lost", "blocked"])
async def test_a_card_whose_state_says_something_else_is_found(store: Store, state: str) -> None:
    card, *_ = await store.delivered("A", range(3))
    await store.run_sql("UPDATE card SET stock_state = %(state)s WHERE iccid = %(s)s", state=state, s=card)
    assert await _found(store) == [("state", card)]


async def test_a_router_that_the_inventory_has_elsewhere_is_found(store: Store) -> None:
    async with store.db.transaction() as tx:
        await logistics.take_in(tx, store.keeper, warehouse_id=store.main.id, key="opening")
    await store.run_sql("UPDATE device SET site_id = NULL WHERE external_id = 'RS4'")
    assert await _found(store) == [("site", "RS4")]


_ITS_SITE = """
INSERT INTO stock_place (kind, code, name, site_id)
SELECT 'site', external_id, name, id FROM site ORDER BY id LIMIT 1"""
_EVERY_CARD = """
WITH site AS (SELECT array_agg(id ORDER BY id) AS ids FROM site),
o AS (SELECT id FROM operator WHERE code = 'A'),
want AS (
    SELECT p.id AS place_id, 'c-' || p.kind || '-' || state || '-' || n AS name, state, site.ids[n] AS site_id,
        o.id AS operator_id
    FROM stock_place p, site, o, generate_series(0, 2) n,
        unnest('{in_stock,reserved,issued,fitted,returned,lost,blocked}'::text[]) state
), c AS (
    INSERT INTO card (iccid, operator_id, stock_state) SELECT name, operator_id, state FROM want RETURNING id, iccid
), s AS (
    INSERT INTO subscription (operator_ref, operator_id) SELECT name, operator_id FROM want
    WHERE site_id IS NOT NULL RETURNING id, operator_ref
), d AS (
    INSERT INTO device (external_id) SELECT name FROM want WHERE site_id IS NOT NULL RETURNING id, external_id
), l AS (
    INSERT INTO link (site_id, device_id, card_id, subscription_id, operator_id)
    SELECT w.site_id, d.id, c.id, s.id, w.operator_id FROM want w JOIN c ON c.iccid = w.name
    JOIN s ON s.operator_ref = w.name JOIN d ON d.external_id = w.name
)
INSERT INTO stock_item (goods, serial, thing_id, operator, place_id, since)
SELECT 'card', w.name, c.id, 'A', w.place_id, now() FROM want w JOIN c ON c.iccid = w.name"""
_EVERY_ROUTER = """
WITH site AS (SELECT array_agg(id ORDER BY id) AS ids FROM site),
want AS (
    SELECT p.id AS place_id, 'r-' || p.kind || '-' || n AS name, site.ids[n] AS site_id
    FROM stock_place p, site, generate_series(0, 2) n
), d AS (
    INSERT INTO device (external_id, site_id) SELECT name, site_id FROM want RETURNING id, external_id
)
INSERT INTO stock_item (goods, serial, thing_id, place_id, since)
SELECT 'router', w.name, d.id, w.place_id, now() FROM want w JOIN d ON d.external_id = w.name"""
_NOBODYS = """
INSERT INTO stock_item (goods, serial, thing_id, operator, place_id, since)
SELECT goods, 'gone-' || goods, -1, CASE goods WHEN 'card' THEN 'A' END, p.id, now()
FROM stock_place p, unnest('{card,router}'::text[]) goods WHERE p.code = 'MAIN'"""


async def test_whatever_the_inventory_says_is_found_where_it_disagrees(store: Store) -> None:
    """In every sort of place, in every state, at its own site, at another and at none: as the rules say it."""
    await store.crew_place()
    for text in (_ITS_SITE, _EVERY_CARD, _EVERY_ROUTER, _NOBODYS):
        await store.run_sql(text)
    async with store.db.snapshot() as tx:
        cards = await inventory.card_facts(tx, store.keeper)
        devices = await inventory.device_facts(tx, store.keeper)
        named = await store.rows("SELECT goods, serial FROM stock_item")
        items = await ledger.items(tx, store.keeper, [(Goods(one["goods"]), one["serial"]) for one in named])
        balance = await logistics.balance(tx, store.keeper, listed=1000)
    wanted = {
        serial: policy.card_disagrees(item.place, cards.get(serial))
        if goods is Goods.CARD
        else policy.device_disagrees(item.place, devices.get(serial))
        for (goods, serial), item in items.items()
    }
    assert len(wanted) == 7 * (7 * 3 + 3) + 2
    found = {one.serial: one.found for one in balance.differences if one.kind in {"state", "site", "gone"}}
    assert found == {serial: said for serial, said in wanted.items() if said}
    assert {one.serial for one in balance.differences if one.kind == "gone"} == {"gone-card", "gone-router"}


async def test_of_many_differences_some_are_told_and_all_are_counted(store: Store) -> None:
    cards = await store.delivered("A", range(12))
    await store.run_sql("UPDATE card SET stock_state = 'lost' WHERE iccid = ANY(%(s)s)", s=cards)
    for listed in (0, 5, 100):
        async with store.db.snapshot() as tx:
            balance = await logistics.balance(tx, store.keeper, listed=listed)
        assert (balance.ok, balance.difference_count) == (False, 12)
        assert [one.serial for one in balance.differences] == cards[:listed]


async def test_the_books_are_opened_with_what_there_is(store: Store) -> None:
    await store.cards("A", range(2))
    before = await store.balance()
    assert before.untracked == {"card": 8 + 8 + 2, "router": 4}
    async with store.db.transaction() as tx:
        taken = await logistics.take_in(tx, store.keeper, warehouse_id=store.main.id, key="opening")
    async with store.db.transaction() as tx:
        again = await logistics.take_in(tx, store.keeper, warehouse_id=store.main.id, key="opening")
        later = await logistics.take_in(tx, store.keeper, warehouse_id=store.main.id, key="once more")
    assert (taken.moved, again.moved, again.repeated, later.moved) == (22, 0, 22, 0)
    balance = await store.balance()
    assert (balance.ok, balance.untracked) == (True, {})
    assert [(one.goods, one.opening, one.present) for one in balance.goods] == [("card", 18, 18), ("router", 4, 4)]
    sites = {(one.goods, one.operator): one.number for one in balance.places if one.kind == "site"}
    assert sites == {("card", "A"): 4, ("card", "B"): 4, ("router", None): 4}


async def test_any_moves_leave_each_item_in_one_place(store: Store) -> None:
    """Whatever is asked for, in whatever order and from several sides at once, nothing is doubled and nothing lost."""
    cards = await store.delivered("A", range(25))
    crews = [await store.crew_place(one, f"Crew {one}") for one in (1, 2, 3)]
    places = [row["id"] for row in await store.rows("SELECT id FROM stock_place ORDER BY id")]
    sites = [await store.site(one) for one in (1, 2)]
    chance = random.Random(3)  # noqa: S311 - to be repeatable

    async def act(number: int) -> None:
        some = chance.sample(cards, chance.randint(1, 8))
        way, key = chance.randrange(5), f"act-{number}"
        goods = [(Goods.CARD, one) for one in some]
        crew, site, force = chance.choice(crews), chance.choice(sites), chance.random() < 0.5
        async with store.db.transaction() as tx:
            if way == 0:
                await logistics.fit(
                    tx, store.keeper, site_id=site, crew_id=crew.crew_id or 0, goods=goods, key=key, force=force
                )
            elif way == 1:
                await logistics.bring_back(
                    tx, store.keeper, site_id=site, crew_id=crew.crew_id or 0, goods=goods, key=key
                )
            else:
                to = chance.choice(places)
                await logistics.move(tx, store.keeper, [Move(Goods.CARD, one, to) for one in some], key=key)

    for start in range(0, 120, 4):
        await asyncio.gather(*(act(number) for number in range(start, start + 4)))
    balance = await store.balance()
    assert balance.ok, balance.differences[:5]
    assert sum(one.number for one in balance.places) == 25
    assert balance.movements > 60
    assert await store.value("SELECT count(*) FROM stock_item") == 25


async def test_twenty_thousand_cards_are_moved_in_seconds(store: Store) -> None:
    cards = [iccid(number) for number in range(20_000)]
    await store.cards("B", range(20_000))
    async with store.db.transaction() as tx:
        await logistics.take_in(tx, store.keeper, warehouse_id=store.main.id, key="opening")
    crew = await store.crew_place()
    began = time.monotonic()
    moved = await store.issue(crew, cards, "all")
    took = time.monotonic() - began
    assert (moved.moved, moved.refused) == (20_000, ())
    assert took < 60, f"{took:.1f} s"
    began = time.monotonic()
    assert (await store.balance()).ok
    assert time.monotonic() - began < 60


async def _count(store: Store, place: int, serials: list[str]) -> int:
    async with store.db.transaction() as tx:
        return await logistics.count_place(tx, store.keeper, place_id=place, goods=Goods.CARD, serials=serials)


async def test_a_stocktake_finds_what_is_missing_misplaced_and_strange(store: Store) -> None:
    cards = await store.delivered("A", range(4))
    crew = await store.crew_place()
    await store.issue(crew, [cards[0]], "k1")
    untracked = (await store.cards("A", [77]))[0]
    number = await _count(store, store.main.id, [cards[0], cards[1], cards[2], untracked, "nobody's"])
    async with store.db.snapshot() as tx:
        sheet = (await logistics.count_differences(tx, store.keeper, number)).items
        row = await logistics.one_count(tx, store.keeper, number)
    assert {(one["serial"], one["verdict"], one["place_name"]) for one in sheet} == {
        (cards[3], "missing", "Main warehouse"),
        (cards[0], "wrong_place", "Crew North 1"),
        (untracked, "unexpected", None),
        ("nobody's", "unknown", None),
    }
    assert (row["listed"], row["present"], row["missing"]) == (5, 2, 1)
    async with store.db.transaction() as tx:
        moved = await logistics.adjust(tx, store.keeper, number, why="counted by two", lose_missing=True)
    assert moved.moved == 1
    assert [await store.place_of(one) for one in (cards[0], untracked, cards[3])] == ["MAIN", "MAIN", "LOST"]
    assert (await store.balance()).ok
    with pytest.raises(Conflict, match="acted on"):
        async with store.db.transaction() as tx:
            await logistics.adjust(tx, store.keeper, number, why="again")


async def test_what_moved_since_it_was_counted_is_left_alone(store: Store) -> None:
    cards = await store.delivered("A", range(2))
    crew, other = await store.crew_place(), await store.crew_place(2, "Crew South")
    await store.issue(crew, [cards[0]], "k1")
    number = await _count(store, store.main.id, [cards[0]])
    async with store.db.transaction() as tx:
        await logistics.move(tx, store.keeper, [Move(Goods.CARD, cards[0], other.id)], key="k2")
        await logistics.move(tx, store.keeper, [Move(Goods.CARD, cards[1], other.id)], key="k3")
    async with store.db.transaction() as tx:
        moved = await logistics.adjust(tx, store.keeper, number, why="counted", lose_missing=True)
        sheet = (await logistics.count_differences(tx, store.keeper, number)).items
    assert moved.moved == 0
    assert [await store.place_of(one) for one in cards] == ["CREW-2", "CREW-2"]
    assert {one["outcome"] for one in sheet} == {
        "It went to Crew South since it was counted.",
        "it moved since it was counted",
    }


async def test_sites_are_not_counted(store: Store) -> None:
    async with store.db.transaction() as tx:
        await logistics.take_in(tx, store.keeper, warehouse_id=store.main.id, key="opening")
    site = await store.value("SELECT id FROM stock_place WHERE code = 'S1'")
    with pytest.raises(Invalid, match="counted"):
        await _count(store, site, [])


async def test_the_forecast_says_on_which_day_stock_runs_out(store: Store) -> None:
    await store.delivered("A", range(3))
    await store.order("PO-9", 4, expected_on=date(2030, 1, 10), generation="4G")
    demands = [
        Demand(day=date(2030, 1, 5), goods=Goods.CARD, operator="A", generation="4G", number=5),
        Demand(day=date(2030, 1, 12), goods=Goods.CARD, operator="A", generation="4G", number=1),
        Demand(day=date(2030, 1, 5), goods=Goods.ROUTER, number=1),
    ]
    async with store.db.transaction() as tx:
        await logistics.put_needs(tx, store.keeper, "programme:1", demands)
        found = await logistics.needs(tx, store.keeper, today=date(2030, 1, 1))
        origins = await logistics.need_origins(tx, store.keeper)
    assert [(one.goods, one.in_stock, one.coming, one.first_short, one.short_by) for one in found] == [
        ("card", 3, 4, date(2030, 1, 5), 2),
        ("router", 0, 0, date(2030, 1, 5), 1),
    ]
    assert [(one["origin"], one["goods"], one["number"]) for one in origins] == [
        ("programme:1", "card", 6),
        ("programme:1", "router", 1),
    ]


async def test_an_adjustment_locks_all_that_it_moves_before_the_audit_trail(store: Store) -> None:
    """Somebody holds a missing card and writes into the trail meanwhile: neither waits for the other in a ring."""
    cards = await store.delivered("A", range(3))
    await store.issue(await store.crew_place(), [cards[0]], "k1")
    number = await _count(store, store.main.id, cards[:2])

    async def adjust() -> logistics.Moved:
        async with store.db.transaction() as tx:
            return await logistics.adjust(tx, store.keeper, number, why="counted", lose_missing=True)

    waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with store.db.transaction() as other:
        text = "SELECT id FROM stock_item WHERE serial = %(s)s FOR UPDATE"
        await execute(other, text, {"s": cards[2]})
        task = asyncio.create_task(adjust())
        while not await store.value(waits):
            assert not task.done()
        await audit.append(other, store.keeper, audit.Entry("stock.moved", "stock-batch:0", {}))
    assert (await task).moved == 1
    assert await store.states([cards[2]]) == ["lost"]
