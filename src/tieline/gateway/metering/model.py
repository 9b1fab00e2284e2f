"""Spans of days, tariffs and the lines of a bill. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import msgspec


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive days of one month, both ends counted."""

    first: date
    last: date

    @property
    def month(self) -> date:
        """The first of their month."""
        return self.first.replace(day=1)


def spans(first: date, last: date) -> Iterator[Span]:
    """The days from one to another, cut where months begin."""
    while first <= last:
        end = min(last, month_after(first) - timedelta(days=1))
        yield Span(first, end)
        first = end + timedelta(days=1)


def month_after(day: date) -> date:
    """The first day of the month after a day's."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan costs. ``included_mb`` is for each subscription and month; ``pooled``: all of a plan share theirs.

    Volume beyond counts in steps of ``step_octets``; a megabyte has ``octets_per_mb``.
    """

    currency: str
    monthly_fee: Decimal
    included_mb: int
    pooled: bool
    overage_per_mb: Decimal
    step_octets: int = 1000
    octets_per_mb: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a bill. ``charge``: fee, overage, pool-overage; ``volume_mb`` is what the charge is about."""

    subscription: str
    iccid: str
    msisdn: str
    plan: str
    charge: str
    days: int
    volume_mb: Decimal
    rate: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Billed:
    """A subscription as a bill sees it: how many days it was alive, its plan, and what it used."""

    subscription: str
    iccid: str
    msisdn: str
    plan: str
    days: int
    octets: int
