"""The permitted rate: never above it in any window, at least 99 % of it under load."""

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.utility.connectors.limiter import Limiter, Rate, moved, next_slot


@dataclass
class VirtualTime:
    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def read(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def most_in_a_window(times: list[float], window: float) -> int:
    """The largest number of calls in any half-open interval; it is enough to look at those that begin at a call."""
    return max(sum(1 for later in times[i:] if later < start + window) for i, start in enumerate(times))


def run(limiter: Limiter, time: VirtualTime, pauses: list[float]) -> list[float]:
    async def go() -> list[float]:
        slots = []
        for pause in pauses:
            time.now += pause
            slots.append(await limiter.slot())
        return slots

    return asyncio.run(go())


@given(
    rate=st.one_of(st.integers(1, 40).map(float), st.floats(0.05, 40, allow_nan=False)),
    pauses=st.lists(st.floats(0, 3, allow_nan=False), min_size=1, max_size=120),
)
def test_never_above_the_rate_in_any_second(rate: float, pauses: list[float]) -> None:
    time = VirtualTime()
    limiter = Limiter(Rate.per_second(rate), now=time.read, sleep=time.sleep)
    slots = run(limiter, time, pauses)
    whole = rate == int(rate)
    permitted = int(rate) if whole else 1
    window = 1.0 if whole else 1.0 / rate
    assert most_in_a_window(slots, window) <= permitted
    assert slots == sorted(slots)


@given(rate=st.integers(1, 50), seconds=st.integers(5, 20))
def test_at_least_99_per_cent_of_the_rate_under_load(rate: int, seconds: int) -> None:
    time = VirtualTime()
    limiter = Limiter(Rate.per_second(rate), now=time.read, sleep=time.sleep)
    calls = rate * seconds
    slots = run(limiter, time, [0.0] * (calls + 1))
    assert calls / (slots[-1] - slots[0]) >= 0.99 * rate


def test_a_call_after_a_rest_goes_at_once() -> None:
    time = VirtualTime()
    limiter = Limiter(Rate(2, 1.0), now=time.read, sleep=time.sleep)
    assert run(limiter, time, [0.0, 0.0, 0.0]) == [0.0, 0.0, 1.0]
    assert run(limiter, time, [5.0]) == [6.0]


def test_a_call_that_leaves_late_moves_its_slot() -> None:
    time = VirtualTime()
    limiter = Limiter(Rate(2, 1.0), now=time.read, sleep=time.sleep)
    [first] = run(limiter, time, [0.0])
    time.now = 0.4
    limiter.left(first)
    assert run(limiter, time, [0.0, 0.0, 0.0]) == [0.4, 1.4, 1.4]


@given(
    permits=st.integers(1, 10),
    calls=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 0.3)), min_size=1, max_size=60),
)
def test_by_when_they_left_calls_keep_the_rule_too(permits: int, calls: list[tuple[float, float]]) -> None:
    time = VirtualTime()
    limiter = Limiter(Rate(permits, 1.0), now=time.read, sleep=time.sleep)
    left = []
    for pause, opening in calls:
        time.now += pause
        slot = asyncio.run(limiter.slot())
        time.now += opening
        limiter.left(slot)
        left.append(time.now)
    # Two differences of the same pair of floating numbers may differ in their last place.
    assert most_in_a_window(left, 1.0 - 1e-9) <= permits


def test_a_slot_nobody_knows_of_moves_nothing() -> None:
    assert moved([1.0, 2.0], 1.5, 9.0, slack=0.1) == [1.0, 2.0]
    assert moved([1.0, 2.0, 3.0], 1.95, 2.5, slack=0.1) == [1.0, 2.5, 3.0]


def test_retry_after_holds_every_caller() -> None:
    time = VirtualTime()
    limiter = Limiter(Rate(10, 1.0), now=time.read, sleep=time.sleep)
    asyncio.run(limiter.hold(7.5))
    assert run(limiter, time, [0.0, 0.0]) == [7.5, 7.5]


def test_without_a_rate_nobody_waits() -> None:
    time = VirtualTime()
    run(Limiter(None, now=time.read, sleep=time.sleep), time, [0.0] * 1000)
    assert time.slept == []


def test_callers_at_once_get_different_slots() -> None:
    time = VirtualTime()
    limiter = Limiter(Rate(1, 1.0), now=time.read, sleep=time.sleep)

    async def go() -> list[float]:
        return list(await asyncio.gather(*(limiter.slot() for _ in range(4))))

    assert asyncio.run(go()) == [0.0, 1.0, 2.0, 3.0]


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="above zero"):
        Rate.per_second(0)


def test_slots_keep_their_order_when_the_clock_stands_still() -> None:
    assert next_slot([5.0], 3.0, Rate(4, 1.0)) == 5.0
