"""What a process of ours does from start to stop: its background services, and an orderly end on a signal."""

import asyncio
import contextlib
import random
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

import structlog
import uvloop

from tieline.platform.wiring import Runtime, Service

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
_SETTLED_SECONDS = 60.0

_log = structlog.get_logger("tieline.process")


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a process's main coroutine until it ends or SIGINT or SIGTERM asks for an orderly stop."""

    async def until_signal() -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(main())
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    uvloop.run(until_signal())


async def together(*work: Awaitable[None]) -> None:
    """Run several things at once; when one fails, or this is cancelled, all are stopped and waited for."""
    async with asyncio.TaskGroup() as group:
        for one in work:
            group.create_task(_awaited(one))


async def keep_running(services: Iterable[Service], runtime: Runtime) -> None:
    """Run background services for as long as the process lives; one that raises is started again after a pause."""
    await together(*(_keep(service, runtime) for service in services))


async def _awaited(work: Awaitable[None]) -> None:
    await work


async def _keep(service: Service, runtime: Runtime) -> None:
    loop = asyncio.get_running_loop()
    pause = _FIRST_PAUSE_SECONDS
    while True:
        began = loop.time()
        try:
            await service.run(runtime)
        except Exception:  # noqa: BLE001 - whatever it was, it is logged, and the service is started again
            if loop.time() - began > _SETTLED_SECONDS:
                pause = _FIRST_PAUSE_SECONDS
            _log.exception("service failed", service=service.name, again_in_seconds=round(pause, 1))
        else:
            _log.info("service ended", service=service.name)
            return
        await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - jitter, not a secret
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
