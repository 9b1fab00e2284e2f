"""How long a change lasts at an operator, honestly: as a range, from what the operator permits and usually needs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tieline.utility.connectors import Capabilities

_ANSWER = (0.02, 1.0)
_RETRIES = 1.15


@dataclass(frozen=True, slots=True)
class Estimate:
    """Calls and seconds, least and most. ``limited_by`` says what makes it last: the rate, or the network."""

    items: int
    batches: int
    calls: int
    least_seconds: float
    most_seconds: float
    limited_by: str


def estimate(items_by_wave: Sequence[int], capabilities: Capabilities) -> Estimate:
    """Estimate one operator's lane; waves follow one another, batches of a wave overlap as far as is permitted."""
    size, abreast = max(1, capabilities.max_batch), max(1, capabilities.in_flight)
    batches = [math.ceil(items / size) for items in items_by_wave if items]
    calls = sum(batches) * capabilities.batch_calls
    rounds = sum(math.ceil(count / abreast) for count in batches)
    by_rate = calls / capabilities.calls_per_second if capabilities.calls_per_second else 0.0
    least = max(by_rate, rounds * (capabilities.apply_seconds[0] + _ANSWER[0] * capabilities.batch_calls))
    network = rounds * (capabilities.apply_seconds[1] + _ANSWER[1] * capabilities.batch_calls)
    most = max(by_rate * _RETRIES, network) + (capabilities.apply_seconds[1] if batches else 0.0)
    limited = "rate" if by_rate * _RETRIES >= network and by_rate > 0 else "network"
    return Estimate(sum(items_by_wave), sum(batches), calls, round(least, 1), round(most, 1), limited)


def together(lanes: Sequence[Estimate]) -> tuple[float, float]:
    """Seconds of the whole change: operators are worked on side by side."""
    if not lanes:
        return (0.0, 0.0)
    return (max(lane.least_seconds for lane in lanes), max(lane.most_seconds for lane in lanes))


def remaining(done: int, left: int, elapsed: float, planned: tuple[float, float]) -> tuple[float, float] | None:
    """Seconds left as a range: from the pace so far once there is one, from the plan before. None when nothing is left.

    ``planned`` is the plan's range for all of it.
    """
    if left <= 0:
        return None
    if done <= 0 or elapsed <= 0:
        return planned
    pace = left * elapsed / done
    share = left / (left + done)
    return (round(min(pace * 0.7, max(pace * 0.5, planned[0] * share)), 1), round(pace * 1.6 + 1, 1))
