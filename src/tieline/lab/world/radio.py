"""The simulated radio networks: cells on masts, and the cell that serves a site.

Real cells stay as they are. On every real mast an invented 3G layer is laid (UMTS band 8, on some also band 1), because
the public file knows hardly any 3G cell; invented masts get all layers.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tieline.lab.world import masts
from tieline.lab.world.bands import channel, reaches_far
from tieline.lab.world.chance import Chance
from tieline.lab.world.geometry import GridIndex, Point
from tieline.lab.world.model import Cell, Rat, Terrain

LIMIT_KM = 15.0
"""A cell serves no site that is further away."""

CAPACITY_KM = 2.5
"""A cell of a high band serves no site that is further away."""

_RAT_NAMES = {Rat.GERAN: "2G", Rat.UTRA: "3G", Rat.EUTRA: "4G", Rat.NR: "5G"}
_LAYERS = (
    (Rat.GERAN, "B8", 0.8),
    (Rat.EUTRA, "B20", 1.0),
    (Rat.EUTRA, "B1", 0.35),
    (Rat.EUTRA, "B3", 0.5),
    (Rat.EUTRA, "B7", 0.2),
    (Rat.NR, "n28", 0.15),
    (Rat.NR, "n78", 0.1),
)
"""What an invented mast carries besides 3G: technology, band, and the share of masts that have it."""

_THREE_G = ((Rat.UTRA, "B8", 1.0), (Rat.UTRA, "B1", 0.55))
_FIRST_NODE = {Rat.GERAN: 9, Rat.UTRA: 1, Rat.EUTRA: 900_000, Rat.NR: 9}
_CELLS_PER_NODE = {Rat.GERAN: 60_000, Rat.UTRA: 500, Rat.EUTRA: 6, Rat.NR: 60_000}
_PCIS = {Rat.GERAN: 64, Rat.UTRA: 512, Rat.EUTRA: 504, Rat.NR: 1008}


def lay(terrain: Terrain, chance: Chance) -> dict[str, tuple[Cell, ...]]:
    """All cells of each operator, real ones first."""
    real = masts.with_masts(terrain.cells)
    added = masts.invented(terrain.sites, real, terrain.operators, chance)
    networks = {}
    for operator in terrain.operators:
        own = [cell for cell in real if cell.operator == operator.code]
        inventor = _Inventor(operator.code, chance)
        real_masts = {cell.mast: cell.point for cell in reversed(own)}
        for mast, point in sorted(real_masts.items()):
            inventor.put(mast, point, _THREE_G)
        for point in added[operator.code]:
            inventor.put(masts.mast_id(point), point, (*_THREE_G, *_LAYERS))
        networks[operator.code] = (*own, *inventor.cells)
    return networks


class _Inventor:
    """Makes cells of one operator and numbers them so that they meet no real cell's number."""

    def __init__(self, operator: str, chance: Chance) -> None:
        self._operator = operator
        self._chance = chance
        self._count: dict[Rat, int] = defaultdict(int)
        self.cells: list[Cell] = []

    def put(self, mast: str, point: Point, layers: Iterable[tuple[Rat, str, float]]) -> None:
        """Give a mast its layers, each on the share of masts that have it."""
        for rat, band, share in layers:
            if self._chance.chance(share, "layer", self._operator, mast, rat, band):
                self.cells.append(self._cell(mast, point, rat, band))

    def _cell(self, mast: str, point: Point, rat: Rat, band: str) -> Cell:
        node, number = divmod(self._count[rat], _CELLS_PER_NODE[rat])
        self._count[rat] += 1
        what = (self._operator, mast, rat, band)
        return Cell(
            operator=self._operator,
            key=f"{_RAT_NAMES[rat]}-{_FIRST_NODE[rat] + node}-{number + 1}",
            rat=rat,
            band=band,
            arfcn=channel(rat, band, self._chance.unit("channel", self._operator, rat, band)),
            tac=str(1 + int((point.lat + point.lon + 360) * 40) % 60_000),
            pci=str(self._chance.between(0, _PCIS[rat] - 1, "pci", *what)),
            point=point,
            mast=mast,
            invented=True,
        )


@dataclass(frozen=True, slots=True)
class Serving:
    """The cell that serves a site, and its distance in kilometres."""

    cell: Cell
    km: float


class Network:
    """One operator's cells by technology, asked which of them serves a position."""

    def __init__(self, cells: Sequence[Cell], chance: Chance) -> None:
        self._chance = chance
        self._near = {rat: _index(cells, rat) for rat in Rat}
        high = [cell for cell in cells if cell.band and not reaches_far(cell.band)]
        self._capacity = {rat: _index(high, rat) for rat in Rat}

    def serving(self, site_id: str, point: Point, rats: Iterable[Rat]) -> Serving | None:
        """The serving cell: the first technology of ``rats`` that reaches; a high band when near, else the nearest."""
        for rat in rats:
            found = self._capacity[rat].nearest(point, CAPACITY_KM) or self._near[rat].nearest(point, LIMIT_KM)
            if found is not None:
                return Serving(self._chance.choice(found.item, "serving", site_id, rat), found.km)
        return None


def _index(cells: Iterable[Cell], rat: Rat) -> GridIndex[tuple[Cell, ...]]:
    """Cells of one technology by position; those that stand in one place are one entry."""
    places: dict[Point, list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.rat is rat:
            places[cell.point].append(cell)
    return GridIndex((point, tuple(standing)) for point, standing in places.items())


def by_rat(cells: Iterable[Cell]) -> Mapping[str, int]:
    """Number of cells of each technology."""
    counts: dict[str, int] = defaultdict(int)
    for cell in cells:
        counts[cell.rat.value] += 1
    return dict(sorted(counts.items()))
