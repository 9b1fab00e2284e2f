"""The driver against two operators: well, down, slow, lying, forgetful, refusing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tieline.platform.clock import SystemClock
from tieline.platform.db import Database, Tx
from tieline.utility.changes.driver import Driver, Pace
from tieline.utility.changes.model import ChangeState, Thresholds, Waves
from tieline.utility.changes.service import running
from tieline.utility.changes.service.drafting import Draft

pytestmark = pytest.mark.anyio

Make = Callable[..., Draft]
TOLERANT = Thresholds(success=0.0, error=1.0)


async def test_everything_is_verified_and_each_subscription_was_written_once(world: Any, prepare: Make) -> None:
    await world.build(25)
    change = await world.started(prepare())
    done = await world.drive(change.id)
    assert done.ended_at is not None
    assert await world.states(change.id) == {"verified": 50}
    assert set(world.effects().values()) == {1}
    assert len(world.effects()) == 50
    fleet = await world.rows("SELECT state, op_state, apn, op_apn, host(ip_address) AS ip FROM subscription WHERE"
                             " operator_ref LIKE 'new-%%' AND state <> 'INVENTORY'")  # fmt: skip
    assert len(fleet) == 50
    assert {(row["state"], row["op_state"], row["apn"], row["op_apn"]) for row in fleet} == {
        ("TEST_READY", "TEST_READY", "scada.dso", "scada.dso")
    }
    assert len({row["ip"] for row in fleet}) >= 25
    assert await world.value("SELECT count(*) FROM history WHERE thing = 'subscription' AND change_id = %(c)s",
                             c=change.id) == 50  # fmt: skip
    assert await world.value("SELECT count(*) FROM card WHERE stock_state = 'issued'") == 50
    assert await world.value("SELECT count(*) FROM address_reservation WHERE state = 'assigned'") == 50
    assert await world.value("SELECT count(*) FROM change_batch WHERE state <> 'closed'") == 0
    assert await world.value("SELECT count(*) FROM audit WHERE action = 'change.item.verified'") == 50
    assert await world.value("SELECT min(grade) FROM change_item") == 2


async def test_what_an_operator_refuses_fails_with_its_words(world: Any, prepare: Make) -> None:
    await world.build(10)
    world.platforms["A"].behaviour.rejects = {"new-A-1": "Barred for debt.", "new-A-2": "Barred for debt."}
    change = await world.started(prepare(thresholds=TOLERANT))
    await world.drive(change.id)
    assert await world.states(change.id) == {"verified": 18, "failed": 2}
    rows = await world.rows("SELECT reason, reason_code, applied FROM change_item WHERE state = 'failed'")
    assert {(row["reason"], row["reason_code"], row["applied"]) for row in rows} == {
        ("Operator A refuses: Barred for debt.", "refused", False)
    }
    refused = await world.rows("SELECT state FROM subscription WHERE operator_ref IN ('new-A-1', 'new-A-2')")
    assert [row["state"] for row in refused] == ["INVENTORY", "INVENTORY"]


async def test_an_operator_that_accepts_and_does_not_apply_is_found_out(world: Any, prepare: Make) -> None:
    await world.build(20)
    world.platforms["B"].behaviour.lies = {"new-B-3", "new-B-4"}
    change = await world.started(prepare(thresholds=TOLERANT))
    await world.drive(change.id)
    assert await world.states(change.id) == {"verified": 38, "failed": 2}
    rows = await world.rows("SELECT ref, reason FROM change_item WHERE state = 'failed' ORDER BY ref")
    assert [row["ref"] for row in rows] == ["new-B-3", "new-B-4"]
    assert "says done, but after 0 s its network still shows" in rows[0]["reason"]
    assert "state INVENTORY" in rows[0]["reason"]
    world.platforms["B"].behaviour.lies.clear()
    async with world.db.transaction() as tx:
        await running.retry(tx, world.fred, change.id)
    await world.drive(change.id)
    assert await world.states(change.id) == {"verified": 40}
    assert {ref for ref, times in world.effects().items() if times == 2} == {"new-B-3", "new-B-4"}


class _Set(SystemClock):
    """The machine's clock, which somebody sets."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


