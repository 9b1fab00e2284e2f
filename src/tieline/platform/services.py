"""Keeps the background services of a process running."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import structlog

from tieline.platform.db import is_lost
from tieline.platform.wiring import Process, Registry, Runtime, Service

_FIRST = 0.5
_LONGEST = 30.0
_GOOD_AFTER = 60.0
_JITTER = random.SystemRandom()

log = structlog.get_logger(__name__)


async def run_services(runtime: Runtime, registry: Registry, process: Process) -> None:
    """Run every service registered for this kind of process until cancelled; returns at once when there is none.

    One that raises is started again after a growing wait; the others go on meanwhile.
    """
    async with asyncio.TaskGroup() as group:
        for service in registry.services:
            if service.process == process:
                group.create_task(keep_running(runtime, service), name=f"service {service.name}")


async def keep_running(
    runtime: Runtime, service: Service, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Run one service for ever. A database that went away is no fault of the service: the wait does not grow for it."""
    loop = asyncio.get_running_loop()
    wait = _FIRST
    while True:
        began = loop.time()
        try:
            await service.run(runtime)
        except Exception as error:
            lost = is_lost(error)
            if lost:
                log.warning("service.waits_for_database", service=service.name, error=str(error))
            else:
                log.exception("service.failed", service=service.name)
        else:
            log.info("service.ended", service=service.name)
            return
        if not lost:
            wait = _FIRST if loop.time() - began > _GOOD_AFTER else min(wait * 2, _LONGEST)
        await sleep(wait * _JITTER.uniform(0.5, 1.0))
