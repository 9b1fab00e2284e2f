"""Pause, stop, holds and windows against batches that are committed and not sent; operators late and at odds."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from tieline.utility.changes.model import ChangeState, LaneState, Thresholds
from tieline.utility.changes.service import running
from tieline.utility.changes.service.drafting import Draft
from tieline.utility.changes.store import changes as store
from tieline.utility.changes.store import lanes
from tieline.utility.connectors import Rejected, Unreachable
from tieline.utility.inventory import FleetFilter, Selection

pytestmark = pytest.mark.anyio

Make = Callable[..., Draft]
TOLERANT = Thresholds(success=0.0, error=1.0)
_PUT_OFF = "SELECT max(retry_at) FROM change_batch"
ONLY_A = Selection(filter=FleetFilter(linked=True, operators=("A",)))


async def waiting(world: Any) -> bool:
    """Whether a batch is committed whose operator was no help."""
    return bool(await world.value("SELECT count(*) > 0 FROM change_batch WHERE state = 'intended' AND error <> ''"))


async def stop(world: Any, change_id: int) -> None:
    async with world.db.transaction() as tx:
        await running.stop(tx, world.fred, world.runtime.clock, change_id, why="Wrong.")


@pytest.mark.parametrize(
    "meanwhile",
    [
        "INSERT INTO change_hold (reason, starts_at, created_by) VALUES ('Storm', now() - interval '1 minute', 'x')",
        """INSERT INTO change_hold (reason, region, starts_at, created_by)
            SELECT 'Storm', r, now() - interval '1 minute', 'x' FROM unnest('{North,South}'::text[]) r""",
        "UPDATE change SET time_window = jsonb_build_object('closes', now() - interval '1 minute')",
        "UPDATE change_lane SET state = 'paused'",
        "UPDATE change SET state = 'paused'",
    ],
    ids=["hold", "regions", "window", "lane", "pause"],
)
async def test_what_was_committed_and_not_sent_is_held_back_like_the_rest(
    world: Any, prepare: Make, meanwhile: str
) -> None:
    await world.build(4)
    world.platforms["A"].behaviour.down = True
    change = await world.started(prepare(selection=ONLY_A))
    async with world.driving():
        await world.wait(lambda: waiting(world))
        await world.run_sql(meanwhile)
        # An attempt that looked just before comes to its end first.
        earlier = await world.value(_PUT_OFF)
        await world.wait(lambda: _tried_again(world, earlier))
        world.platforms["A"].behaviour.down = False
        await world.wait(world.none_open)
    assert not world.platforms["A"].submits
    assert await world.states(change.id) == {"planned": 4}


async def _tried_again(world: Any, earlier: object) -> bool:
    return await world.value(_PUT_OFF) != earlier or bool(await world.none_open())


async def test_a_stop_while_the_operator_asks_to_wait_sends_nothing(world: Any, prepare: Make) -> None:
    await world.build(4)
    behaviour = world.platforms["A"].behaviour
    behaviour.throttled, behaviour.retry_after = 1, 1.0
    change = await world.started(prepare(selection=ONLY_A))
    async with world.driving():

        async def told() -> bool:
            return bool(behaviour.throttled == 0)

        await world.wait(told)
        await stop(world, change.id)
        await world.wait(world.none_open)
    assert not world.platforms["A"].submits
    assert await world.states(change.id) == {"cancelled": 4}


async def test_what_was_committed_and_not_sent_gives_back_what_it_took_when_stopped(world: Any, prepare: Make) -> None:
    await world.build(4)
    world.platforms["A"].behaviour.down = True
    change = await world.started(prepare(selection=ONLY_A))
    async with world.driving():
        await world.wait(lambda: waiting(world))
        await stop(world, change.id)
        world.platforms["A"].behaviour.down = False
        await world.wait(world.none_open)
    assert await world.states(change.id) == {"cancelled": 4}
    assert await world.value("SELECT count(*) FROM card WHERE stock_state = 'reserved'") == 0
    assert await world.value("SELECT count(*) FROM address_reservation WHERE state = 'reserved'") == 0


async def test_a_cancellation_that_is_lost_is_asked_for_again(world: Any, prepare: Make) -> None:
    await world.build(4)
    platform = world.platforms["A"]
    platform.behaviour.polls = 10**9
    cancel, lost = platform.cancel, [None] * 3

    def lose(reference: str) -> None:
        if lost:
            lost.pop()
            raise Unreachable("Not now.")
        cancel(reference)

    platform.cancel = lose
    change = await world.started(prepare(selection=ONLY_A))
    async with world.driving():

        async def sent() -> bool:
            return bool(platform.submits)

        await world.wait(sent)
        await stop(world, change.id)
        await world.wait(world.none_open)
    assert not world.effects()
    assert await world.value("SELECT count(*) FROM card WHERE stock_state = 'reserved'") == 0


async def test_a_refused_repetition_of_what_was_taken_is_no_failure(world: Any, prepare: Make) -> None:
    await world.build(4)
    platform = world.platforms["A"]
    platform.behaviour.lost_answers = 1
    submit, find, late = platform.submit, platform.find, [None]

    def once(batch: Any, key: str) -> str:
        if find(key) is not None:
            raise Rejected("This is under way already.")
        reference: str = submit(batch, key)
        return reference

    def slow(key: str) -> str | None:
        if late:
            late.pop()
            return None
        reference: str | None = find(key)
        return reference

    platform.submit, platform.find = once, slow
    change = await world.started(prepare(selection=ONLY_A))
    await world.drive(change.id)
    assert await world.states(change.id) == {"verified": 4}
    assert set(world.effects().values()) == {1}


async def test_a_stop_and_a_conflict_found_meanwhile_do_not_block_one_another(world: Any, prepare: Make) -> None:
    await world.build(4)
    change = await world.started(prepare(selection=ONLY_A))
    await world.run_sql("UPDATE subscription SET apn = 'x.y', version = version + 1 WHERE operator_ref = 'new-A-2'")
    blocked = """
        SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')
            OR EXISTS (SELECT FROM change_item WHERE state = 'conflict')"""
    # The driver is ended after the transaction: while it waits for its locks it could not end.
    with capture_logs() as logs:
        async with AsyncExitStack() as stack, world.db.transaction() as tx:
            await store.get(tx, change.id, lock=True)
            await stack.enter_async_context(world.driving())
            await world.wait(lambda: world.value(blocked))
            await lanes.cancel_waiting(tx, change.id, world.runtime.clock.now())
    assert not [entry for entry in logs if entry["event"] == "lane_failed"]


async def test_a_connection_that_is_switched_off_meanwhile_is_waited_for(world: Any, prepare: Make) -> None:
    await world.build(4)
    world.platforms["A"].behaviour.polls = 10**9
    change = await world.started(prepare(selection=ONLY_A))
    switch = "UPDATE operator_connection SET enabled = {}, updated_at = clock_timestamp()"
    told = "SELECT count(*) > 0 FROM change_batch WHERE error LIKE %(words)s"
    with capture_logs() as logs:
        async with world.driving():

            async def sent() -> bool:
                return bool(await world.value("SELECT count(*) FROM change_batch WHERE state = 'sent'"))

            await world.wait(sent)
        await world.run_sql(switch.format("false"))
        async with world.driving():
            await world.wait(lambda: world.value(told, words="There is no connection%"))
            for job in world.platforms["A"]._jobs.values():
                job.polls = 0
            await world.run_sql(switch.format("true"))
            await world.until(change.id, ChangeState.COMPLETED)
    assert not [entry for entry in logs if entry["event"] == "lane_failed"]


async def test_a_lane_that_paused_sends_nothing_more_of_what_was_committed(world: Any, prepare: Make) -> None:
    """The first batch fails as a whole while the second waits for the operator."""
    await world.build(8)
    platform = world.platforms["A"]
    platform.capabilities = replace(platform.capabilities, max_batch=4, in_flight=2)
    platform.behaviour.rejects = {f"new-A-{n}": "No." for n in range(1, 9)}
    submit, taken = platform.submit, asyncio.Event()

    def only_first(batch: Any, key: str) -> str:
        if taken.is_set():
            raise Unreachable("Not now.")
        taken.set()
        reference: str = submit(batch, key)
        return reference

    platform.submit = only_first
    platform.behaviour.polls = 5
    change = await world.started(prepare(selection=ONLY_A))
    async with world.driving():
        await world.until(change.id, ChangeState.PAUSED)
        platform.submit = submit
        await world.wait(world.none_open)
    assert len(platform.submits) == 1
    assert await world.states(change.id) == {"failed": 4, "planned": 4}
    assert await world.value("SELECT state FROM change_lane") == LaneState.PAUSED.value