async def test_a_clock_that_jumps_fails_nothing_that_its_network_does_in_time(world: Any, prepare: Make) -> None:
    await world.build(4)
    clock = _Set()
    world.runtime = replace(world.runtime, clock=clock)
    platform = world.platforms["B"]
    platform.behaviour.lies = {"new-B-3"}  # for now
    change = await world.started(prepare())

    async def slow() -> bool:
        return bool(await world.states(change.id) == {"verified": 7, "accepted": 1})

    async def looked_at_again() -> bool:
        return bool(platform.calls > before + 5)

    async with world.driving(pace=replace(world.pace, deadline=60.0)):
        await world.wait(slow)
        before = platform.calls
        await world.wait(looked_at_again)  # it is being waited for
        clock.ahead, before = timedelta(days=1), platform.calls
        await world.wait(looked_at_again)
        assert await slow()
        subscription = platform._subscriptions["new-B-3"]
        subscription.operational.update(subscription.desired)
        await world.until(change.id, ChangeState.COMPLETED)
    assert await world.states(change.id) == {"verified": 8}


async def test_answers_that_are_lost_change_nothing_twice(world: Any, prepare: Make) -> None:
    await world.build(20)
    world.platforms["A"].behaviour.lost_answers = 2
    world.platforms["B"].behaviour.lost_requests = 2
    change = await world.started(prepare())
    await world.drive(change.id)
    assert await world.states(change.id) == {"verified": 40}
    assert set(world.effects().values()) == {1}


async def test_an_operator_that_is_down_waits_and_holds_nobody_else(world: Any, prepare: Make) -> None:
    await world.build(10)
    world.platforms["B"].behaviour.down = True
    change = await world.started(prepare(waves=Waves(by="size", steps=(3,))))
    async with world.driving():
        await world.wait(lambda: world.value("SELECT count(*) = 10 FROM change_item WHERE state = 'verified'"))
        await world.wait(lambda: world.value("SELECT count(*) > 0 FROM change_batch WHERE error <> ''"))
        stuck = await world.rows("SELECT error, attempts, retry_at FROM change_batch WHERE state = 'intended'")
        assert stuck
        assert stuck[0]["error"]
        assert (await world.get(change.id)).state is ChangeState.RUNNING
        world.platforms["B"].behaviour.down = False
        await world.until(change.id, ChangeState.COMPLETED)
    assert set(world.effects().values()) == {1}


async def test_a_slow_operator_does_not_hold_the_other(world: Any, prepare: Make) -> None:
    await world.build(30)
    world.platforms["B"].behaviour.polls = 400
    change = await world.started(prepare(waves=Waves(by="size", steps=(10,))))
    async with world.driving():
        await world.wait(
            lambda: world.value(
                "SELECT l.state = 'done' FROM change_lane l JOIN operator o ON o.id = l.operator_id WHERE o.code = 'A'"
            )
        )
    assert (await world.states(change.id)).get("verified", 0) == 30


async def test_an_operator_that_forgets_a_batch_fails_it_and_says_so(world: Any, prepare: Make) -> None:
    await world.build(4)
    change = await world.started(prepare(thresholds=TOLERANT))
    platform = world.platforms["A"]
    platform.behaviour.polls = 3

    def forget(boundary: str) -> None:
        if boundary == "sent":
            platform._jobs.clear()

    await world.drive(change.id, boundary=forget)
    assert (await world.reasons(change.id))["not-done"] >= 4


