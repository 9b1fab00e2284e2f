"""What a programme needs from the store by day; expected figures are counted by hand."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tieline.utility.programmes.policy.needs import FURTHEST, Lot, needs

TODAY = date(2026, 3, 2)


def on(days: int) -> date:
    return TODAY + timedelta(days=days)


def test_a_visit_that_is_planned_needs_its_goods_on_its_day() -> None:
    found = needs([Lot(1, ("A", "B"), router=True, day=on(3)), Lot(1, ("A",), router=False, day=on(3))], 0.0, TODAY)
    assert found == {(on(3), "A"): 2, (on(3), "B"): 1, (on(3), ""): 1}


def test_others_are_needed_at_the_pace_at_which_none_is_late() -> None:
    # Ten sites within five days are two a day, the last two on the fifth.
    found = needs([Lot(10, ("A",), router=False, due=on(5))], 0.0, TODAY)
    assert found == {(on(day), "A"): 2 for day in range(5)}


def test_at_a_faster_pace_of_late_they_are_needed_earlier() -> None:
    found = needs([Lot(10, ("A",), router=False, due=on(5))], 5.0, TODAY)
    assert found == {(TODAY, "A"): 5, (on(1), "A"): 5}


def test_sites_due_first_come_first_and_those_without_a_due_time_last() -> None:
    lots = [Lot(2, ("B",), router=False), Lot(2, ("A",), router=False, due=on(2))]
    assert needs(lots, 0.0, TODAY) == {(TODAY, "A"): 1, (on(1), "A"): 1, (on(2), "B"): 1, (on(3), "B"): 1}


def test_what_is_overdue_or_without_any_day_is_needed_today() -> None:
    assert needs([Lot(3, ("A",), router=True, due=on(-9))], 1.0, TODAY) == {(TODAY, "A"): 3, (TODAY, ""): 3}
    assert needs([Lot(3, ("A",), router=False)], 0.0, TODAY) == {(TODAY, "A"): 3}
    assert needs([Lot(1, ("A",), router=False, day=on(-1))], 0.0, TODAY) == {(TODAY, "A"): 1}


@given(
    st.lists(st.tuples(st.integers(1, 400), st.none() | st.integers(-5, 4000)), max_size=6),
    st.floats(0, 50, allow_nan=False),
)
def test_nothing_is_lost_and_nothing_comes_after_its_due_day(given: list[tuple[int, int | None]], a_day: float) -> None:
    lots = [Lot(number, ("A",), router=True, due=None if due is None else on(due)) for number, due in given]
    found = needs(lots, a_day, TODAY)
    total = sum(number for number, _ in given)
    assert sum(number for (_, code), number in found.items() if code == "A") == total
    assert sum(number for (_, code), number in found.items() if code == "") == total
    days = sorted(day for day, code in found.elements() if code == "A")
    dues = sorted(on(due) for _, due in given if due is not None and 0 < due <= FURTHEST)
    assert not days or TODAY <= days[0] <= days[-1] <= on(FURTHEST)
    overdue = sum(number for number, due in given if due is not None and due <= 0)
    for due in dues:
        by_then = overdue + sum(
            number for number, other in given if other is not None and other > 0 and on(other) <= due
        )
        assert sum(day <= due for day in days) >= by_then
