"""Freezes, storm mode and the veto: what is held is never sent, whatever else was agreed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.integration.changes.conftest import REGIONS, person
from tests.integration.changes.test_denied import Watched

from tieline.platform.clock import SetClock
from tieline.platform.errors import Conflict, Forbidden, Invalid, NotFound
from tieline.platform.scope import Role
from tieline.utility.changes.model import Change, ChangeState, ChangeType
from tieline.utility.changes.service import holding, releasing, running
from tieline.utility.changes.service.drafting import Draft
from tieline.utility.changes.service.holding import Hold, Storm, Veto
from tieline.utility.changes.store import guarding

pytestmark = pytest.mark.anyio

Make = Callable[..., Draft]
CLAIRE = person("claire", 7, Role.CONTROLLER)
LONDON = ZoneInfo("Europe/London")


@asynccontextmanager
async def _at_work(driver: Watched) -> AsyncIterator[None]:
    """A driver that runs for as long as the block lasts."""
    task = asyncio.create_task(driver.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def veto(world: Any, change_id: int, **more: Any) -> int:
    async with world.db.transaction() as tx:
        asked = Veto(change_id=change_id, reason="The line to Mill Road is switched tonight", **more)
        made: int = await holding.veto(tx, CLAIRE, world.runtime.clock, asked)
        return made


async def lift(world: Any, hold_id: int, scope: Any = CLAIRE) -> None:
    async with world.db.transaction() as tx:
        await holding.lift_hold(tx, scope, world.runtime.clock, hold_id, why="done")


async def held(world: Any, change_id: int) -> list[tuple[str, str | None]]:
    async with world.db.transaction() as tx:
        found = await holding.holding(tx, world.fred, world.runtime.clock, change_id)
    return [(row["kind"], row["region"]) for row in found]


async def test_a_veto_before_the_start_prevents_it(world: Any, configure: Make) -> None:
    await world.build(2)
    change = await world.plan(configure())
    await world.submit(change.id)
    hold = await veto(world, change.id)
    with pytest.raises(Conflict, match=r"control room holds this change .claire.: The line to Mill Road"):
        await world.start(change.id)
    assert await held(world, change.id) == [("veto", None)]
    assert (await world.get(change.id)).state is ChangeState.APPROVED
    with pytest.raises(Forbidden):
        await lift(world, hold, world.fred)
    await lift(world, hold)
    assert isinstance(await world.start(change.id), Change)
    with pytest.raises(NotFound):
        await lift(world, hold)


async def test_a_vetoed_plan_is_not_approved(world: Any, configure: Make) -> None:
    await world.build(2, critical=1)
    change = await world.plan(configure())
    assert (await world.submit(change.id)).state is ChangeState.SUBMITTED
    hold = await veto(world, change.id)
    with pytest.raises(Conflict, match="control room"):
        await world.decide(change.id)
    await lift(world, hold)
    assert (await world.decide(change.id)).state is ChangeState.APPROVED


async def test_a_veto_while_it_runs_holds_from_the_next_batch_on(world: Any, configure: Make) -> None:
    await world.build(40)
    change = await world.started(configure())
    driver = Watched(world.db, world.lines, world.runtime.clock, pace=world.pace)
    hold = await veto(world, change.id)
    async with _at_work(driver):
        await driver.had_its_chance(world)
        assert await world.states(change.id) == {"planned": 80}
        await lift(world, hold)
        await world.until(change.id, ChangeState.COMPLETED)
    events = await world.rows("SELECT kind FROM change_event WHERE change_id = %(id)s", id=change.id)
    assert {"vetoed", "veto-lifted"} <= {row["kind"] for row in events}


async def test_one_region_of_a_change_is_vetoed(world: Any, configure: Make) -> None:
    await world.build(10)
    change = await world.started(configure())
    hold = await veto(world, change.id, region="North")
    driver = Watched(world.db, world.lines, world.runtime.clock, pace=world.pace)
    async with _at_work(driver):

        async def south_is_done() -> bool:
            states: dict[str, int] = await world.states(change.id)
            return states.get("verified", 0) == 10

        await world.wait(south_is_done)
        await driver.had_its_chance(world)
        rows = await world.rows(
            "SELECT DISTINCT region, state FROM change_item WHERE change_id = %(id)s ORDER BY 1", id=change.id
        )
        assert [(row["region"], row["state"]) for row in rows] == [("North", "planned"), ("South", "verified")]
        await lift(world, hold)
        await world.until(change.id, ChangeState.COMPLETED)


async def test_an_emergency_is_held_by_a_second_act_alone(world: Any, configure: Make) -> None:
    await world.build(2)
    change = await world.plan(configure(type=ChangeType.EMERGENCY, reason="A mast fell"))
    await world.submit(change.id)
    hold = await veto(world, change.id)
    async with world.db.transaction() as tx:
        assert await guarding.vetoed(tx, change.id, world.runtime.clock.now()) is None
        with pytest.raises(Invalid, match="Say why"):
            await holding.insist(tx, CLAIRE, world.runtime.clock, hold, why=" ")
        row = await holding.insist(tx, CLAIRE, world.runtime.clock, hold, why="The crew is at the mast")
    assert (row["emergency_too"], row["insisted_by"]) == (True, "user:claire")
    with pytest.raises(Conflict, match="control room"):
        await world.start(change.id)
    async with world.db.transaction() as tx:
        with pytest.raises(Conflict, match="already"):
            await holding.insist(tx, CLAIRE, world.runtime.clock, hold, why="again")
    await lift(world, hold)
    assert isinstance(await world.start(change.id), Change)


async def test_who_may_hold_what(world: Any, configure: Make) -> None:
    await world.build(2)
    change = await world.plan(configure())
    clock = world.runtime.clock
    async with world.db.transaction() as tx:
        with pytest.raises(Forbidden, match="control room"):
            await holding.veto(tx, world.fred, clock, Veto(change_id=change.id, reason="no"))
        with pytest.raises(Forbidden, match="start, pause"):
            await holding.make_hold(tx, CLAIRE, clock, Hold(reason="Christmas"))
        with pytest.raises(Forbidden):
            await holding.begin_storm(tx, person("vera", 9, Role.VIEWER), clock, Storm(reason="Arwen"))
        north = CLAIRE.narrowed(regions=["North"])
        with pytest.raises(Forbidden, match="your regions"):
            await holding.begin_storm(tx, north, clock, Storm(reason="Arwen"))
        with pytest.raises(Invalid, match="no site in a region called Nroth"):
            await holding.begin_storm(tx, CLAIRE, clock, Storm(reason="Arwen", regions=["Nroth"]))
        assert await holding.begin_storm(tx, north, clock, Storm(reason="Arwen", regions=["North"]))
        with pytest.raises(Invalid, match="time zone"):
            await holding.make_hold(tx, world.fred, clock, Hold(reason="x", yearly="Europe/Nowhere"))
        with pytest.raises(Invalid, match="180 days"):
            await holding.make_hold(tx, world.fred, clock, Hold(reason="x", yearly="Europe/London"))


async def test_what_a_hold_would_hold_is_told_before(world: Any, configure: Make) -> None:
    """Only what is still to be sent there counts, within what somebody may see: not what was sent, not an emergency."""
    await world.build(10)
    change = await world.started(configure())

    async def told(scope: Any, *regions: str, operator: str | None = None) -> list[tuple[int, int]]:
        async with world.db.transaction() as tx:
            rows = await holding.would_hold(tx, scope, regions, operator)
        return [(row["id"], row["items"]) for row in rows]

    assert await told(world.fred) == [(change.id, 20)]
    assert await told(world.fred, "North") == [(change.id, 10)]
    assert await told(world.fred, "North", operator="A") == [(change.id, 5)]
    assert await told(world.fred, "Nowhere") == []
    bounded = replace(world.fred, regions=frozenset({"South"}))
    assert await told(bounded) == [(change.id, 10)]
    await world.run_sql("UPDATE change_item SET state = 'verified' WHERE region = 'North'")
    assert await told(world.fred, "North") == []
    await world.run_sql("UPDATE change SET type = 'emergency' WHERE state = 'running'")
    assert await told(world.fred) == []


async def test_a_storm_holds_its_regions_and_ends_in_one_act(world: Any, configure: Make) -> None:
    await world.build(4)
    change = await world.started(configure())
    clock = world.runtime.clock
    async with world.db.transaction() as tx:
        storm = await holding.begin_storm(tx, CLAIRE, clock, Storm(reason="Arwen", regions=REGIONS))
        (told,) = await holding.storms(tx, clock)
    assert (told["id"], told["regions"], told["reason"]) == (storm, ["North", "South"], "Arwen")
    assert sorted(await held(world, change.id)) == [("storm", "North"), ("storm", "South")]
    driver = Watched(world.db, world.lines, clock, pace=world.pace)
    async with _at_work(driver):
        await driver.had_its_chance(world)
        assert world.effects() == {}
        async with world.db.transaction() as tx:
            assert await holding.end_storm(tx, world.fred, clock, storm, why="It is over") == 2
            assert await holding.storms(tx, clock) == []
        await world.until(change.id, ChangeState.COMPLETED)
    async with world.db.transaction() as tx:
        with pytest.raises(NotFound):
            await holding.end_storm(tx, CLAIRE, clock, storm)


@pytest.mark.parametrize("spare", [False, True])
async def test_a_storm_spares_what_crews_released(world: Any, prepare: Make, spare: bool) -> None:
    await world.build(2)
    first = await world.started(prepare())
    await world.drive(first.id)
    cut = await world.plan(Draft(kind="subscription.cutover", title="Cut over", selection=prepare().selection))
    if (await world.submit(cut.id)).state is ChangeState.SUBMITTED:
        await world.decide(cut.id)
    begun = await world.start(cut.id)
    assert isinstance(begun, Change), begun
    waiting = await world.rows(
        "SELECT source_id FROM change_item WHERE change_id = %(id)s AND state = 'waiting' ORDER BY position LIMIT 1",
        id=cut.id,
    )
    async with world.db.transaction() as tx:
        await holding.begin_storm(tx, CLAIRE, world.runtime.clock, Storm(reason="Arwen", spare_crews=spare))
        assert await releasing.release(tx, world.fred, cut.id, [waiting[0]["source_id"]], why="The crew fitted it")
    before = dict(world.effects())
    driver = Watched(world.db, world.lines, world.runtime.clock, pace=world.pace)
    async with _at_work(driver):
        if spare:

            async def sent() -> bool:
                return bool(world.effects() != before)

            await world.wait(sent)
        await driver.had_its_chance(world)
    assert (world.effects() != before) is spare


class Other(SetClock):
    """A clock that is set to any moment, earlier ones too."""

    def set(self, moment: datetime) -> None:
        self._now = moment


CHRISTMAS = Hold(
    reason="Christmas freeze",
    starts_at=datetime(2025, 12, 20, 18, 0, tzinfo=LONDON),
    ends_at=datetime(2026, 1, 5, 6, 0, tzinfo=LONDON),
    yearly="Europe/London",
)


@pytest.mark.parametrize(
    ("moment", "holds"),
    [
        ("2025-12-20T17:59:59+00:00", False),
        ("2025-12-20T18:00:00+00:00", True),
        ("2026-01-05T05:59:59+00:00", True),
        ("2026-01-05T06:00:00+00:00", False),
        ("2026-07-01T12:00:00+00:00", False),
        ("2026-12-31T23:59:59+00:00", True),
        ("2027-01-05T05:59:59+00:00", True),
        ("2027-01-05T06:00:00+00:00", False),
        ("2031-12-20T18:00:00+00:00", True),
        ("2024-12-25T00:00:00+00:00", False),
    ],
)
async def test_a_freeze_returns_every_year(world: Any, moment: str, holds: bool) -> None:
    clock = Other(datetime(2025, 12, 1, tzinfo=UTC))
    async with world.db.transaction() as tx:
        made = await holding.make_hold(tx, world.fred, clock, CHRISTMAS)
        clock.set(datetime.fromisoformat(moment))
        assert (await holding.hold_of(tx, world.fred, clock, made))["live"] is holds


async def test_a_yearly_freeze_keeps_its_local_time_over_summer_time(world: Any) -> None:
    """The Late Spring holiday: 08:00 in London is 07:00 UTC, in every year."""
    clock = Other(datetime(2026, 5, 1, tzinfo=UTC))
    starts = datetime(2026, 5, 23, 8, 0, tzinfo=LONDON)
    async with world.db.transaction() as tx:
        await holding.make_hold(
            tx, world.fred, clock, Hold(reason="Bank holiday", starts_at=starts, ends_at=starts + timedelta(days=3),
                                        yearly="Europe/London")
        )  # fmt: skip
        found = await holding.holds_during(
            tx, world.fred, datetime(2026, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
        )
    assert [row["starts_at"].astimezone(UTC).isoformat() for row in found] == [
        f"{year}-05-23T07:00:00+00:00" for year in (2026, 2027, 2028)
    ]


async def test_a_yearly_freeze_that_is_lifted_holds_no_longer_in_any_forecast(world: Any) -> None:
    clock = Other(datetime(2025, 12, 22, 12, 0, tzinfo=UTC))
    async with world.db.transaction() as tx:
        made = await holding.make_hold(tx, world.fred, clock, CHRISTMAS)
        await holding.lift_hold(tx, world.fred, clock, made)
        (row,) = await holding.holds_during(
            tx, world.fred, datetime(2025, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
        )
    assert row["ends_at"] == clock.now()


async def test_a_clock_that_goes_back_ends_no_hold_that_began(world: Any, configure: Make) -> None:
    await world.build(1)
    change = await world.started(configure())
    now = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    batch = await world.value(
        "INSERT INTO change_batch (change_id, operator_id, wave, key, items, intended_at)"
        " SELECT change_id, operator_id, 1, 'k', 1, now() FROM change_lane WHERE change_id = %(id)s LIMIT 1"
        " RETURNING id",
        id=change.id,
    )
    clock = Other(now - timedelta(hours=1))
    async with world.db.transaction() as tx:
        await holding.make_hold(
            tx, world.fred, clock, Hold(reason="x", starts_at=now, ends_at=now + timedelta(hours=2))
        )
        assert await guarding.sendable(tx, batch, now - timedelta(seconds=1))
        assert not await guarding.sendable(tx, batch, now)
        assert not await guarding.sendable(tx, batch, now - timedelta(seconds=1), seen=now)


HOLDS = st.lists(
    st.tuples(
        st.sampled_from(["freeze", "storm", "veto"]),
        st.sampled_from([None, "A", "B"]),
        st.sampled_from([None, *REGIONS]),
        st.booleans(),
    ),
    max_size=4,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=HOLDS)
async def test_a_held_item_is_never_sent(world: Any, configure: Make, wanted: list[Any]) -> None:
    """Whatever holds there are: what was sent is exactly what none of them holds."""
    if not await world.value("SELECT count(*) FROM site"):
        await world.build(6)
    plan = f"m2m-{await world.value('SELECT count(*) FROM change') + 200}"
    change = await world.started(configure(parameters={"data_plan": plan}))
    for kind, operator, region, spares in wanted:
        await world.run_sql(
            """INSERT INTO change_hold (kind, reason, operator_id, region, change_id, starts_at, spares_released,
                created_by)
            VALUES (%(kind)s, 'x', (SELECT id FROM operator WHERE code = %(operator)s), %(region)s, %(change)s,
                now() - interval '1 minute', %(spares)s, 'x')""",
            kind=kind,
            operator=operator,
            region=region,
            change=change.id if kind == "veto" else None,
            spares=spares and kind == "storm",
        )
    free = {
        (operator, region)
        for operator in ("A", "B")
        for region in REGIONS
        if not any(one in {None, operator} and place in {None, region} for _, one, place, _ in wanted)
    }
    driver = Watched(world.db, world.lines, world.runtime.clock, pace=world.pace)
    async with _at_work(driver):

        async def done() -> bool:
            rows = await world.rows(
                "SELECT o.code, i.region, i.state FROM change_item i JOIN operator o ON o.id = i.operator_id"
                " WHERE change_id = %(id)s",
                id=change.id,
            )
            return all(row["state"] == "verified" for row in rows if (row["code"], row["region"]) in free)

        await world.wait(done)
        await driver.had_its_chance(world)
    rows = await world.rows(
        "SELECT DISTINCT o.code, i.region FROM change_item i JOIN operator o ON o.id = i.operator_id"
        " WHERE change_id = %(id)s AND i.attempts > 0",
        id=change.id,
    )
    assert {(row["code"], row["region"]) for row in rows} == free
    async with world.db.transaction() as tx:
        change = await world.get(change.id)
        if change.state is not ChangeState.COMPLETED:
            await running.stop(tx, world.fred, world.runtime.clock, change.id, why="next")
    await world.run_sql("DELETE FROM change_hold")
