"""Masts: which cells stand together, and where masts have to be added so that the sites are served.

The public cell file is a sample gathered by hobbyists: over most of the country it knows no cell at all. Where a site
has no mast of an operator in reach, the world adds invented ones, and says so in each cell's ``invented`` column.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from tieline.lab.world.chance import Chance
from tieline.lab.world.geometry import GridIndex, Point, centroid, offset
from tieline.lab.world.model import Cell, Operator, Site

TOGETHER_KM = 0.05
"""Cells within fifty metres of one another share a mast."""

REACH_KM = 8.0
"""A site further than this from every mast of an operator gets an invented one."""

SHARED_SHARE = 0.85
"""Share of invented masts that both operators use, as measured in the real cell file."""

_SITES_PER_MAST = 40
_SQUARE_DEGREES = 0.1
_SCATTER_KM = 0.8


def mast_id(point: Point) -> str:
    """A mast's id from its position: the same wherever it is computed, to about ten metres."""
    return f"M{point.lat:+.4f}{point.lon:+.4f}"


def with_masts(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """The cells of all operators, each with the id of its mast: of the first position, by latitude, of its cluster."""
    positions = sorted({cell.point for cell in cells})
    leader: dict[Point, Point] = {}
    index = GridIndex(((point, point) for point in positions), 0.01)
    for point in positions:
        if point not in leader:
            _spread(point, index, leader)
    return tuple(replace(cell, mast=mast_id(leader[cell.point])) for cell in cells)


def _spread(first: Point, index: GridIndex[Point], leader: dict[Point, Point]) -> None:
    """Give ``first`` as leader to every position that a chain of near ones connects with it."""
    waiting = [first]
    while waiting:
        point = waiting.pop()
        if point in leader:
            continue
        leader[point] = first
        waiting += [near.item for near in index.within(point, TOGETHER_KM) if near.item not in leader]


def invented(
    sites: Sequence[Site], cells: Iterable[Cell], operators: Sequence[Operator], chance: Chance
) -> dict[str, list[Point]]:
    """Positions of the masts to add, per operator, so that every site has one of each operator within reach."""
    masts: dict[str, list[Point]] = {operator.code: [] for operator in operators}
    real: dict[str, set[Point]] = {operator.code: set() for operator in operators}
    for cell in cells:
        real[cell.operator].add(cell.point)
    for operator in operators:
        known = sorted(real[operator.code]) + masts[operator.code]
        for point in _missing(sites, known, chance):
            masts[operator.code].append(point)
            for other in operators:
                if other != operator and chance.chance(SHARED_SHARE, "mast shared", operator.code, point):
                    masts[other.code].append(point)
    return masts


def _missing(sites: Sequence[Site], known: Sequence[Point], chance: Chance) -> list[Point]:
    """Masts for the sites out of reach of the known ones: in each square, one for every forty sites."""
    index = GridIndex(((point, point) for point in known), _SQUARE_DEGREES)
    squares: dict[tuple[int, int], list[Point]] = defaultdict(list)
    for site in sites:
        if index.nearest(site.point, REACH_KM) is None:
            row, column = site.point.lat / _SQUARE_DEGREES, site.point.lon / _SQUARE_DEGREES
            squares[math.floor(row), math.floor(column)].append(site.point)
    found = []
    for square, points in sorted(squares.items()):
        points.sort()
        for start in range(0, len(points), _SITES_PER_MAST):
            near = centroid(points[start : start + _SITES_PER_MAST])
            north = _SCATTER_KM * chance.bell("mast north", square, start)
            found.append(offset(near, north, _SCATTER_KM * chance.bell("mast east", square, start)))
    return found
