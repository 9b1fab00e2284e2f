"""When the sites that are left will be done, at the pace of late, and which of them that is too late for."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is to be expected of a part of a programme.

    ``a_day``: sites done a day lately; ``ends_at``: when the last one is done at that pace (None: never, as nothing is
    done); ``late``: how many will be done after they are due; ``needed_a_day``: the pace at which none would be.
    """

    left: int
    a_day: float
    ends_at: datetime | None
    late: int
    needed_a_day: float


def forecast(dues: Sequence[datetime | None], done_lately: int, days: float, now: datetime) -> Forecast:
    """Foretell from the due times of the sites left, and how many were done in the last ``days`` days.

    Sites are taken to be done in the order in which they are due; those without a due time last, and never late.
    """
    return forecast_of(Counter(dues), pace(done_lately, days), now)


def pace(done_lately: int, days: float) -> float:
    """Sites a day."""
    return done_lately / days if days > 0 else 0.0


def forecast_of(dues: Mapping[datetime | None, int], a_day: float, now: datetime) -> Forecast:
    """The same from how many sites are due when: forty thousand sites have a few dozen due times."""
    left, place, late, needed = sum(dues.values()), 0, 0, 0.0
    for due in sorted(due for due in dues if due is not None):
        days = (due - now).total_seconds() / 86_400
        last = place + dues[due]
        needed = max(needed, last / days if days > 0 else math.inf)
        in_time = min(last, max(place, math.floor(days * a_day + 1e-9)))
        late += last - in_time
        place = last
    ends = now + timedelta(days=left / a_day) if a_day > 0 else None
    return Forecast(left, a_day, ends, late, needed)
