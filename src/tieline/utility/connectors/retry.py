"""Trying again: how long to wait, and only where it is safe.

Waiting grows exponentially and is spread at random over the whole interval ("full jitter"), so that many callers that
failed together do not come back together.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from tieline.utility.connectors.errors import ConnectorError, Throttled, Unknown, Unreachable

_random = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Patience:
    """``attempts`` in all; waits from ``first`` seconds, doubling up to ``longest``."""

    attempts: int = 4
    first: float = 0.2
    longest: float = 10.0


def backoff(attempt: int, patience: Patience, *, chance: Callable[[], float] = _random.random) -> float:
    """Seconds to wait after the ``attempt``-th failure (from 1); ``chance`` gives a number in [0, 1)."""
    ceiling = min(patience.longest, patience.first * 2.0 ** min(attempt - 1, 30))
    return ceiling * chance()


def wait_before_retry(error: ConnectorError, attempt: int, patience: Patience, *, repeatable: bool) -> float | None:
    """Seconds to wait before the same call is made again, or None when it must not be.

    ``repeatable`` says that doing it twice is the same as doing it once: reading, asking, cancelling. A call that is
    not may be repeated only when it surely had no effect.
    """
    if attempt >= patience.attempts:
        return None
    if isinstance(error, Throttled):
        return error.retry_after + backoff(1, patience)
    if isinstance(error, Unreachable):
        return max(error.retry_after or 0.0, backoff(attempt, patience))
    if isinstance(error, Unknown) and repeatable:
        return backoff(attempt, patience)
    return None
