"""The shared rate's pure parts: slots taken, given back and taken late by several, and a clock known within bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.utility.connectors.limiter import Rate
from tieline.utility.connectors.pace import SharedClock, Taken, choose


def most_in_a_window(times: list[float], window: float) -> int:
    """The largest number of calls in any half-open interval; it is enough to look at those that begin at a call."""
    return max(sum(1 for later in times[i:] if later < start + window) for i, start in enumerate(times))


@given(
    permits=st.integers(1, 20),
    steps=st.lists(st.tuples(st.floats(0, 0.6), st.booleans()), min_size=1, max_size=150),
)
def test_slots_that_were_used_keep_the_rule_though_others_were_given_back(
    permits: int, steps: list[tuple[float, bool]]
) -> None:
    rate = Rate(permits, 1.0)
    now = 0.0
    slots: list[float] = []
    used: list[float] = []
    for pause, late in steps:
        now += pause
        at, slots = choose(Taken(slots, 0.0, 1), now, rate)
        if late:  # the process woke too late for it, and uses the end of the next
            now = max(now, at) + 0.05
            at, slots = choose(Taken(slots, 0.0, 1), now, rate, back=at, slack=0.1)
            at += 0.1
        used.append(at)
    assert used == sorted(used)
    assert most_in_a_window(used, 1.0) <= permits


def test_of_two_slots_at_one_moment_one_is_given_back() -> None:
    at, slots = choose(Taken([1.0, 1.0], 0.0, 1), 1.5, Rate(2, 1.0), back=1.0)
    assert (at, slots) == (1.5, [1.0, 1.5])


def test_slots_of_a_clock_that_was_set_back_do_not_block_for_as_long() -> None:
    at, _ = choose(Taken([5000.0, 5001.0], 0.0, 1), 10.0, Rate(2, 1.0))
    assert at == 11.0


def test_a_hold_holds() -> None:
    assert choose(Taken([], 42.0, 1), 10.0, Rate(2, 1.0))[0] == 42.0


def test_the_difference_of_the_clocks_stays_within_the_bounds_of_each_answer() -> None:
    ours = iter([10.5, 20.01, 30.3, 30.3])
    clock = SharedClock(lambda: next(ours))
    clock.learn(10.0, 1010.2)  # between -1000.2 and -999.7
    assert clock.ahead == pytest.approx(-999.7)
    clock.learn(20.0, 1020.0)  # between -1000.0 and -999.99
    assert clock.ahead == pytest.approx(-999.99)
    clock.learn(30.0, 1030.1)  # a slow answer says less
    assert clock.ahead == pytest.approx(-999.99)
    assert clock.read() == pytest.approx(1030.29)
