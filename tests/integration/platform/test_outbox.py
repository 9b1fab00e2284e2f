"""The outbox: at least once, once in effect, in order of a key, back-off, dead letters, retention."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import psycopg
import pytest
from tests.full import no_room

from tieline.platform import outbox
from tieline.platform.clock import SetClock
from tieline.platform.db import Database, Tx, execute, fetch_all, fetch_value, lock_key
from tieline.platform.outbox import Dispatcher, Event, store
from tieline.platform.wiring import Handler, Registry, Runtime

pytestmark = pytest.mark.anyio

Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


class Recorder:
    """A handler that writes what it gets into a table, and fails when told to."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int]] = []
        self.fail_on: set[int] = set()

    async def __call__(self, tx: Tx, event: Event) -> None:
        number = event.payload["n"]
        await execute(tx, "INSERT INTO effect (n) VALUES (%s)", (number,))
        if number in self.fail_on:
            raise ValueError(f"no {number} today")
        self.seen.append((event.key, number))


@pytest.fixture
async def recorder(platform_db: Database) -> Recorder:
    async with platform_db.transaction() as tx:
        await execute(tx, "CREATE TABLE effect (n int)")
    return Recorder()


async def publish(db: Database, *numbers: int, key: str = "") -> None:
    for number in numbers:
        async with db.transaction() as tx:
            await outbox.publish(tx, "thing.changed", {"n": number}, key=key)


async def effects(db: Database) -> list[int]:
    async with db.transaction() as tx:
        return [row["n"] for row in await fetch_all(tx, "SELECT n FROM effect ORDER BY n")]


async def test_an_event_of_a_rolled_back_transaction_is_never_told(
    platform_db: Database, clock: SetClock, recorder: Recorder
) -> None:
    with contextlib.suppress(RuntimeError):
        async with platform_db.transaction() as tx:
            await outbox.publish(tx, "thing.changed", {"n": 1})
            raise RuntimeError
    await Dispatcher([Handler("thing.changed", "r", recorder)]).drain(platform_db, clock)
    assert recorder.seen == []


async def test_each_handler_gets_each_event_once_and_in_order_of_its_key(
    platform_db: Database, clock: SetClock
) -> None:
    got: dict[str, list[tuple[str, int]]] = {"a": [], "b": []}

    def handler(name: str) -> Handler:
        async def handle(_tx: Tx, event: Event) -> None:
            await asyncio.sleep(0.001 * (event.id % 3))
            got[name].append((event.key, event.payload["n"]))

        return Handler("thing.changed", name, handle)

    async with platform_db.transaction() as tx:
        await outbox.publish_many(tx, "thing.changed", [(f"k{n % 5}", {"n": n}) for n in range(60)])
        await outbox.publish(tx, "nobody.cares", {"n": 99})
    dispatcher = Dispatcher([handler("a"), handler("b")])
    assert await dispatcher.drain(platform_db, clock) == 120
    assert await dispatcher.drain(platform_db, clock) == 0
    for seen in got.values():
        assert len(seen) == 60
        for key in range(5):
            assert [n for k, n in seen if k == f"k{key}"] == list(range(key, 60, 5))


async def test_a_failing_event_holds_back_its_key_alone_and_leaves_no_trace(
    platform_db: Database, clock: SetClock, recorder: Recorder
) -> None:
    await publish(platform_db, 1, 2, 3, key="x")
    await publish(platform_db, 10, 11, key="y")
    recorder.fail_on = {2}
    dispatcher = Dispatcher([Handler("thing.changed", "r", recorder)])
    await dispatcher.drain(platform_db, clock)
    await dispatcher.drain(platform_db, clock)
    assert sorted(recorder.seen) == [("x", 1), ("y", 10), ("y", 11)]
    assert await effects(platform_db) == [1, 10, 11]

    recorder.fail_on = set()
    clock.forward(timedelta(seconds=1))
    await dispatcher.drain(platform_db, clock)
    assert [n for key, n in recorder.seen if key == "x"] == [1, 2, 3]
    assert await effects(platform_db) == [1, 2, 3, 10, 11]


async def test_the_last_attempt_makes_a_dead_letter_that_is_counted_listed_and_revived(
    platform_db: Database, clock: SetClock, recorder: Recorder
) -> None:
    await publish(platform_db, 1, 2, key="x")
    recorder.fail_on = {1}
    dispatcher = Dispatcher([Handler("thing.changed", "r", recorder)], attempts=3)
    for _ in range(3):
        await dispatcher.drain(platform_db, clock)
        clock.forward(timedelta(minutes=10))
    await dispatcher.drain(platform_db, clock)
    assert recorder.seen == [("x", 2)]
    async with platform_db.transaction() as tx:
        letters = await store.dead(tx, (0, ""), 10)
        assert [(x.handler, x.event.payload, x.attempts) for x in letters] == [("r", {"n": 1}, 3)]
        assert "no 1 today" in letters[0].error
        assert (await outbox.status(tx)).dead == 1
        assert await store.revive(tx, "r", letters[0].event.id)
        assert not await store.revive(tx, "r", letters[0].event.id)
    recorder.fail_on = set()
    await dispatcher.drain(platform_db, clock)
    assert recorder.seen == [("x", 2), ("x", 1)]


async def test_a_clock_that_is_set_back_holds_no_event_up_for_as_long(
    platform_db: Database, clock: SetClock, recorder: Recorder
) -> None:
    await publish(platform_db, 1, 2, key="x")
    recorder.fail_on = {1}
    dispatcher = Dispatcher([Handler("thing.changed", "r", recorder)])
    await dispatcher.drain(platform_db, clock)
    recorder.fail_on = set()
    clock.forward(timedelta(hours=-1))
    await dispatcher.drain(platform_db, clock)
    assert recorder.seen == [("x", 1), ("x", 2)]


