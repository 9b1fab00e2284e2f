"""Jobs: enqueued with the change, run in lanes, tried again, put back when their worker is killed."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tieline.platform.clock import SystemClock
from tieline.platform.db import Database, execute, fetch_all, fetch_value
from tieline.platform.errors import Invalid
from tieline.platform.jobs import Job, JobState, Retry, job, lanes, run_lanes, store
from tieline.platform.jobs.worker import Pace
from tieline.platform.settings import Settings
from tieline.platform.wiring import Registry, Runtime

pytestmark = pytest.mark.anyio
Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
QUICK = Pace(beat=0.3, stalled=1.5, look=0.1)
NOW = Retry(attempts=3, first=timedelta(milliseconds=20))


class Note(msgspec.Struct):
    word: str = "by the clock"
    at: datetime | None = None


async def write(runtime: Runtime, payload: Note) -> None:
    """Leave a note in the database."""
    async with runtime.db.transaction() as tx:
        await execute(tx, "INSERT INTO note (word) VALUES (%s)", (payload.word,))


@pytest.fixture
async def at_work(platform_db: Database, tmp_path: Path) -> Runtime:
    async with platform_db.transaction() as tx:
        await execute(tx, "CREATE TABLE note (word text)")
    return Runtime(Settings(home=tmp_path), platform_db, SystemClock())


@contextlib.asynccontextmanager
async def working(runtime: Runtime, jobs: list[Job[Note]], lanes: dict[str, int]) -> AsyncIterator[None]:
    registry = Registry()
    for each in jobs:
        registry.job(each)
    crew = asyncio.create_task(run_lanes(runtime, registry, lanes, pace=QUICK))
    try:
        yield
    finally:
        crew.cancel()
        await asyncio.gather(crew, return_exceptions=True)


async def notes(db: Database) -> list[str]:
    async with db.transaction() as tx:
        return sorted(row["word"] for row in await fetch_all(tx, "SELECT word FROM note"))


async def states(db: Database) -> dict[int, JobState]:
    async with db.transaction() as tx:
        found = await store.page(tx, lane=None, name=None, state=None, before=2**60, limit=100)
    return {record.id: record.state for record in found}


async def test_a_job_runs_after_its_transaction_commits_and_not_when_it_rolls_back(
    at_work: Runtime, until: Until
) -> None:
    noting = job("note", lane="writing")(write)
    with contextlib.suppress(RuntimeError):
        async with at_work.db.transaction() as tx:
            await noting.defer(tx, Note("never"))
            raise RuntimeError
    async with working(at_work, [noting], {"writing": 2}):
        async with at_work.db.transaction() as tx:
            ids = [await noting.defer(tx, Note(f"n{n}", at=datetime(2026, 1, 1, tzinfo=UTC))) for n in range(5)]
        await until(lambda: _all_in(at_work.db, ids, JobState.SUCCEEDED))
    assert await notes(at_work.db) == [f"n{n}" for n in range(5)]


async def _all_in(db: Database, ids: list[int], state: JobState) -> bool:
    found = await states(db)
    return all(found[number] is state for number in ids)


async def test_once_keeps_one_waiting_and_tells_its_number(at_work: Runtime) -> None:
    noting = job("note", lane="writing")(write)
    later = datetime.now(UTC) + timedelta(hours=1)
    async with at_work.db.transaction() as tx:
        first = await noting.defer(tx, Note("a"), once="sync:A", at=later)
        assert await noting.defer(tx, Note("b"), once="sync:A") == first
        assert await noting.defer(tx, Note("c"), once="sync:B", at=later) != first

    async def another() -> int:
        async with at_work.db.transaction() as tx:
            return await noting.defer(tx, Note("x"), once="sync:C", at=later)

    assert len(set(await asyncio.gather(*(another() for _ in range(6))))) == 1


async def test_a_failing_job_is_tried_again_and_what_went_wrong_can_be_read(at_work: Runtime, until: Until) -> None:
    tries: list[str] = []

    @job("failing", lane="writing", retry=NOW)
    async def fail(_runtime: Runtime, payload: Note) -> None:
        tries.append(payload.word)
        if payload.word == "useless":
            raise Invalid("never any good")
        raise OSError(f"no line for {payload.word}")

    async with working(at_work, [fail], {"writing": 1}):
        async with at_work.db.transaction() as tx:
            ids = [await fail.defer(tx, Note("useless")), await fail.defer(tx, Note("unlucky"))]
        await until(lambda: _all_in(at_work.db, ids, JobState.FAILED))
    assert (tries.count("useless"), tries.count("unlucky")) == (1, 3)
    async with at_work.db.transaction() as tx:
        found = await store.page(tx, lane="writing", name=None, state=JobState.FAILED, before=2**60, limit=10)
        assert [(record.attempts, record.error) for record in found] == [
            (3, "OSError: no line for unlucky"),
            (1, "Invalid: never any good"),
        ]
        assert [(lane.lane, lane.failed) for lane in await lanes(tx)] == [("writing", 2)]
        assert await store.retry_failed(tx, ids[0])
        assert not await store.retry_failed(tx, ids[0])


async def test_a_lane_below_a_lane_gets_its_own_pool_and_a_strange_one_none(at_work: Runtime, until: Until) -> None:
    released = asyncio.Event()

    @job("holding", lane="changes")
    async def hold(runtime: Runtime, payload: Note) -> None:
        if payload.word == "A":
            await released.wait()
        await write(runtime, payload)

    async with working(at_work, [hold], {"changes": 1}):
        async with at_work.db.transaction() as tx:
            stuck = await hold.defer(tx, Note("A"), lane="changes.A")
            moving = await hold.defer(tx, Note("B"), lane="changes.B")
            strange = await hold.defer(tx, Note("C"), lane="elsewhere")
        await until(lambda: _all_in(at_work.db, [moving], JobState.SUCCEEDED))
        found = await states(at_work.db)
        assert (found[stuck], found[strange]) == (JobState.RUNNING, JobState.WAITING)
        released.set()
        await until(lambda: _all_in(at_work.db, [stuck], JobState.SUCCEEDED))


async def test_a_job_with_a_clock_runs_by_itself(at_work: Runtime, until: Until) -> None:
    ticking = job("ticking", lane="housekeeping", cron="* * * * * *")(write)

    async def ticked() -> bool:
        return "by the clock" in await notes(at_work.db)

    async with working(at_work, [ticking], {"housekeeping": 1}):
        await until(ticked)


async def test_a_job_that_blocks_the_loop_for_longer_than_death_takes_runs_once(at_work: Runtime, until: Until) -> None:
    @job("computing", lane="writing")
    async def compute(runtime: Runtime, payload: Note) -> None:
        await write(runtime, payload)
        code = "import time; time.sleep(2.5)"
        subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603, ASYNC221 - blocking is the point

    async with working(at_work, [compute], {"writing": 2}):
        async with at_work.db.transaction() as tx:
            number = await compute.defer(tx, Note("once"))
        await until(lambda: _all_in(at_work.db, [number], JobState.SUCCEEDED))
    assert await notes(at_work.db) == ["once"]


KILLED = """
import asyncio, sys, msgspec
from pathlib import Path
from tieline.platform.clock import SystemClock
from tieline.platform.db import Database, execute
from tieline.platform.jobs import job, run_lanes
from tieline.platform.settings import Settings
from tieline.platform.wiring import Registry, Runtime

