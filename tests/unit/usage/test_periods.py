"""Billing periods follow one another without a gap, and are made of whole parts of months."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.utility.usage.model import Period
from tieline.utility.usage.policy.periods import after, before, days_in, parts, period_of

days = st.dates(date(1971, 1, 1), date(2198, 12, 31))
billing_days = st.integers(1, 28)


@pytest.mark.parametrize(
    ("day", "billing_day", "first", "last"),
    [
        (date(2026, 11, 27), 1, date(2026, 11, 1), date(2026, 11, 30)),
        (date(2026, 11, 14), 15, date(2026, 10, 15), date(2026, 11, 14)),
        (date(2026, 11, 15), 15, date(2026, 11, 15), date(2026, 12, 14)),
        (date(2024, 2, 29), 28, date(2024, 2, 28), date(2024, 3, 27)),
        (date(2026, 1, 5), 10, date(2025, 12, 10), date(2026, 1, 9)),
    ],
)
def test_the_period_of_a_day(day: date, billing_day: int, first: date, last: date) -> None:
    assert period_of(day, billing_day) == Period(first, last)


@given(days, billing_days)
def test_periods_follow_one_another(day: date, billing_day: int) -> None:
    period = period_of(day, billing_day)
    assert period.first <= day <= period.last
    assert 28 <= period.days <= 31
    assert before(period, billing_day).end == period.first
    assert after(period, billing_day).first == period.end
    assert period_of(period.last, billing_day) == period == period_of(period.first, billing_day)


@given(days, billing_days)
def test_the_parts_of_a_period_are_its_days(day: date, billing_day: int) -> None:
    period = period_of(day, billing_day)
    found = [one.month + timedelta(days=at - 1) for one in parts(period) for at in range(one.low, one.high + 1)]
    assert found == [period.first + timedelta(days=at) for at in range(period.days)]
    assert all(1 <= one.low <= one.high <= days_in(one.month) for one in parts(period))
