"""When the sites that are left will be done, at the pace of late, and which of them that is too late for."""

import math
from collections.abc import Sequence
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
    ordered = sorted(due for due in dues if due is not None)
    a_day = done_lately / days if days > 0 else 0.0
    needed = max((_pace(place, due, now) for place, due in enumerate(ordered, 1)), default=0.0)
    if a_day <= 0:
        late = len(ordered)
        return Forecast(len(dues), 0.0, None, late, needed)
    late = sum(1 for place, due in enumerate(ordered, 1) if now + timedelta(days=place / a_day) > due)
    return Forecast(len(dues), a_day, now + timedelta(days=len(dues) / a_day), late, needed)


def _pace(place: int, due: datetime, now: datetime) -> float:
    """Sites a day that would get the site at this place done in time; infinite once it is overdue."""
    days = (due - now).total_seconds() / 86_400
    return place / days if days > 0 else math.inf
