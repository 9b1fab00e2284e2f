"""Time, as a value that is passed in: rules never ask the machine what time it is."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol


class Clock(Protocol):
    """Says what time it is, in UTC and aware of it."""

    def now(self) -> datetime:
        """The present moment."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment."""
        return datetime.now(UTC)


class SetClock:
    """A clock that is set and moved by hand, for tests and declared stories."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """The moment that was last set."""
        return self._now

    def forward(self, step: timedelta) -> None:
        """Move the clock by ``step``."""
        self._now += step


class DeclaredClock:
    """A calendar that runs at a declared speed: at ``origin`` of the true clock it is ``start``, and runs from there.

    For demonstrations and stories that last a year. It is for times that people plan with (due dates, days of visits,
    dwells); what was really done when is told by the true clock.
    """

    def __init__(self, clock: Clock, start: datetime, origin: datetime, speed: float) -> None:
        self._clock = clock
        self._start = start
        self._origin = origin
        self.speed = speed

    def now(self) -> datetime:
        """The moment that the calendar shows."""
        elapsed = max(timedelta(), self._clock.now() - self._origin)
        return self._start + elapsed * self.speed


class SteadyClock:
    """A clock that is read once, and reckoned by passed time from then on: nobody can set it meanwhile."""

    def __init__(self, clock: Clock, passed: Callable[[], float] = time.monotonic) -> None:
        self._passed = passed
        self._at, self._then = clock.now(), passed()

    def now(self) -> datetime:
        """The moment it was read, and what has passed since."""
        return self._at + timedelta(seconds=self._passed() - self._then)


class Jumps:
    """Tells a clock that leaves the pace of time: set by hand or by a time server, or stopped with its machine.

    What lasts for a while is counted in passed time, whatever clocks on the wall show.
    """

    TOLERANCE = timedelta(minutes=1)
    """Less than this since the last look is how clocks are kept right."""

    def __init__(self, clock: Clock, passed: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._passed = passed
        self._at, self._then = clock.now(), passed()

    def look(self) -> timedelta:
        """By how much the clock ran ahead (below zero: fell back) since the last look; nothing while it is right."""
        at, then = self._clock.now(), self._passed()
        jump = at - self._at - timedelta(seconds=then - self._then)
        self._at, self._then = at, then
        return jump if abs(jump) > self.TOLERANCE else timedelta()


_DECLARED = re.compile(r"(?P<start>[^@]+)@(?P<origin>[^*]+)\*(?P<speed>[0-9.]+)")


def declared(text: str, clock: Clock) -> Clock:
    """The calendar that a declaration describes: ``start@origin*speed`` with ISO 8601 times; empty: the clock itself.

    Raises ``ValueError`` for anything else.
    """
    if not text:
        return clock
    start, origin, speed = _declaration(text)
    return DeclaredClock(clock, start, origin, speed)


@lru_cache(maxsize=8)
def _declaration(text: str) -> tuple[datetime, datetime, float]:
    match = _DECLARED.fullmatch(text.strip())
    if match is None:
        raise ValueError("A calendar is declared as start@origin*speed, with ISO 8601 times.")
    start, origin = (datetime.fromisoformat(match[name]) for name in ("start", "origin"))
    speed = float(match["speed"])
    if start.tzinfo is None or origin.tzinfo is None or speed <= 0:
        raise ValueError("The times of a declared calendar have a time zone, and its speed is above 0.")
    return start, origin, speed