async def test_an_event_that_waits_alone_is_told_after_the_clock_was_set_back(
    platform_db: Database, clock: SetClock, recorder: Recorder
) -> None:
    await publish(platform_db, 1)
    recorder.fail_on = {1}
    dispatcher = Dispatcher([Handler("thing.changed", "r", recorder)])
    await dispatcher.drain(platform_db, clock)
    recorder.fail_on = set()
    clock.forward(timedelta(hours=-1))
    await dispatcher.drain(platform_db, clock)
    assert recorder.seen == [("", 1)]


async def test_an_event_waits_for_room_on_the_disk_and_is_never_given_up(
    platform_db: Database, clock: SetClock, recorder: Recorder
) -> None:
    dispatcher = Dispatcher([Handler("thing.changed", "r", recorder)], attempts=2)
    await publish(platform_db, 1)
    async with no_room(platform_db, "effect"):
        for _ in range(3):
            with pytest.raises(ExceptionGroup) as full:
                await dispatcher.drain(platform_db, clock)
            assert full.group_contains(psycopg.errors.DiskFull)
            clock.forward(timedelta(minutes=10))
    await dispatcher.drain(platform_db, clock)
    assert recorder.seen == [("", 1)]


async def test_two_dispatchers_at_once_have_one_effect(
    platform_db: Database, clock: SetClock, recorder: Recorder
) -> None:
    await publish(platform_db, *range(40))
    handler = Handler("thing.changed", "r", recorder)
    await asyncio.gather(*(Dispatcher([handler]).drain(platform_db, clock) for _ in range(3)))
    assert await effects(platform_db) == list(range(40))


async def test_lag_counts_what_waits_and_old_handled_events_are_forgotten(
    platform_db: Database, clock: SetClock, recorder: Recorder
) -> None:
    await publish(platform_db, 1)
    async with platform_db.transaction() as tx:
        waiting = await outbox.status(tx)
        assert (waiting.waiting, waiting.dead) == (1, 0)
        assert 0 < waiting.lag < 20
    recorder.fail_on = {2}
    await publish(platform_db, 2)
    await Dispatcher([Handler("thing.changed", "r", recorder)]).drain(platform_db, clock)
    async with platform_db.transaction() as tx:
        later = await fetch_value(tx, "SELECT clock_timestamp() + interval '1 second' AS t")
        assert await store.forget(tx, later) == 1
        assert await fetch_value(tx, "SELECT array_agg(payload->>'n') AS n FROM outbox_event") == ["2"]


LEADER = "classid::bigint = %(high)s AND objid::bigint = %(low)s AND granted"
_KEY = lock_key("outbox.dispatcher")
LEADER_LOCK = {"high": _KEY >> 32 & 0xFFFFFFFF, "low": _KEY & 0xFFFFFFFF}


async def test_the_service_is_woken_by_the_commit_and_a_second_one_takes_over(
    runtime: Runtime, recorder: Recorder, until: Until
) -> None:
    db = runtime.db
    dispatchers = [Dispatcher([Handler("thing.changed", "r", recorder)]) for _ in range(2)]
    tasks = [asyncio.create_task(dispatcher.run(runtime)) for dispatcher in dispatchers]

    async def leading() -> bool:
        async with db.transaction() as tx:
            return bool(await fetch_value(tx, f"SELECT count(*) AS n FROM pg_locks WHERE {LEADER}", LEADER_LOCK))

    await until(leading)
    await publish(db, 1)

    async def seen(count: int) -> bool:
        return len(recorder.seen) == count

    await until(lambda: seen(1))
    async with db.transaction() as tx:
        await execute(
            tx,
            f"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE {LEADER}"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            LEADER_LOCK,
        )
    await publish(db, 2)
    await until(lambda: seen(2))

    async def fallen() -> bool:
        return any(task.done() for task in tasks)

    await until(fallen)
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(isinstance(result, asyncio.CancelledError) for result in results) == 1


async def test_two_handlers_of_a_topic_need_two_names(recorder: Recorder) -> None:
    with pytest.raises(ValueError, match="two handlers"):
        Dispatcher([Handler("t", "same", recorder), Handler("t", "same", recorder)])


async def test_a_gatherer_takes_what_waits_together_and_one_bad_event_keeps_none_of_the_others(
    platform_db: Database, clock: SetClock, recorder: Recorder
) -> None:
    calls: list[list[int]] = []

    async def many(tx: Tx, events: Sequence[Event]) -> None:
        calls.append([event.payload["n"] for event in events])
        for event in events:
            await recorder(tx, event)

    registry = Registry()
    registry.gatherer(["thing.changed", "thing.gone"], "r", many)
    dispatcher = Dispatcher(registry.handlers)
    await publish(platform_db, 1, 2, key="x")
    await publish(platform_db, 10, key="y")
    assert await dispatcher.drain(platform_db, clock) == 3
    assert calls == [[1, 2, 10]], "one transaction, in the order in which they were told"
    assert await effects(platform_db) == [1, 2, 10]

    calls.clear()
    recorder.fail_on = {4}
    await publish(platform_db, 3, 4, 5, key="x")
    await publish(platform_db, 11, key="y")
    await dispatcher.drain(platform_db, clock)
    assert calls[0] == [3, 4, 5, 11]
    assert await effects(platform_db) == [1, 2, 3, 10, 11], "the bad one holds back its own key alone"
    recorder.fail_on = set()
    clock.forward(timedelta(seconds=1))
    await dispatcher.drain(platform_db, clock)
    assert await effects(platform_db) == [1, 2, 3, 4, 5, 10, 11]
