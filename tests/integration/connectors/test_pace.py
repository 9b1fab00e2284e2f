"""The permitted rate over processes: two real ones with pools of their own take slots of one operator."""

import asyncio
import json
import sys
import time
from itertools import pairwise

import pytest

from tieline.platform.db import Database, execute, fetch_value
from tieline.utility.connectors import store
from tieline.utility.connectors.limiter import Rate
from tieline.utility.connectors.pace import SharedPacer

pytestmark = pytest.mark.anyio

# A process as a worker is: it takes slots as fast as it gets them, and prints them.
CALLER = """
import asyncio, json, sys, time
from tieline.platform.db import Database
from tieline.utility.connectors.limiter import Rate
from tieline.utility.connectors.pace import SharedPacer

async def main(url, calls, seconds):
    db = await Database.open(url, size=2)
    pacer = SharedPacer(db, 7, Rate.per_second(calls))
    end = time.time() + seconds
    went = []
    async def call():
        while time.time() < end:
            went.append(await pacer.slot())
            await asyncio.sleep(0.01)
    await asyncio.gather(*(call() for _ in range(4)))
    await db.close()
    print(json.dumps(went))

asyncio.run(main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3])))
"""


async def caller(url: str, calls: float, seconds: float) -> list[float]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CALLER, url, str(calls), str(seconds), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    times: list[float] = json.loads(output)
    return times


@pytest.mark.parametrize("calls", [5, 50])
async def test_two_processes_together_never_exceed_and_reach_the_rate(utility_db: Database, calls: int) -> None:
    one, other = await asyncio.gather(caller(utility_db.url, calls, 8), caller(utility_db.url, calls, 8))
    went = sorted(one + other)
    assert min(len(one), len(other)) > 0.2 * len(went), "both get their share"
    spans = [later - earlier for earlier, later in zip(went, went[calls:], strict=False)]
    assert min(spans) >= 1.0
    # A busy machine stalls both now and then; what counts is what is reached where it does not.
    stretches = zip(went, went[3 * calls :], strict=False)
    assert any(3 * calls / (later - earlier) >= 0.99 * calls for earlier, later in stretches)


async def test_a_hold_by_one_holds_the_other(utility_db: Database) -> None:
    one, other = (SharedPacer(utility_db, 7, Rate(100, 1.0)) for _ in range(2))
    await one.slot()
    await other.slot()
    began = time.monotonic()
    await one.hold(0.4)
    await asyncio.gather(one.slot(), other.slot())
    assert time.monotonic() - began >= 0.39


async def test_a_call_that_leaves_late_counts_from_when_it_left_for_every_process(utility_db: Database) -> None:
    one, other = (SharedPacer(utility_db, 7, Rate(2, 0.5)) for _ in range(2))
    slot = await one.slot()
    await asyncio.sleep(0.2)  # a connection is opened
    one.left(slot)
    left = time.monotonic()
    await one.slot()
    await other.slot()
    assert time.monotonic() - left >= 0.49


async def test_after_its_row_was_lost_nothing_goes_for_a_window(utility_db: Database) -> None:
    pacer = SharedPacer(utility_db, 7, Rate(5, 0.5))
    await pacer.slot()
    async with utility_db.transaction() as tx:
        await execute(tx, "TRUNCATE operator_pace")
    began = time.monotonic()
    await pacer.slot()
    assert time.monotonic() - began >= 0.49


async def test_a_late_process_gives_its_slot_back(utility_db: Database) -> None:
    went: list[float] = []
    stalls = iter([0.0, 0.2])

    async def overslept(seconds: float) -> None:
        await asyncio.sleep(seconds + next(stalls, 0.0))

    pacer = SharedPacer(utility_db, 7, Rate(2, 0.5), sleep=overslept)
    for _ in range(6):
        await pacer.slot()
        went.append(time.monotonic())
    gaps = [later - earlier for earlier, later in pairwise(went[::2])]
    assert min(gaps) >= 0.495
    async with utility_db.transaction() as tx:
        assert await fetch_value(tx, "SELECT cardinality(slots) FROM operator_pace") == 3
        assert await store.pace(tx, 7) is not None
