"""Counts of the fleet that take longer than a page may take: counted apart, kept for a while, shown with their age.

What is no longer fresh is counted anew, and waited for a moment; after that the page goes out with what was kept, with
its age, or without it where it was never counted, and asks again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

import structlog

from tieline.platform.clock import Clock
from tieline.platform.scope import Scope

T = TypeVar("T")
MOST_KEPT = 500
A_MOMENT = 0.05
"""Seconds that a page waits for what was never counted, or is no longer fresh."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Counted(Generic[T]):
    """A value, and when it was counted."""

    value: T
    at: datetime


class Shelf:
    """Keeps values by key; one that is being made is not made twice."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[Hashable, Counted[Any]] = {}
        self._making: dict[Hashable, asyncio.Task[Counted[Any]]] = {}

    async def get(
        self, key: Hashable, make: Callable[[], Awaitable[T]], *, fresh: timedelta, wait: float | None = A_MOMENT
    ) -> Counted[T] | None:
        """The value of a key, made by ``make`` when there is none that is fresh.

        ``wait`` is how many seconds to wait for it: afterwards the answer is what is known of before, or None, and the
        value comes to be kept. None waits for a first value until it is made, and then raises what its making raised.
        """
        known = self._kept.get(key)
        if known and self._clock.now() - known.at < fresh:
            return known
        task = self._making.get(key) or self._begin(key, make)
        if wait is None and not known:
            return await asyncio.shield(task)
        await asyncio.wait([task], timeout=A_MOMENT if wait is None else wait)
        return task.result() if task.done() and not task.exception() else known

    async def settle(self) -> None:
        """Wait until nothing is being made."""
        await asyncio.gather(*self._making.values(), return_exceptions=True)

    def _begin(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> "asyncio.Task[Counted[Any]]":
        async def made() -> Counted[Any]:
            return Counted(await make(), self._clock.now())

        task = asyncio.create_task(made(), name=f"count {key}")
        self._making[key] = task
        task.add_done_callback(lambda done: self._keep(key, done))
        return task

    def _keep(self, key: Hashable, task: "asyncio.Task[Counted[Any]]") -> None:
        self._making.pop(key, None)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            _log.warning("a count failed", key=str(key), exc_info=error)
            return
        self._kept.pop(key, None)
        while len(self._kept) >= MOST_KEPT:
            self._kept.pop(next(iter(self._kept)))
        self._kept[key] = task.result()


def bounds(scope: Scope) -> Hashable:
    """What of a scope a count depends on: never is one's count shown to somebody who may see less."""
    return (scope.regions, scope.operators)
