"""What a process of ours does from start to stop, and its orderly end on a signal."""

import asyncio
import contextlib
import gc
import signal
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import uvloop

YOUNG_OBJECTS = 10_000
"""How many objects may have come, beyond those that went, before the garbage collector looks at them."""


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


def leave_what_stays_alone() -> None:
    """Take what is there from the start out of the garbage collector's rounds, and have it look less often.

    Called once a process has put its parts together: a round over all of them took 100 ms that answers waited, and an
    eighth of a busy process's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 10, 1000)


async def together(*work: Awaitable[None]) -> None:
    """Run several things at once; when one fails, or this is cancelled, all are stopped and waited for."""

    async def awaited(one: Awaitable[None]) -> None:
        await one

    async with asyncio.TaskGroup() as group:
        for one in work:
            group.create_task(awaited(one))
