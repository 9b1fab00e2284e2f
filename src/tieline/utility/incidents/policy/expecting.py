"""Whether something that deviates was expected."""

from collections.abc import Iterable
from datetime import datetime

from tieline.utility.incidents.model import Deviation, Expected


def covers(one: Expected, deviation: Deviation, now: datetime) -> bool:
    """Whether an expectation is in force and speaks of all of this."""
    if one.ended_at is not None or not one.starts_at <= now < one.ends_at:
        return False
    if one.operator is not None and one.operator != deviation.operator:
        return False
    if one.region is not None and one.region != deviation.place.region:
        return False
    if one.fields is not None and not set(deviation.differences) <= set(one.fields):
        return False
    if not one.site_ids and not one.subscription_ids:
        return True
    return deviation.place.site_id in one.site_ids or deviation.subscription_id in one.subscription_ids


def expected(deviation: Deviation, known: Iterable[Expected], now: datetime) -> Expected | None:
    """The expectation that covers a deviation and lasts longest."""
    found = [one for one in known if covers(one, deviation, now)]
    return max(found, key=lambda one: one.ends_at, default=None)
