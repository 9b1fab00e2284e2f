"""Billing periods, and the parts of calendar months that they are made of. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from tieline.utility.usage.model import Period


def month_after(day: date) -> date:
    """The first day of the month after a day's."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def month_before(day: date) -> date:
    """The first day of the month before a day's."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def days_in(month: date) -> int:
    """How many days a month has."""
    return (month_after(month) - month.replace(day=1)).days


def period_of(day: date, billing_day: int) -> Period:
    """The period that a day lies in. ``billing_day`` is 28 at most, so that every month has it."""
    first = day.replace(day=billing_day)
    if first > day:
        first = month_before(day).replace(day=billing_day)
    return Period(first, month_after(first).replace(day=billing_day) - timedelta(days=1))


def before(period: Period, billing_day: int) -> Period:
    """The period before one."""
    return period_of(period.first - timedelta(days=1), billing_day)


def after(period: Period, billing_day: int) -> Period:
    """The period after one."""
    return period_of(period.end, billing_day)


def since(first: date, until: date, billing_day: int) -> Iterator[Period]:
    """Periods from the one of a day to the one of another."""
    period = period_of(first, billing_day)
    while period.first <= until:
        yield period
        period = after(period, billing_day)


@dataclass(frozen=True, slots=True)
class Part:
    """Days of a calendar month, by number."""

    month: date
    low: int
    high: int


def parts(period: Period) -> Iterator[Part]:
    """The parts of calendar months that a period is made of."""
    month = period.first.replace(day=1)
    while month <= period.last:
        low = period.first.day if month == period.first.replace(day=1) else 1
        high = period.last.day if month == period.last.replace(day=1) else days_in(month)
        yield Part(month, low, high)
        month = month_after(month)
