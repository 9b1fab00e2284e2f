"""Crews, visits and work orders: planned in bulk, put into days, moved, handed over, cancelled, sent out as files."""

import csv
import io
import json
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from tests.integration.fieldwork.conftest import NOW, iccid, person

from tieline.platform.errors import Conflict, Forbidden, Invalid, NotFound
from tieline.platform.scope import Role
from tieline.utility import fieldwork, logistics
from tieline.utility.fieldwork import CrewDraft, OrderFilter, Target, VisitFilter, VisitState, Working
from tieline.utility.fieldwork.policy.routing import distance_km

pytestmark = pytest.mark.anyio
MONDAY = NOW.date()


async def test_planning_twice_gives_the_same_visits(world: Any) -> None:
    first = await world.plan(0, 1)
    again = await world.plan(1, 0, 2)
    assert again[:2] == first[::-1]
    assert again[2] not in first
    assert await world.value("SELECT count(*) FROM visit_step") == 6
    async with world.db.transaction() as tx:
        page = await fieldwork.visits_of(tx, world.dora, "programme:1", clock=world.clock)
    assert [visit.origin_key for visit in page.items] == ["site:0/1", "site:1/1", "site:2/1"]


async def test_a_site_that_one_may_not_touch_keeps_all_from_being_planned(world: Any) -> None:
    north = person("nora", 900, Role.TECHNICIAN, regions=frozenset({"North"}))
    async with world.db.transaction() as tx:
        with pytest.raises(NotFound):
            await fieldwork.plan_visits(tx, north, [world.wanted(0), world.wanted(1)])
    assert await world.value("SELECT count(*) FROM visit") == 0
    with pytest.raises(Forbidden):
        async with world.db.transaction() as tx:
            await fieldwork.plan_visits(tx, world.kit, [world.wanted(0)])


async def make(world: Any, crews: list[str], region: str | None = "North", **working: Any) -> Any:
    ids = [world.crews[code] for code in crews]
    async with world.db.transaction() as tx:
        return await fieldwork.make_orders(
            tx, world.dora, world.clock, region=region, crew_ids=ids, first_day=MONDAY, working=Working(**working)
        )


async def test_waiting_visits_become_days_of_crews_that_hold_what_they_say(world: Any) -> None:
    visits = await world.plan(0, 2, 4)
    made = await make(world, ["north"], hours=4, home_minutes=0, speed_kmh=60)
    async with world.db.transaction() as tx:
        orders = [await fieldwork.order_visits(tx, world.dora, one) for one in made.order_ids]
    assert sorted(visit.id for _, found in orders for visit in found) == sorted(visits)
    assert [order.day for order, _ in orders] == [MONDAY + timedelta(days=n) for n in range(len(orders))]
    for order, found in orders:
        km = sum(distance_km((a.lat or 0, a.lon or 0), (b.lat or 0, b.lon or 0)) for a, b in pairwise(found))
        assert order.km == pytest.approx(km)
        assert order.minutes == pytest.approx(45 * len(found) + km)  # a minute a kilometre
        assert order.minutes <= 240 or len(found) == 1
        assert [visit.position for visit in found] == list(range(1, len(found) + 1))
    assert made.km_saved == pytest.approx(sum(order.km_saved for order, _ in orders))
    again = await make(world, ["north"])
    assert (again.order_ids, again.visits) == ((), 0), "nothing waits any more"


async def test_what_is_due_earlier_is_driven_to_earlier_and_crews_share_the_days(world: Any) -> None:
    late = await world.plan(0, 2, due_at=NOW + timedelta(days=60))
    soon = await world.plan(4, due_at=NOW + timedelta(days=9))
    made = await make(world, ["north", "south"], region=None, hours=1.5, home_minutes=0)
    async with world.db.transaction() as tx:
        orders = [await fieldwork.order_visits(tx, world.dora, one) for one in made.order_ids]
    assert [visit.id for visit in orders[0][1]] == soon
    assert {visit.id for _, found in orders[1:] for visit in found} == set(late)
    assert [(order.day, order.crew) for order, _ in orders] == [
        (MONDAY, "Crew north"),
        (MONDAY, "Crew south"),
        (MONDAY + timedelta(days=1), "Crew north"),
    ]


async def test_a_day_of_one_visit_is_ordered_beside_days_of_more(world: Any) -> None:
    await world.plan(0, 2, due_at=NOW + timedelta(days=9))
    alone = await world.plan(4, due_at=NOW + timedelta(days=60))
    made = await make(world, ["north"], hours=3, home_minutes=0)
    async with world.db.transaction() as tx:
        orders = [await fieldwork.order_visits(tx, world.dora, one) for one in made.order_ids]
    assert [len(found) for _, found in orders].count(1) < len(orders)
    assert [order.km for order, found in orders if [one.id for one in found] == alone] == [0]


