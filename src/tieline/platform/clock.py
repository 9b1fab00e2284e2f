"""Time, as a value that is passed in: rules never ask the machine what time it is."""

from datetime import UTC, datetime, timedelta
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
