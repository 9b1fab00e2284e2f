"""The order in which places are driven to: nearest neighbour, then 2-opt and Or-opt, over great-circle distances.

The same places give the same route, and none is longer than the order in which they were given. The way from the
depot and back is not known here: a route begins at its first place and ends at its last.
"""

import math
from bisect import insort
from collections.abc import Sequence
from itertools import pairwise

EARTH_KM = 6371.0088
"""Mean radius of the Earth (IUGG)."""
NEIGHBOURS = 8
"""How many of the nearest places each improvement tries."""
LONGEST_SEGMENT = 3
"""How many places Or-opt moves together."""
_LEAST_GAIN = 1e-9
_KM_A_DEGREE = math.radians(EARTH_KM)

Place = tuple[float, float]
"""Latitude and longitude in degrees."""


def distance_km(one: Place, other: Place) -> float:
    """The great-circle distance between two places, by the haversine formula."""
    lat1, lon1, lat2, lon2 = map(math.radians, (*one, *other))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(half)))


def length_km(places: Sequence[Place], order: Sequence[int] | None = None) -> float:
    """How long a route is from its first place to its last."""
    ways = range(len(places)) if order is None else order
    return sum((distance_km(places[a], places[b]) for a, b in pairwise(ways)), 0.0)


def route(places: Sequence[Place], *, start: Place | None = None) -> list[int]:
    """The order in which to drive, as indices; ``start`` is where one comes from."""
    if len(places) < 3:  # noqa: PLR2004 - two places have one way between them
        return _turned(places, list(range(len(places))), start)
    near = _nearest(places)
    order = _Tour(places, near, _neighbour_order(places, near, start)).improved()
    best = _turned(places, order, start)
    given = list(range(len(places)))
    return best if length_km(places, best) <= length_km(places) else given


def _turned(places: Sequence[Place], order: list[int], start: Place | None) -> list[int]:
    """The route in the direction whose first place is nearer to where one comes from."""
    if start is None or not order:
        return order
    first, last = places[order[0]], places[order[-1]]
    return order[::-1] if distance_km(start, last) < distance_km(start, first) else order


def _nearest(places: Sequence[Place]) -> list[list[int]]:
    """For each place some of the nearest others, nearest first.

    Places are swept by latitude, away from each one until the next cannot be nearer than what was found.
    """
    swept = sorted(range(len(places)), key=lambda i: (places[i], i))
    wanted = min(NEIGHBOURS, len(places) - 1)
    found: list[list[int]] = [[] for _ in places]
    for rank, i in enumerate(swept):
        near: list[tuple[float, int]] = []
        for others in (range(rank + 1, len(swept)), range(rank - 1, -1, -1)):
            for other in others:
                j = swept[other]
                if len(near) == wanted and abs(places[j][0] - places[i][0]) * _KM_A_DEGREE > near[-1][0]:
                    break
                insort(near, (distance_km(places[i], places[j]), j))
                del near[wanted:]
        found[i] = [j for _, j in near]
    return found


def _neighbour_order(places: Sequence[Place], near: Sequence[Sequence[int]], start: Place | None) -> list[int]:
    """Always on to the nearest place not visited yet."""
    here = start or min(places)
    at = min(range(len(places)), key=lambda i: (distance_km(here, places[i]), i))
    order, left = [at], set(range(len(places))) - {at}
    while left:
        following = next((j for j in near[at] if j in left), None)
        if following is None:
            here = places[at]
            following = min(left, key=lambda j: (distance_km(here, places[j]), j))
        at = following
        order.append(at)
        left.discard(at)
    return order


class _Tour:
    """A route being improved, with the place of each in it."""

    def __init__(self, places: Sequence[Place], near: Sequence[Sequence[int]], order: list[int]) -> None:
        self._places, self._near, self._order = places, near, order
        self._at = [0] * len(order)
        self._known: dict[tuple[int, int], float] = {}
        self._number(0, len(order))

    def improved(self) -> list[int]:
        """Apply 2-opt and Or-opt moves until none near a place makes the route shorter."""
        waiting, queued = list(self._order), set(self._order)
        for place in waiting:  # grows while it is walked through
            queued.discard(place)
            for touched in self._two_opt(place) or self._or_opt(place):
                if touched not in queued:
                    queued.add(touched)
                    waiting.append(touched)
        return self._order

    def _km(self, one: int, other: int) -> float:
        if one < 0 or other < 0:
            return 0.0  # beyond the ends there is no way to drive
        key = (one, other) if one < other else (other, one)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = distance_km(self._places[one], self._places[other])
        return known

    def _around(self, index: int) -> int:
        return self._order[index] if 0 <= index < len(self._order) else -1

    def _number(self, begin: int, end: int) -> None:
        for index in range(begin, end):
            self._at[self._order[index]] = index

    def _two_opt(self, one: int) -> tuple[int, ...]:
        """Cut the way behind (or before) a place, and turn round what lies between it and a near one."""
        for step in (1, -1):
            i = self._at[one]
            after = self._around(i + step)
            ahead = self._km(one, after)
            for other in self._near[one]:
                close = self._km(one, other)
                if after >= 0 and close >= ahead:
                    break
                j = self._at[other]
                beyond = self._around(j + step)
                gain = ahead + self._km(other, beyond) - close - self._km(after, beyond)
                if gain > _LEAST_GAIN:
                    low, high = (min(i, j) + 1, max(i, j)) if step == 1 else (min(i, j), max(i, j) - 1)
                    self._order[low : high + 1] = self._order[low : high + 1][::-1]
                    self._number(low, high + 1)
                    return tuple(p for p in (one, after, other, beyond) if p >= 0)
        return ()

    def _or_opt(self, one: int) -> tuple[int, ...]:
        """Move a place, with up to two that follow or precede it, beside a near one."""
        for size in range(1, min(LONGEST_SEGMENT, len(self._order) - 2) + 1):
            for low in {self._at[one], self._at[one] - size + 1}:
                moved = self._moved(one, low, size) if 0 <= low <= len(self._order) - size else ()
                if moved:
                    return moved
        return ()

    def _moved(self, one: int, low: int, size: int) -> tuple[int, ...]:
        """Move a segment so that its end ``one`` stands beside one of its near places."""
        high = low + size - 1
        first, last = self._order[low], self._order[high]
        far = last if one == first else first
        before, after = self._around(low - 1), self._around(high + 1)
        saved = self._km(before, first) + self._km(last, after) - self._km(before, after)
        for other in self._near[one]:
            close = self._km(one, other)
            if close >= saved:
                return ()
            j = self._at[other]
            if low <= j <= high:
                continue
            for side in (1, -1):
                beyond = self._around(j + side)
                if low <= j + side <= high:
                    beyond = after if side == 1 else before
                added = close + self._km(far, beyond) - self._km(other, beyond)
                if saved - added > _LEAST_GAIN:
                    self._put(low, high, other, one_first=side == 1, one=one)
                    return tuple(p for p in (before, after, one, far, other, beyond) if p >= 0)
        return ()

    def _put(self, low: int, high: int, other: int, *, one_first: bool, one: int) -> None:
        """Take a segment out; put it behind ``other``, beginning with ``one``, or before it, ending with ``one``."""
        segment = self._order[low : high + 1]
        if (segment[0] == one) != one_first:
            segment.reverse()
        rest = self._order[:low] + self._order[high + 1 :]
        at = rest.index(other) + (1 if one_first else 0)
        self._order[:] = rest[:at] + segment + rest[at:]
        self._number(0, len(self._order))
