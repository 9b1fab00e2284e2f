"""Background services: started again when they fail, ended when they are done, cancelled together."""

import asyncio
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest

from tieline.platform.clock import SystemClock
from tieline.platform.services import keep_running, run_services
from tieline.platform.settings import Settings
from tieline.platform.wiring import Registry, Runtime, Service

pytestmark = pytest.mark.anyio


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    return Runtime(Settings(home=tmp_path), cast("Any", None), SystemClock())


async def test_a_service_that_fails_is_started_again_after_growing_waits(runtime: Runtime) -> None:
    waits: list[float] = []
    starts = 0

    async def run(_runtime: Runtime) -> None:
        nonlocal starts
        starts += 1
        if starts < 12:
            raise RuntimeError("again")

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    await keep_running(runtime, Service("worker", "s", run), sleep=sleep)
    assert starts == 12
    assert 0.5 <= waits[0] <= 1.0
    assert 15 <= waits[-1] <= 30
    assert max(waits) <= 30


async def test_a_database_that_went_away_makes_no_wait_grow(runtime: Runtime) -> None:
    waits: list[float] = []

    async def run(_runtime: Runtime) -> None:
        if len(waits) < 12:
            raise psycopg.OperationalError("server closed the connection unexpectedly")

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    await keep_running(runtime, Service("worker", "s", run), sleep=sleep)
    assert max(waits) <= 0.5


async def test_only_the_services_of_the_process_run_and_end_together(runtime: Runtime) -> None:
    registry = Registry()
    running: set[str] = set()
    both = asyncio.Event()

    def service(name: str) -> Any:
        async def run(_runtime: Runtime) -> None:
            running.add(name)
            if len(running) == 2:
                both.set()
            try:
                await asyncio.Event().wait()
            finally:
                running.remove(name)

        return run

    registry.service("worker", "a", service("a"))
    registry.service("worker", "b", service("b"))
    registry.service("api", "c", service("c"))
    task = asyncio.create_task(run_services(runtime, registry, "worker"))
    await asyncio.wait_for(both.wait(), 5)
    assert running == {"a", "b"}
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert running == set()
