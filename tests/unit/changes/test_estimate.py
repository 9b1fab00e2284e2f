"""How long it lasts: against figures worked out by hand, and the known one of a slow platform."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.utility.changes.policy.estimate import estimate, remaining, together
from tieline.utility.connectors import Capabilities


def test_20_000_at_five_calls_a_second_one_by_one_is_67_minutes() -> None:
    platform = Capabilities(max_batch=1, in_flight=1, calls_per_second=5, batch_calls=1, apply_seconds=(0, 0))
    lane = estimate([20_000], platform)
    assert lane.calls == 20_000
    assert lane.least_seconds / 60 == pytest.approx(66.7, abs=0.1)
    assert lane.most_seconds >= lane.least_seconds


def test_batches_count_calls_and_waves_add_up() -> None:
    platform = Capabilities(max_batch=1000, in_flight=4, calls_per_second=10, batch_calls=3, apply_seconds=(1, 10))
    lane = estimate([1, 2500, 0, 4001], platform)
    assert (lane.items, lane.batches, lane.calls) == (6502, 9, 27)
    assert lane.least_seconds == pytest.approx(4 * (1 + 0.06), abs=0.05)
    assert lane.most_seconds == pytest.approx(4 * (10 + 3) + 10)
    assert lane.limited_by == "network"


@given(
    st.lists(st.integers(0, 5000), max_size=6),
    st.integers(1, 2000),
    st.integers(1, 8),
    st.one_of(st.none(), st.floats(0.1, 100)),
)
def test_a_range_is_a_range(waves: list[int], size: int, abreast: int, rate: float | None) -> None:
    lane = estimate(waves, Capabilities(max_batch=size, in_flight=abreast, calls_per_second=rate))
    assert 0 <= lane.least_seconds <= lane.most_seconds


def test_operators_work_side_by_side() -> None:
    slow = estimate([1000], Capabilities(max_batch=1, calls_per_second=1, batch_calls=1))
    fast = estimate([1000], Capabilities(max_batch=1000))
    assert together([slow, fast]) == (slow.least_seconds, slow.most_seconds)
    assert together([]) == (0.0, 0.0)


def test_time_left_follows_the_pace() -> None:
    assert remaining(0, 100, 0, (10, 20)) == (10, 20)
    assert remaining(100, 0, 50, (10, 20)) is None
    left = remaining(50, 50, 100, (10, 20))
    assert left is not None
    assert left[0] < 100 < left[1]