@pytest.mark.parametrize(
    ("day", "crews", "hours"), [(MONDAY - timedelta(days=1), 1, 8), (MONDAY, 0, 8), (MONDAY, 1, 1)]
)
async def test_orders_that_nobody_can_work_are_not_made(world: Any, day: date, crews: int, hours: float) -> None:
    async with world.db.transaction() as tx:
        with pytest.raises(Invalid):
            await fieldwork.make_orders(
                tx,
                world.dora,
                world.clock,
                region="North",
                crew_ids=[world.crews["north"]][:crews],
                first_day=day,
                working=Working(hours),
            )


async def test_a_moved_visit_goes_into_the_best_sequence_of_its_new_day(world: Any) -> None:
    ids = await world.ordered(0, 2, 4)
    before = (await world.visit(ids[0])).order_id
    target = Target(crew_id=world.crews["south"], day=MONDAY + timedelta(days=2))
    async with world.db.transaction() as tx:
        moved = await fieldwork.move_visits(tx, world.dora, world.clock, ids[:2], target)
        old, left = await fieldwork.order_visits(tx, world.dora, before)
        _, there = await fieldwork.order_visits(tx, world.dora, moved.id)
    assert (moved.day, moved.crew, moved.visits) == (MONDAY + timedelta(days=2), "Crew south", 2)
    assert [visit.id for visit in left] == ids[2:]
    assert (old.km, old.visits) == (0, 1)
    km = distance_km(*[(visit.lat or 0, visit.lon or 0) for visit in there])
    assert moved.km == pytest.approx(km)
    async with world.db.transaction() as tx:
        again = await fieldwork.move_visits(tx, world.dora, world.clock, ids[2:], target)
    assert (again.id, again.visits) == (moved.id, 3), "the day's order is used"


async def test_a_visit_under_way_or_over_is_not_moved(world: Any) -> None:
    there, over = await world.ordered(0, 2)
    await world.say(there, "arrived")
    await world.say(over, "finished", outcome="not-possible", why="No such site.")
    for visit in (there, over):
        async with world.db.transaction() as tx:
            with pytest.raises(Conflict, match="cannot be moved"):
                await fieldwork.move_visits(
                    tx, world.dora, world.clock, [visit], Target(crew_id=world.crews["south"], day=MONDAY)
                )


async def test_an_order_is_not_taken_from_a_crew_that_is_there(world: Any) -> None:
    (visit,) = await world.ordered(0)
    order = (await world.visit(visit)).order_id
    await world.say(visit, "arrived")
    async with world.db.transaction() as tx:
        with pytest.raises(Conflict, match="Crew north is at Site 1"):
            await fieldwork.hand_over(tx, world.dora, world.clock, order, crew_id=world.crews["south"])
        with pytest.raises(Conflict, match="Crew north is at Site 1"):
            await fieldwork.cancel_order(tx, world.dora, order, "ill")
    await world.say(visit, "left")
    async with world.db.transaction() as tx:
        moved = await fieldwork.hand_over(tx, world.dora, world.clock, order, crew_id=world.crews["south"])
    assert moved.crew == "Crew south"
    with pytest.raises(NotFound):
        await world.visit(visit, who="kit")
    assert (await world.visit(visit, who="lee")).id == visit


async def test_a_cancelled_order_gives_its_open_visits_back(world: Any) -> None:
    over, left = await world.ordered(0, 2)
    order = (await world.visit(over)).order_id
    await world.say(over, "finished", outcome="again", why="No key.")
    async with world.db.transaction() as tx:
        assert await fieldwork.cancel_order(tx, world.dora, order, "The van broke down") == 1
        page = await fieldwork.visit_page(tx, world.dora, world.clock, VisitFilter(unassigned=True))
    assert [visit.id for visit in page.items] == [left]
    assert (await world.visit(over)).order_id == order
    async with world.db.transaction() as tx:
        with pytest.raises(Conflict):
            await fieldwork.hand_over(tx, world.dora, world.clock, order, day=MONDAY)


async def test_lists_are_kept_within_the_askers_regions_and_crews_see_their_own(world: Any) -> None:
    north, south = (await world.ordered(0))[0], (await world.ordered(1, crew="south"))[0]
    nora = person("nora", 900, Role.VIEWER, regions=frozenset({"North"}))
    async with world.db.transaction() as tx:
        seen = {}
        for name, scope in (("nora", nora), ("kit", world.kit), ("lee", world.lee), ("dora", world.dora)):
            visits = await fieldwork.visit_page(tx, scope, world.clock, VisitFilter())
            orders = await fieldwork.order_page(tx, scope, OrderFilter())
            seen[name] = ([visit.id for visit in visits.items], len(orders.items))
    assert seen == {"nora": ([north], 1), "kit": ([north], 1), "lee": ([south], 1), "dora": ([north, south], 2)}


