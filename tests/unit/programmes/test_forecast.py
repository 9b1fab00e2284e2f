"""Who will be late: by hand for small figures, and by its own meaning for any."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tieline.utility.programmes.policy.forecast import forecast

NOW = datetime(2027, 1, 1, tzinfo=UTC)


def due(*days: float) -> list[datetime | None]:
    return [NOW + timedelta(days=day) for day in days]


def test_two_a_day_do_ten_sites_in_five_days() -> None:
    found = forecast(due(*[10] * 10), 14, 7, NOW)
    assert (found.left, found.a_day, found.late) == (10, 2.0, 0)
    assert found.ends_at == NOW + timedelta(days=5)
    assert found.needed_a_day == 1.0


def test_those_due_before_their_turn_are_late() -> None:
    # One a day: the fourth is done after four days, and due after three and a half.
    found = forecast(due(1, 2, 3, 3.5, 9), 7, 7, NOW)
    assert found.late == 1


def test_where_nothing_gets_done_all_that_are_due_are_late() -> None:
    found = forecast([*due(5, 6), None], 0, 7, NOW)
    assert (found.left, found.late, found.ends_at) == (3, 2, None)


def test_what_is_overdue_cannot_be_caught_up_with() -> None:
    assert forecast(due(-1), 70, 7, NOW).needed_a_day == float("inf")


def test_nothing_left_is_done_now() -> None:
    found = forecast([], 7, 7, NOW)
    assert (found.left, found.late, found.ends_at, found.needed_a_day) == (0, 0, NOW, 0.0)


@given(st.lists(st.floats(0.5, 400), min_size=1, max_size=60), st.integers(1, 500))
def test_at_the_pace_that_is_needed_nobody_is_late(days: list[float], done: int) -> None:
    slow = forecast(due(*days), done, 7, NOW)
    # A thousandth more than needed: what is due and done at the same moment is a matter of rounding.
    quick = forecast(due(*days), 1, 1 / (slow.needed_a_day * 1.001), NOW)
    assert quick.late == 0
    if slow.a_day >= slow.needed_a_day * 1.001:
        assert slow.late == 0
