"""How often a utility may call."""

from hypothesis import given
from hypothesis import strategies as st

from tieline.gateway.utilities.limits import RateLimit


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_seconds_worth_at_once_then_the_rate() -> None:
    seconds = Seconds()
    limit = RateLimit(seconds)
    assert [limit.take(1, 5) for _ in range(5)] == [0.0] * 5
    assert limit.take(1, 5) == 0.2
    seconds.now = 0.2
    assert limit.take(1, 5) == 0.0
    assert limit.calls[1].taken == 6
    assert limit.calls[1].refused == 1


def test_the_busiest_second_may_begin_anywhere() -> None:
    seconds = Seconds()
    limit = RateLimit(seconds)
    for seconds.now in (0.9, 0.95, 1.1, 1.8, 1.95):
        assert limit.take(1, 10) == 0.0
    assert limit.calls[1].busiest_second == 4


def test_utilities_do_not_share_a_bucket() -> None:
    limit = RateLimit(Seconds())
    assert limit.take(1, 1) == 0.0
    assert limit.take(1, 1) > 0
    assert limit.take(2, 1) == 0.0


@given(st.floats(0.5, 100), st.lists(st.floats(0, 2), min_size=1, max_size=200))
def test_never_more_than_the_rate_and_one_seconds_worth(rate: float, pauses: list[float]) -> None:
    seconds = Seconds()
    limit = RateLimit(seconds)
    taken = 0
    for pause in pauses:
        seconds.now += pause
        taken += limit.take(1, rate) == 0.0
    assert taken <= max(1.0, rate) + rate * seconds.now + 1e-6


@given(st.floats(0.5, 50))
def test_whoever_waits_as_told_is_let_through(rate: float) -> None:
    seconds = Seconds()
    limit = RateLimit(seconds)
    while (wait := limit.take(1, rate)) == 0.0:
        pass
    seconds.now += wait + 1e-9
    assert limit.take(1, rate) == 0.0