async def test_late_visits_are_those_that_should_be_over(world: Any) -> None:
    ids = await world.ordered(0, 2)
    await world.say(ids[0], "finished", outcome="again", why="No key.")
    world.clock.forward(timedelta(days=1))
    async with world.db.transaction() as tx:
        page = await fieldwork.visit_page(tx, world.dora, world.clock, VisitFilter(late=True))
        assert await fieldwork.count_visits(tx, world.dora, world.clock, VisitFilter(late=True)) == 1
        (row,) = await fieldwork.tally(tx, world.dora, world.clock)
    assert [visit.id for visit in page.items] == [ids[1]]
    assert (row["region"], row["late"], row["not_done"], row["ordered"]) == ("North", 1, 1, 1)


async def test_members_are_crew_accounts_of_no_other_crew(world: Any) -> None:
    async with world.db.transaction() as tx:
        with pytest.raises(Invalid, match="lee belongs to Crew south"):
            await fieldwork.change_crew(
                tx, world.dora, world.crews["north"], CrewDraft("", "North", None, ("kit", "lee"))
            )
    async with world.db.transaction() as tx:
        with pytest.raises(Invalid, match="Nobody called zoe"):
            await fieldwork.make_crew(tx, world.dora, world.clock, CrewDraft("west", "West", None, ("zoe",)))
    async with world.db.transaction() as tx:
        with pytest.raises(Conflict):
            await fieldwork.make_crew(tx, world.dora, world.clock, CrewDraft("north", "Another"))
    async with world.db.transaction() as tx:
        crew = await fieldwork.change_crew(tx, world.dora, world.crews["north"], CrewDraft("", "North", None, ("kit",)))
        assert crew.members == ("kit",)
        assert await fieldwork.candidates(tx, world.dora) == ["kim"]


async def test_the_files_of_an_order_say_the_way_in_its_sequence(world: Any) -> None:
    ids = await world.ordered(0, 2, 4)
    await world.run("UPDATE site SET name = '=HYPERLINK(1)' WHERE external_id = 'S1'")
    await world.run("UPDATE site SET lat = NULL WHERE external_id = 'S5'")
    async with world.db.transaction() as tx:
        order, visits = await fieldwork.order_visits(tx, world.dora, (await world.visit(ids[0])).order_id)
    rows = list(csv.DictReader(io.StringIO(fieldwork.csv_of(visits))))
    assert [int(row["visit"]) for row in rows] == [visit.id for visit in visits]
    assert [row["name"] for row in rows if row["site"] == "S1"] == ["'=HYPERLINK(1)"]
    assert {row["cards"] for row in rows if row["site"] == "S3"} == {f"{iccid(2, 2)} {iccid(2, 1)}"}
    found = json.loads(json.dumps(fieldwork.geojson_of(order, visits, NOW)))
    way, *points = found["features"]
    assert found["type"] == "FeatureCollection"
    assert way["geometry"]["type"] == "LineString"
    placed = [point["geometry"]["coordinates"] for point in points if point["geometry"]]
    assert way["geometry"]["coordinates"] == placed
    assert all(-180 <= lon < 0 and 50 < lat < 54 for lon, lat in placed), "longitude comes first (RFC 7946, 3.1.1)"
    assert [point["properties"]["visit"] for point in points] == [visit.id for visit in visits]
    assert [point["geometry"] for point in points].count(None) == 1


async def test_the_store_is_told_which_cards_an_order_needs(world: Any) -> None:
    (visit,) = await world.ordered(0)
    order = (await world.visit(visit)).order_id
    async with world.db.transaction() as tx:
        want = await logistics.wanted(tx, world.dora, "work order", order)
    assert want.crew_id == world.crews["north"]
    assert [serial for _, serial in want.serials] == [iccid(0, 2), iccid(0, 1)]
    assert (await world.visit(visit)).state is VisitState.PLANNED


async def test_twenty_thousand_visits_are_planned_and_ordered(world: Any) -> None:
    """A small share of them here; the arithmetic does not change."""
    wanted = [world.wanted(0, number) for number in range(400)]
    async with world.db.transaction() as tx:
        made = await fieldwork.plan_visits(tx, world.dora, wanted, clock=world.clock)
    assert len(made) == 400
    done = await make(world, ["north", "south"])
    assert done.visits == 400
    assert done.km == 0, "they are all at one place"
    async with world.db.transaction() as tx:
        page = await fieldwork.order_page(tx, world.dora, OrderFilter(), limit=3)
        rest = await fieldwork.order_page(tx, world.dora, OrderFilter(), cursor=page.next, limit=1000)
    assert len(page.items) + len(rest.items) == len(done.order_ids)
    assert sum(order.visits for order in (*page.items, *rest.items)) == 400
