"""Calls of the standard interfaces by the minute: how many there were, and how many did not go well."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

MINUTES = 60
"""Minutes that are kept."""
_REFUSED, _BAD, _FAILED = 429, 400, 500


@dataclass(slots=True)
class Minute:
    """What was answered in one minute: all calls, those beyond the rate, those in error, those that failed here."""

    calls: int = 0
    refused: int = 0
    errors: int = 0
    failed: int = 0

    @property
    def wrong(self) -> int:
        """Those that did not go well, on whichever side: in error, or failed here."""
        return self.errors + self.failed

    def count(self, status: int) -> None:
        """Count an answer; 0 stands for a connection that was closed without one."""
        self.calls += 1
        self.refused += status == _REFUSED
        self.errors += _BAD <= status < _FAILED and status != _REFUSED
        self.failed += status >= _FAILED or status == 0


@dataclass(slots=True)
class Tally:
    """The last hour, in memory: it begins anew with the process. ``""`` stands for callers that are no utility."""

    seconds: Callable[[], float] = time.monotonic
    _kept: dict[str, dict[int, Minute]] = field(default_factory=dict)

    def count(self, utility: str, status: int) -> None:
        """Count an answer that a utility was given."""
        now = int(self.seconds() // 60)
        minutes = self._kept.setdefault(utility, {})
        if now not in minutes:
            for old in [one for one in minutes if one <= now - MINUTES]:
                del minutes[old]
            minutes[now] = Minute()
        minutes[now].count(status)

    def of(self, utility: str | None = None) -> Sequence[Minute]:
        """The last hour of one utility or of all, oldest minute first; the last one is not over."""
        now = int(self.seconds() // 60)
        kept = self._kept.values() if utility is None else [self._kept.get(utility, {})]
        return [_sum([one.get(now - back, Minute()) for one in kept]) for back in range(MINUTES - 1, -1, -1)]

    def last_minute(self, utility: str | None = None) -> Minute:
        """The last minute that is over."""
        return self.of(utility)[-2]

    def hour(self, utility: str | None = None) -> Minute:
        """The last hour as a whole, with the minute that is not over: what went wrong just now is in it."""
        return _sum(self.of(utility))


def _sum(minutes: Sequence[Minute]) -> Minute:
    return Minute(
        sum(one.calls for one in minutes),
        sum(one.refused for one in minutes),
        sum(one.errors for one in minutes),
        sum(one.failed for one in minutes),
    )