async def test_waves_follow_one_another_and_too_many_failures_pause_the_lane(world: Any, prepare: Make) -> None:
    await world.build(20)
    world.platforms["A"].behaviour.rejects = {f"new-A-{n}": "No." for n in range(1, 21)}
    change = await world.started(prepare(waves=Waves(canary=2, by="size", steps=(9,))))
    await world.drive(change.id, ChangeState.PAUSED)
    assert await world.states(change.id) == {"verified": 20, "failed": 2, "planned": 18}
    lanes = await world.rows(
        "SELECT o.code, l.state, l.why FROM change_lane l JOIN operator o ON o.id = l.operator_id ORDER BY 1"
    )
    assert [(lane["code"], lane["state"]) for lane in lanes] == [("A", "paused"), ("B", "done")]
    assert "2 of 2 items failed" in lanes[0]["why"]
    world.platforms["A"].behaviour.rejects.clear()
    async with world.db.transaction() as tx:
        await running.resume(tx, world.fred, change.id)
    await world.drive(change.id)
    assert await world.states(change.id) == {"verified": 38, "failed": 2}


async def test_pause_sends_nothing_more_and_resume_goes_on(world: Any, prepare: Make) -> None:
    await world.build(40)
    world.platforms["A"].behaviour.polls = world.platforms["B"].behaviour.polls = 5
    change = await world.started(prepare())
    async with world.driving():
        await world.wait(world.sending)
        async with world.db.transaction() as tx:
            await running.pause(tx, world.fred, change.id, why="Look first.")
        await world.wait(world.none_open)
        before = len(world.platforms["A"].submits) + len(world.platforms["B"].submits)
        assert before < 8
        await asyncio.sleep(0.1)
        assert len(world.platforms["A"].submits) + len(world.platforms["B"].submits) == before
        async with world.db.transaction() as tx:
            await running.resume(tx, world.fred, change.id)
        await world.until(change.id, ChangeState.COMPLETED)
    assert await world.states(change.id) == {"verified": 80}
    assert set(world.effects().values()) == {1}


async def test_stop_cancels_what_was_not_sent_and_gives_back_what_was_taken(world: Any, prepare: Make) -> None:
    await world.build(40)
    world.platforms["A"].behaviour.polls = world.platforms["B"].behaviour.polls = 10**6
    change = await world.started(prepare())
    async with world.driving():
        await world.wait(world.sending)
        async with world.db.transaction() as tx:
            await running.stop(tx, world.fred, world.runtime.clock, change.id, why="Wrong sites.")
        await world.wait(world.none_open)
    states = await world.states(change.id)
    assert set(states) <= {"cancelled", "failed"}
    assert sum(states.values()) == 80
    assert not world.effects()
    free = await world.value("SELECT count(*) FROM card WHERE stock_state = 'in_stock' AND iccid LIKE 'new-%%'")
    assert free == 84
    assert await world.value("SELECT count(*) FROM address_reservation WHERE state <> 'released'") == 0


async def test_never_both_links_of_a_site_and_a_failed_one_protects_the_other(world: Any, configure: Make) -> None:
    await world.build(15)
    for code, platform in world.platforms.items():
        platform.behaviour.rejects = {f"old-{code}-5": "No."}
    change = await world.started(configure(thresholds=TOLERANT))
    seen: list[int] = []

    async def watch() -> None:
        text = """
            SELECT coalesce(max(n), 0) FROM (SELECT count(DISTINCT link_id) AS n FROM change_item
                WHERE state IN ('queued', 'sent', 'accepted') GROUP BY site_id) x"""
        while True:
            seen.append(await world.value(text))
            await asyncio.sleep(0.003)

    watcher = asyncio.create_task(watch())
    await world.drive(change.id)
    watcher.cancel()
    assert max(seen) == 1
    assert await world.states(change.id) == {"verified": 28, "failed": 1, "blocked": 1}
    spared = await world.rows("SELECT state, site, reason_code FROM change_item WHERE state <> 'verified' ORDER BY 1")
    assert [(row["state"], row["site"], row["reason_code"]) for row in spared] == [
        ("blocked", "S5", "other-link"),
        ("failed", "S5", "refused"),
    ]
    for platform in world.platforms.values():
        platform.behaviour.rejects.clear()
    async with world.db.transaction() as tx:
        await running.retry(tx, world.fred, change.id)
    await world.drive(change.id)
    assert await world.states(change.id) == {"verified": 30}


