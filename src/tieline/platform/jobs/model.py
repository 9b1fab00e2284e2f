"""A job: a named coroutine with a typed payload, run in a lane, tried again when it fails."""

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar

import msgspec

from tieline.platform.db import Tx, is_lost
from tieline.platform.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from tieline.platform.jobs import queue
from tieline.platform.wiring import Runtime

P = TypeVar("P", bound=msgspec.Struct)
Lane = str

# Trying these again would only fail again.
_FINAL = (Invalid, Forbidden, NotFound, Conflict, TooLarge)
_JITTER = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a job is tried, and how long it waits in between.

    The wait doubles from ``first`` up to ``longest``, and is shortened by up to a half by chance.
    """

    attempts: int = 5
    first: timedelta = timedelta(seconds=2)
    longest: timedelta = timedelta(minutes=5)

    def wait(self, error: BaseException, attempt: int) -> timedelta | None:
        """How long to wait after the given attempt (from one) failed; None to give up.

        Where it is the database that cannot serve, it is tried for as long as that takes.
        """
        if isinstance(error, _FINAL) or (attempt >= self.attempts and not is_lost(error)):
            return None
        doubled = self.first * float(1 << min(attempt - 1, 20))
        return min(doubled, self.longest) * _JITTER.uniform(0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Job(Generic[P]):
    """A job as it is declared with :func:`job`."""

    name: str
    lane: Lane
    run: Callable[[Runtime, P], Awaitable[None]]
    payload: type[P]
    retry: Retry = Retry()
    cron: str | None = None

    async def defer(
        self, tx: Tx, payload: P, *, lane: Lane | None = None, once: str | None = None, at: datetime | None = None
    ) -> int:
        """Enqueue the job in ``tx``, to be run after it commits, and not before ``at``; gives its number.

        ``once``: while a job with this word waits, no second one is added, and the number of the waiting one is
        given. ``lane`` may be one below the job's own: ``changes.A`` for a job of lane ``changes``.
        """
        arguments = {"payload": msgspec.to_builtins(payload)}
        return await queue.add(tx, self.name, lane or self.lane, arguments, once=once, at=at)

    def decode(self, arguments: Mapping[str, Any] | None) -> P:
        """The payload from what was stored; a job that runs by the clock has an empty one."""
        return msgspec.convert(arguments or {}, self.payload)


class JobState(StrEnum):
    """Where a job is."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job as people see it. ``attempts`` counts those that ended; ``error`` is the last attempt's."""

    id: int
    name: str
    lane: Lane
    state: JobState
    attempts: int
    error: str | None
    created_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    due_at: datetime | None
