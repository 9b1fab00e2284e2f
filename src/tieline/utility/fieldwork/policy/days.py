"""Cuts a long route into days that crews can do."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from tieline.utility.fieldwork.policy.routing import Place, distance_km, length_km, route

SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Working:
    """How a crew works. ``home_minutes`` are for driving out in the morning and home in the evening."""

    hours: float = 7.5
    speed_kmh: float = 40.0
    home_minutes: float = 60.0
    weekends: bool = False

    def drive_minutes(self, km: float) -> float:
        """How long a drive takes at the set speed."""
        return km / self.speed_kmh * 60

    @property
    def minutes(self) -> float:
        """What is left of a day for visits and the ways between them."""
        return self.hours * 60 - self.home_minutes


@dataclass(frozen=True, slots=True)
class Stop:
    """A visit to be put into a day: where, how long, by when (a number that grows with time; infinite: whenever)."""

    id: int
    place: Place
    minutes: float
    due: float = math.inf


@dataclass(frozen=True, slots=True)
class Day:
    """Visits in the order in which they are driven to; ``km_given``: the same visits in the order they came."""

    stops: tuple[Stop, ...]
    km: float
    km_given: float
    minutes: float


def days_of(stops: Sequence[Stop], working: Working) -> list[Day]:
    """Cut visits into days: what is due earlier comes earlier, and what is due together is driven to together.

    A visit that alone is longer than a day has a day of its own.
    """
    cut: list[list[Stop]] = []
    for one in _whole(stops):
        if not cut or _minutes([*cut[-1], one], working) > working.minutes:
            cut.append([])
        cut[-1].append(one)
    came = {one.id: number for number, one in enumerate(stops)}
    return [_polished(day, came, working) for day in cut]


def _whole(stops: Sequence[Stop]) -> list[Stop]:
    """All visits in one row: each lot that is due together as a route that begins where the last one ended."""
    lots: dict[float, list[Stop]] = {}
    for one in stops:
        lots.setdefault(one.due, []).append(one)
    row: list[Stop] = []
    for due in sorted(lots):
        lot = lots[due]
        row += [lot[i] for i in route([one.place for one in lot], start=row[-1].place if row else None)]
    return row


def _polished(day: Sequence[Stop], came: dict[int, int], working: Working) -> Day:
    """A day in its best order, and what that saves against the order in which the visits came."""
    given = sorted(day, key=lambda one: came[one.id])
    order = route([one.place for one in given])
    best = [given[i] for i in order]
    if length_km([one.place for one in day]) < length_km([one.place for one in best]):
        best = list(day)
    km = length_km([one.place for one in best])
    return Day(tuple(best), km, length_km([one.place for one in given]), _minutes(best, working))


def _minutes(day: Sequence[Stop], working: Working) -> float:
    driven = sum(distance_km(a.place, b.place) for a, b in pairwise(day))
    return sum(one.minutes for one in day) + working.drive_minutes(driven)


def working_day(first: date) -> date:
    """The first day from a day on that orders are given to; Saturdays and Sundays are left free."""
    return calendar(first, 1, 1, weekends=False)[0][0]


def calendar(first: date, count: int, crews: int, *, weekends: bool) -> list[tuple[date, int]]:
    """The next days and crews (by number) that orders are given to: every crew has one order a day."""
    found: list[tuple[date, int]] = []
    day = first
    while len(found) < count:
        if weekends or day.weekday() < SATURDAY:
            found += [(day, crew) for crew in range(crews)]
        day += timedelta(days=1)
    return found[:count]