async def test_what_was_changed_since_planning_is_a_conflict_and_left_alone(world: Any, prepare: Make) -> None:
    await world.build(5)
    change = await world.started(prepare())
    await world.run_sql(
        "UPDATE subscription SET apn = 'other.apn', version = version + 1 WHERE operator_ref = 'new-A-3'"
    )
    await world.drive(change.id)
    assert await world.states(change.id) == {"verified": 9, "conflict": 1}
    assert "new-A-3" not in world.effects()


async def test_an_emergency_goes_through_a_hold_and_others_wait(world: Any, prepare: Make) -> None:
    await world.build(4)
    await world.run_sql(
        "INSERT INTO change_hold (reason, starts_at, created_by) VALUES ('Storm', now() - interval '1 minute', 'test')"
    )
    change = await world.started(prepare())
    async with world.driving():
        await asyncio.sleep(0.2)
        assert not world.effects()
        await world.run_sql("UPDATE change_hold SET lifted_at = now(), lifted_by = 'test'")
        await world.until(change.id, ChangeState.COMPLETED)


async def test_two_drivers_share_no_operator(world: Any, prepare: Make) -> None:
    await world.build(40)
    change = await world.started(prepare())
    async with world.driving(), world.driving(), world.driving():
        await world.until(change.id, ChangeState.COMPLETED)
    assert set(world.effects().values()) == {1}
    assert await world.states(change.id) == {"verified": 80}


async def test_batches_of_one_serve_platforms_that_take_one_at_a_time(world: Any, prepare: Make) -> None:
    world.platforms["A"].capabilities = replace(world.platforms["A"].capabilities, max_batch=1, in_flight=1)
    await world.build(8)
    change = await world.started(prepare())
    await world.drive(change.id)
    assert [len(batch.operations) for _, batch in world.platforms["A"].submits] == [1] * 8


class Killed(BaseException):
    """The process is gone."""


class Mortal:
    """A database as a process sees it that may be killed: from then on it does nothing at all, not even tidy up."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.dead = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        if self.dead:
            raise Killed
        async with self._db.transaction() as tx:
            yield tx


BOUNDARIES = (
    "intending",
    "intended",
    "submitted",
    "sent",
    "outcome",
    "read",
    "settling",
    "settled",
    "followed",
    "closed",
)


async def live_and_be_killed(world: Any, boundary: str, pace: Pace) -> None:
    """Run a driver until it is killed at a boundary, or has nothing more to do."""
    mortal = Mortal(world.db)

    def kill(at: str) -> None:
        if at == boundary:
            mortal.dead = True
            raise Killed

    driver = Driver(mortal, world.lines, world.runtime.clock, pace=pace, boundary=kill)  # type: ignore[arg-type]
    task = asyncio.create_task(driver.run())
    await asyncio.wait([task], timeout=1.0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("boundary", BOUNDARIES)
async def test_killed_at_any_step_everything_is_in_effect_exactly_once(
    world: Any, prepare: Make, boundary: str
) -> None:
    await world.build(12)
    lying = boundary in {"followed", "closed"}
    world.platforms["B"].behaviour.lies = {"new-B-2"} if lying else set()
    change = await world.started(prepare(thresholds=TOLERANT))
    pace: Pace = replace(world.pace, lease=0.3)
    for _ in range(3):
        await live_and_be_killed(world, boundary, pace)
    await world.drive(change.id, pace=pace)
    assert await world.states(change.id) == ({"verified": 23, "failed": 1} if lying else {"verified": 24})
    assert set(world.effects().values()) == {1}
    assert len(world.effects()) == 24
    history = "SELECT count(*) FROM history WHERE thing = 'subscription' AND change_id = %(c)s"
    assert await world.value(history, c=change.id) == 24
