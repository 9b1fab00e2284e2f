"""How often a utility may call: a token bucket each. Pure but for the clock it is given."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Calls:
    """What was counted of one utility's calls since the process started.

    ``busiest_second`` is the most that were taken in any second, wherever it begins.
    """

    taken: int = 0
    refused: int = 0
    busiest_second: int = 0
    _last: deque[float] = field(default_factory=deque)

    def count(self, now: float) -> None:
        """Count a call that was taken."""
        self.taken += 1
        self._last.append(now)
        while now - self._last[0] >= 1:
            self._last.popleft()
        self.busiest_second = max(self.busiest_second, len(self._last))


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class RateLimit:
    """Token buckets that hold one second's worth of calls, one call at least.

    Calls are counted, not octets. A rate that the contract changes holds from the next call.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._buckets: dict[int, _Bucket] = {}
        self.calls: dict[int, Calls] = {}

    def take(self, utility_id: int, rate: float) -> float:
        """Take one call: 0 if it may go on, otherwise the seconds until the next one may."""
        now = self._seconds()
        most = max(1.0, rate)
        bucket = self._buckets.setdefault(utility_id, _Bucket(most, now))
        calls = self.calls.setdefault(utility_id, Calls())
        bucket.tokens = min(most, bucket.tokens + (now - bucket.at) * rate)
        bucket.at = now
        if bucket.tokens < 1:
            calls.refused += 1
            return (1 - bucket.tokens) / rate
        bucket.tokens -= 1
        calls.count(now)
        return 0.0
