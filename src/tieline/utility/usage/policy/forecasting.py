"""What is to be expected at the end of a period, going on as in the last days. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from tieline.utility.usage.model import Forecast, Member, Period, Tariff
from tieline.utility.usage.policy.rating import rate

LATELY = 14
"""Days whose mean is gone on with: two weeks, so that weekends weigh as they do."""


def pace(daily: Sequence[int]) -> int:
    """Octets of a day, lately; ``daily`` are the known days in order."""
    lately = daily[-LATELY:]
    return sum(lately) // len(lately) if lately else 0


def forecast(
    tariff: Tariff, octets_per_mb: int, members: Sequence[Member], period: Period, daily: Sequence[int]
) -> Forecast:
    """What a plan is to come to. ``daily`` are its octets by day, from the first one, as far as they are known.

    What is still to come is shared out by what each subscription used so far: who used more will use more.
    """
    used = sum(one.octets for one in members)
    per_day = pace(daily)
    left = max(0, period.days - len(daily))
    coming = per_day * left
    grown = [replace(one, octets=one.octets + _share(one.octets, used, coming, len(members))) for one in members]
    rated = rate(tariff, octets_per_mb, grown, period)
    now = rate(tariff, octets_per_mb, members, period)
    crosses = _crosses(used, now.allowance, per_day, left) if tariff.pooled else None
    known_until = period.first + timedelta(days=len(daily) - 1)
    day: date | None = None if crosses is None else known_until + timedelta(days=crosses)
    return Forecast(used + coming, rated, day)


def _share(octets: int, used: int, coming: int, members: int) -> int:
    if used:
        return coming * octets // used
    return coming // members if members else 0


def _crosses(used: int, allowance: int, per_day: int, left: int) -> int | None:
    """In how many days an allowance is used up; 0: it is already; None: not within the days left."""
    if used > allowance:
        return 0
    if not per_day:
        return None
    days = (allowance - used) // per_day + 1
    return days if days <= left else None
