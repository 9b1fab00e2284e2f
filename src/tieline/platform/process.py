"""What a process of ours does from start to stop, and its orderly end on a signal."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import uvloop


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

    async def awaited(one: Awaitable[None]) -> None:
        await one

    async with asyncio.TaskGroup() as group:
        for one in work:
            group.create_task(awaited(one))
