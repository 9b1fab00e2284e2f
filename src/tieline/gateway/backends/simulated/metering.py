"""What the simulated network counts: some megabytes of polling a month, and a few that are far off.

Deterministic: the same seed, subscription and month give the same days, however often and in whatever parts it is
asked. Odd on purpose: cards that are never used, a router that loops for some days, a card that serves for something
else, and retired lines that still carry a little.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from random import Random

from tieline.gateway.backends.port import Meter, Metered
from tieline.gateway.backends.simulated.faults import draw
from tieline.standards.mns.profile import State
from tieline.standards.tmf.usage import Volume

MEGABYTE = 1_000_000
MONTHLY: Mapping[str, float] = {"GRID-CRITICAL": 560.0, "GRID-PRIMARY": 150.0, "GRID-SECONDARY": 36.0}
"""Megabytes that polling takes in a month, by subscription group; others as the last."""
_SPREAD = 0.3
_MISUSED, _UNUSED = 0.0003, 0.0033
_LOOPS, _LOOP_MB, _LOOP_DAYS = 0.0008, (180, 420), (4, 16)
_HAUNTED = 0.3
_DRAW = -635
"""The place of a rule that no faults file can have."""


class SimulatedMeter(Meter):
    """Counts without a network."""

    origin = "Simulated."

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def month(self, subscriptions: Sequence[Metered], month: date) -> Sequence[Sequence[Volume | None]]:
        """Every day of a month for each of some subscriptions."""
        return [self._month(one, month) for one in subscriptions]

    def _month(self, one: Metered, month: date) -> Sequence[Volume | None]:
        count = days_in(month)
        luck = draw(self._seed, _DRAW, one.subscription)
        if one.state == State.RETIRED and luck < _HAUNTED:
            return [Volume(9_000, 21_000, 1) if day % 6 == 2 else Volume(0, 0) for day in range(count)]  # noqa: PLR2004
        if one.state not in {State.ACTIVE, State.TEST_READY}:
            return [None] * count
        if one.state == State.TEST_READY or _MISUSED <= luck < _UNUSED:
            return [Volume(0, 0)] * count
        chance = Random(f"{self._seed}/{one.subscription}/{month}")  # noqa: S311 - repeatable on purpose
        polling = self._polling(one) / count
        loop = _loop(chance, count)
        return [
            _day(chance, polling, loops=day in loop, misused=luck < _MISUSED and _works(month, day))
            for day in range(count)
        ]

    def _polling(self, one: Metered) -> float:
        """Octets that a subscription takes in a month as a rule."""
        own = Random(f"{self._seed}/{one.subscription}").gauss(0, _SPREAD)  # noqa: S311 - repeatable on purpose
        return MONTHLY.get(one.group, MONTHLY["GRID-SECONDARY"]) * MEGABYTE * math.exp(own)


def _loop(chance: Random, count: int) -> range:
    """The days, from 0, on which a router loops: in most months none."""
    if chance.random() >= _LOOPS:
        return range(0)
    first = chance.randrange(count)
    return range(first, first + chance.randint(*_LOOP_DAYS))


def _day(chance: Random, polling: float, *, loops: bool, misused: bool) -> Volume:
    used = polling * chance.uniform(0.85, 1.15)
    sessions = 1 if chance.random() < 0.9 else 2  # noqa: PLR2004 - a line drops now and then
    if loops:
        used += chance.uniform(*_LOOP_MB) * MEGABYTE
        sessions += chance.randint(40, 400)
    if misused:
        return Volume(int(used * 0.55), int(used * 0.45 + chance.uniform(150, 450) * MEGABYTE), sessions + 6)
    return Volume(int(used * 0.55), int(used * 0.45), sessions)


def _works(month: date, day: int) -> bool:
    return (month + timedelta(days=day)).isoweekday() < 6  # noqa: PLR2004 - Saturday


def days_in(month: date) -> int:
    """How many days a month has."""
    later = month.replace(day=28) + timedelta(days=4)
    return (later - timedelta(days=later.day)).day
