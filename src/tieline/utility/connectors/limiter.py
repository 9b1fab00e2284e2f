"""Keeping to a permitted rate: never above it in any window, and as close below it as time allows.

Sliding window: a call may go when the one ``permits`` calls before it is at least ``window`` old. So in no interval of
``window`` seconds, wherever it begins, are there more than ``permits`` calls; and under load there are exactly so many.
The guard lengthens the window by eight thousandths. That absorbs what a call may start late, and small differences in
travel time to the operator's counter, and costs as much of the rate. A call that leaves later than its slot, since a
connection had to be opened first, moves its slot: the operator counts it when it comes.

``Limiter`` here keeps the rule within one process; ``pace`` keeps it over all processes.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

GUARD = 1.008


@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``permits`` calls in any ``window`` seconds."""

    permits: int
    window: float

    @classmethod
    def per_second(cls, calls: float, *, guard: float = GUARD) -> "Rate":
        """The rate of a contract that says "calls per second"; less than whole numbers are spaced evenly."""
        if calls <= 0:
            raise ValueError("a rate must be above zero")
        whole = math.floor(calls)
        if whole == calls:
            return cls(whole, guard)
        return cls(1, guard / calls)


def next_slot(earlier: Sequence[float], now: float, rate: Rate) -> float:
    """When the next call may go, given the times of earlier calls in order (the last ``permits`` suffice)."""
    if len(earlier) < rate.permits:
        return max(now, earlier[-1] if earlier else now)
    return max(now, earlier[-rate.permits] + rate.window, earlier[-1])


def moved(slots: Iterable[float], slot: float, now: float, *, slack: float = 0.0) -> list[float]:
    """The slots in order, that of a call which leaves only now moved to now; it may have been noted ``slack`` later."""
    known = list(slots)
    for place, one in enumerate(known):
        if slot <= one <= slot + slack:
            known[place] = max(one, now)
            break
    return sorted(known)


class Pacer(Protocol):
    """Says when the next call may go."""

    async def slot(self) -> float:
        """Wait for a slot, and return its time. Callers are served in the order in which they came."""

    def left(self, slot: float) -> None:
        """Say that the call of a slot leaves now; without it, it is taken to have left at its slot."""

    async def hold(self, seconds: float) -> None:
        """Give out no slot for so long: the operator asked to wait (Retry-After)."""


class Limiter:
    """Hands out slots in order within one process. Times are seconds of a monotonic clock."""

    def __init__(
        self,
        rate: Rate | None,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._rate = rate
        self._now = now
        self._sleep = sleep
        self._slots: deque[float] = deque(maxlen=rate.permits if rate else 1)
        self._not_before = 0.0
        self._queue = asyncio.Lock()

    async def slot(self) -> float:
        """Wait for a slot, and return its time: when the call really went, which may be later than it might have."""
        async with self._queue:
            earliest = next_slot(self._slots, self._now(), self._rate) if self._rate else self._now()
            while (wait := max(earliest, self._not_before) - self._now()) > 0:
                await self._sleep(wait)
            self._slots.append(max(earliest, self._now()))
            return self._slots[-1]

    def left(self, slot: float) -> None:
        """Remember that the call of a slot leaves now."""
        self._slots = deque(moved(self._slots, slot, self._now()), maxlen=self._slots.maxlen)

    async def hold(self, seconds: float) -> None:
        """Give out no slot for so long; those that wait for theirs wait longer."""
        self._not_before = max(self._not_before, self._now() + seconds)