class Note(msgspec.Struct):
    word: str

@job("long", lane="writing")
async def hang(runtime: Runtime, payload: Note) -> None:
    async with runtime.db.transaction() as tx:
        await execute(tx, "INSERT INTO note (word) VALUES ('begun')")
    await asyncio.sleep(600)

async def main() -> None:
    runtime = Runtime(Settings(home=Path(sys.argv[2])), await Database.open(sys.argv[1]), SystemClock())
    registry = Registry()
    registry.job(hang)
    await run_lanes(runtime, registry, ["writing"])

asyncio.run(main())
"""


async def test_a_job_whose_worker_was_killed_runs_again_within_ten_seconds(
    at_work: Runtime, until: Until, tmp_path: Path
) -> None:
    script = tmp_path / "worker.py"
    script.write_text(KILLED)
    long = job("long", lane="writing")(write)
    async with at_work.db.transaction() as tx:
        number = await long.defer(tx, Note("finished"))
    victim = await asyncio.create_subprocess_exec(sys.executable, str(script), at_work.db.url, str(tmp_path))

    async def begun() -> bool:
        return await notes(at_work.db) == ["begun"]

    await until(begun)
    os.kill(victim.pid, signal.SIGKILL)
    await victim.wait()
    registry = Registry()
    registry.job(long)
    crew = asyncio.create_task(run_lanes(at_work, registry, ["writing"]))
    async with asyncio.timeout(10):
        await until(lambda: _all_in(at_work.db, [number], JobState.SUCCEEDED))
    crew.cancel()
    await asyncio.gather(crew, return_exceptions=True)
    assert await notes(at_work.db) == ["begun", "finished"]


async def test_a_clock_that_went_back_does_not_keep_a_dead_workers_job_for_as_long(at_work: Runtime) -> None:
    long = job("long", lane="writing")(write)
    async with at_work.db.transaction() as tx:
        number = await long.defer(tx, Note("finished"))
        worker = await fetch_value(
            tx,
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() + interval '1 hour') RETURNING id",
        )
        await execute(
            tx, "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s WHERE id = %s", (worker, number)
        )
    async with at_work.db.transaction() as tx:
        assert list(await store.revive_stalled(tx, 10, 3)) == [], "it may live: it has ten seconds to beat"
    async with at_work.db.transaction() as tx:
        await execute(tx, "UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '11 seconds'")
        assert [row["id"] for row in await store.revive_stalled(tx, 10, 3)] == [number]


async def test_what_runs_when_the_process_ends_in_order_is_put_back_at_once(
    at_work: Runtime, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tieline.platform.jobs.worker._GRACE", 0.1)

    @job("patient", lane="writing")
    async def wait(runtime: Runtime, payload: Note) -> None:
        await write(runtime, payload)
        await asyncio.Event().wait()

    async with working(at_work, [wait], {"writing": 1}):
        async with at_work.db.transaction() as tx:
            number = await wait.defer(tx, Note("begun"))

        async def begun() -> bool:
            return await notes(at_work.db) == ["begun"]

        await until(begun)
    assert (await states(at_work.db))[number] is JobState.WAITING
    async with at_work.db.transaction() as tx:
        assert await fetch_value(tx, "SELECT count(*) AS n FROM procrastinate_workers") == 0


async def test_what_ended_long_ago_is_forgotten(at_work: Runtime, until: Until) -> None:
    noting = job("note", lane="writing")(write)
    async with working(at_work, [noting], {"writing": 1}):
        async with at_work.db.transaction() as tx:
            number = await noting.defer(tx, Note("x"))
        await until(lambda: _all_in(at_work.db, [number], JobState.SUCCEEDED))
    now = datetime.now(UTC)
    async with at_work.db.transaction() as tx:
        assert await store.forget(tx, succeeded_before=now - timedelta(days=1), failed_before=now) == 0
        assert await store.forget(tx, succeeded_before=now + timedelta(days=1), failed_before=now) == 1


async def test_a_job_needs_a_payload_of_a_known_form() -> None:
    async def loose(_runtime: Runtime, _payload: dict[str, str]) -> None:
        return

    with pytest.raises(TypeError, match="must take"):
        job("loose", lane="x")(loose)  # type: ignore[type-var]
