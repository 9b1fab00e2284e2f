"""Distances on the globe and a grid that answers "what is nearest?" fast. Pure; degrees WGS 84 in, kilometres out."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth (IUGG), kilometres."""

KM_PER_DEGREE = EARTH_RADIUS_KM * math.pi / 180
"""Length of one degree of latitude, kilometres."""

_POLE_LATITUDE = 89.0
_MARGIN = 0.99

T = TypeVar("T")


class Point(NamedTuple):
    """A position: latitude and longitude in degrees."""

    lat: float
    lon: float


class Near(NamedTuple, Generic[T]):
    """What was found nearest, and how far away it is in kilometres."""

    item: T
    km: float


def distance_km(a: Point, b: Point) -> float:
    """Great-circle distance by the haversine formula, kilometres."""
    lat_a, lat_b = math.radians(a.lat), math.radians(b.lat)
    half_lat = math.sin((lat_b - lat_a) / 2)
    half_lon = math.sin(math.radians(b.lon - a.lon) / 2)
    chord = half_lat * half_lat + math.cos(lat_a) * math.cos(lat_b) * half_lon * half_lon
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(chord)))


def offset(origin: Point, north_km: float, east_km: float) -> Point:
    """The point so many kilometres north and east of ``origin``; good for tens of kilometres, away from the poles."""
    lat = origin.lat + north_km / KM_PER_DEGREE
    width = KM_PER_DEGREE * math.cos(math.radians(min(abs(origin.lat), _POLE_LATITUDE)))
    return Point(round(lat, 6), round(origin.lon + east_km / width, 6))


def centroid(points: Iterable[Point]) -> Point:
    """Mean of the positions; meant for areas of country size that do not touch the antimeridian."""
    listed = list(points)
    return Point(sum(p.lat for p in listed) / len(listed), sum(p.lon for p in listed) / len(listed))


class GridIndex(Generic[T]):
    """Items by position in squares of ``step`` degrees; searches rings of squares outwards.

    Not for areas that touch the antimeridian or a pole: neither Great Britain nor the invented country does.
    """

    def __init__(self, items: Iterable[tuple[Point, T]], step: float = 0.05) -> None:
        self._step = step
        self._squares: dict[tuple[int, int], list[tuple[Point, T]]] = defaultdict(list)
        for point, item in items:
            self._squares[self._square(point)].append((point, item))

    def _square(self, point: Point) -> tuple[int, int]:
        return math.floor(point.lat / self._step), math.floor(point.lon / self._step)

    def _ring(self, centre: tuple[int, int], ring: int) -> Iterator[tuple[Point, T]]:
        row, column = centre
        for i in range(row - ring, row + ring + 1):
            inner = abs(i - row) != ring
            for j in range(column - ring, column + ring + 1, 2 * ring if inner else 1):
                yield from self._squares.get((i, j), ())

    def _reach_km(self, point: Point, ring: int) -> float:
        """Nothing nearer than this lies outside the first ``ring`` rings around ``point``."""
        poleward = min(_POLE_LATITUDE, abs(point.lat) + (ring + 1) * self._step)
        return ring * self._step * KM_PER_DEGREE * math.cos(math.radians(poleward)) * _MARGIN

    def nearest(self, point: Point, limit_km: float, suits: Callable[[T], bool] | None = None) -> Near[T] | None:
        """The nearest item that ``suits`` within ``limit_km``, or None. Of equally near ones the first added wins."""
        best: Near[T] | None = None
        bound = limit_km
        ring = 0
        centre = self._square(point)
        while True:
            for where, item in self._ring(centre, ring) if ring else self._squares.get(centre, ()):
                if suits is not None and not suits(item):
                    continue
                km = distance_km(point, where)
                if km < bound or (best is None and km <= bound):
                    best, bound = Near(item, km), km
            if self._reach_km(point, ring) >= bound:
                return best
            ring += 1

    def within(self, point: Point, limit_km: float) -> list[Near[T]]:
        """Every item within ``limit_km``, in the order of the squares searched."""
        found: list[Near[T]] = []
        ring = 0
        centre = self._square(point)
        while True:
            for where, item in self._ring(centre, ring) if ring else self._squares.get(centre, ()):
                km = distance_km(point, where)
                if km <= limit_km:
                    found.append(Near(item, km))
            if self._reach_km(point, ring) >= limit_km:
                return found
            ring += 1
