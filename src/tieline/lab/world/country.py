"""An invented country, for when no public data is at hand: coast, towns, an electricity network between them.

It lies in the open Atlantic where there is no land, its operators have the network codes kept for tests (MCC 001), and
its files have the same columns as the public ones, so that nothing downstream knows the difference but by the label.
"""

import itertools
import math
from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tieline.lab.world import names
from tieline.lab.world.chance import Chance
from tieline.lab.world.geometry import KM_PER_DEGREE, Point, distance_km, offset
from tieline.lab.world.model import Operator, Origin, Site, Source, Terrain, WorldSpec

HEART = Point(46.0, -32.0)
"""Middle of the country, in the open Atlantic north of the Azores."""

OPERATORS = (Operator("A", "Operator A", "001", "01"), Operator("B", "Operator B", "001", "02"))

UTILITY = "INV"
"""Network operator's code in the ``dno`` column."""

TOWNS = 60
REGIONS = 8
MOST_PRIMARIES = 300

_RADIUS_KM = 150.0
_LEAST_RADIUS = 0.4
_COAST_POINTS = 360
_RURAL_SHARE = 0.25
_SITES_PER_PRIMARY = 10
_PRIMARIES_PER_BSP = 8
_BSPS_PER_GSP = 5
_FEWEST_FOR_GRID = 20

STATEMENT = (
    "An invented country: coast, towns, substations, postcodes, cells and everything that hangs on them are made up. "
    "No place, person, operator or number in it is real."
)


@dataclass(frozen=True, slots=True)
class Town:
    """A town: where it lies, how many live there, and the region it belongs to."""

    name: str
    point: Point
    population: int
    region: str


class Coast:
    """The coastline as a distance from the middle for each bearing: a circle disturbed by waves that die out."""

    def __init__(self, chance: Chance) -> None:
        self._waves = [
            (wave, 0.2 * chance.bell("coast", wave) / wave**1.2, math.tau * chance.unit("phase", wave))
            for wave in range(1, 48)
        ]

    def radius_km(self, bearing: float) -> float:
        """Distance from the middle to the shore at a bearing (radians), kilometres."""
        waves = math.fsum(size * math.cos(number * bearing + phase) for number, size, phase in self._waves)
        return _RADIUS_KM * max(_LEAST_RADIUS, 1.0 + waves)

    def at(self, bearing: float, share: float) -> Point:
        """The point at a bearing, at ``share`` of the way from the middle to the shore."""
        km = share * self.radius_km(bearing)
        return offset(HEART, km * math.cos(bearing), km * math.sin(bearing))

    def holds(self, point: Point) -> bool:
        """Whether a point is on land."""
        north = (point.lat - HEART.lat) * KM_PER_DEGREE
        east = (point.lon - HEART.lon) * KM_PER_DEGREE * math.cos(math.radians(HEART.lat))
        return math.hypot(north, east) < 0.98 * self.radius_km(math.atan2(east, north))

    def ring(self) -> list[list[float]]:
        """The shore as a closed GeoJSON ring (RFC 7946: longitude first, anticlockwise)."""
        bearings = [-math.tau * i / _COAST_POINTS for i in range(_COAST_POINTS)]
        points = [self.at(bearing, 1) for bearing in bearings]
        return [[p.lon, p.lat] for p in (*points, points[0])]


def terrain(spec: WorldSpec) -> Terrain:
    """Make the country with room for the sites on 3G and, in addition, those that are already modern."""
    chance = Chance(spec.seed)
    coast = Coast(chance)
    modern = round(spec.sites * spec.modern_share)
    total = spec.sites + modern
    towns = _towns(chance, coast)
    grid = _Grid(chance, coast, towns)
    substations = grid.substations(total)
    secondaries = grid.secondaries(substations, total - len(substations))
    ids = [site.id for site in (*substations, *secondaries)]
    return Terrain(
        origin=Origin.INVENTED,
        operators=OPERATORS,
        substations=substations,
        secondaries=secondaries,
        modern=frozenset(chance.shuffled(ids, "modern")[:modern]),
        cells=(),
        sources=(Source("(none)", "invented by tieline.lab.world", "Apache-2.0, as Tieline itself"),),
        statement=STATEMENT,
        cleaned={},
        outline=_outline(coast, towns, substations),
    )


def _towns(chance: Chance, coast: Coast) -> list[Town]:
    """Towns with Zipf sizes (the n-th has 1/n of the first's people), not too near one another."""
    points: list[Point] = []
    for attempt in itertools.count():
        share = 0.95 * math.sqrt(chance.unit("town share", attempt))
        point = coast.at(math.tau * chance.unit("town bearing", attempt), share)
        apart = 25.0 * 0.998**attempt
        if all(distance_km(point, other) > apart for other in points):
            points.append(point)
        if len(points) == TOWNS:
            break
    called = names.towns(chance, TOWNS)
    capitals = [(points[i], f"{called[i]}shire") for i in range(REGIONS)]
    return [
        Town(
            name=called[rank],
            point=point,
            population=int(900_000 / (rank + 1)),
            region=min(capitals, key=lambda capital: distance_km(capital[0], point))[1],
        )
        for rank, point in enumerate(points)
    ]


class _Grid:
    """The electricity network: grid and bulk supply points, primaries, and the secondaries they feed."""

    def __init__(self, chance: Chance, coast: Coast, towns: Sequence[Town]) -> None:
        self._chance = chance
        self._coast = coast
        self._towns = towns
        self._weights = list(itertools.accumulate(town.population for town in towns))

    def substations(self, total: int) -> tuple[Site, ...]:
        """Primaries for about a tenth of ``total`` sites (300 at most), and what feeds them when there are enough."""
        primaries = min(MOST_PRIMARIES, math.ceil(total / _SITES_PER_PRIMARY))
        if total < _FEWEST_FOR_GRID:
            return tuple(self._substation("primary", i, None) for i in range(primaries))
        bsps = math.ceil(primaries / _PRIMARIES_PER_BSP)
        gsps = math.ceil(bsps / _BSPS_PER_GSP)
        upper = [self._substation("gsp", i, None) for i in range(gsps)]
        middle = [self._substation("bsp", i, upper) for i in range(bsps)]
        return (*upper, *middle, *(self._substation("primary", i, middle) for i in range(primaries)))

    def secondaries(self, substations: Sequence[Site], count: int) -> tuple[Site, ...]:
        """So many secondary substations, each near the primary that feeds it."""
        primaries = [site for site in substations if site.kind == "primary"]
        return tuple(self._secondary(i, self._chance.choice(primaries, "feeder", i)) for i in range(count))

    def _town(self, *key: object) -> Town:
        return self._towns[bisect(self._weights, self._chance.unit(*key, "town") * self._weights[-1])]

    def _scatter(self, origin: Point, spread_km: float, *key: object) -> Point:
        """A point around ``origin`` that is on land."""
        for attempt in range(20):
            north = spread_km * self._chance.bell(*key, attempt, "north")
            point = offset(origin, north, spread_km * self._chance.bell(*key, attempt, "east"))
            if self._coast.holds(point):
                return point
        return origin

    def _place(self, level: str, index: int) -> tuple[Town, Point]:
        """In a town, or for a quarter of the primaries on the way from one town to another."""
        town = self._town(level, index)
        if level == "primary" and self._chance.chance(_RURAL_SHARE, "rural", index):
            other = self._chance.choice(self._towns, "way to", index).point
            way = 0.2 + 0.6 * self._chance.unit("way", index)
            between = Point(
                town.point.lat + way * (other.lat - town.point.lat),
                town.point.lon + way * (other.lon - town.point.lon),
            )
            if self._coast.holds(between):
                return town, self._scatter(between, 2, level, index)
        return town, self._scatter(town.point, 1 + math.sqrt(town.population) / 200, level, index)

    def _substation(self, level: str, index: int, parents: Sequence[Site] | None) -> Site:
        town, point = self._place(level, index)
        parent = min(parents, key=lambda site: distance_km(site.point, point)) if parents else None
        name = f"{town.name} {names.street(self._chance, level, index)}"
        households = self._chance.between(2_000, 15_000, "households", index) if level == "primary" else None
        up, down = {"gsp": ("275", "132"), "bsp": ("132", "33"), "primary": ("33", "11")}[level]
        row = {
            "id": f"X{level[0].upper()}{index + 1:05d}",
            "dno": UTILITY,
            "level": level,
            "name": name.upper(),
            "parent": parent.name.upper() if parent else "",
            "lon": f"{point.lon:.5f}",
            "lat": f"{point.lat:.5f}",
            "firm_mva": "",
            "demand_mva": f"{households / 500:.3f}" if households else "",
            "power_factor": "",
            "households": f"{households}.0" if households else "",
            "region": town.region,
            "source": "invented",
            "number": "",
            "kv_up": up,
            "kv_down": down,
            "licence": "",
            "gsp": "",
            "postcode": names.postcode(self._chance, town.name, level, index),
        }
        return Site(
            id=row["id"],
            name=name,
            kind={"gsp": "grid_supply_point", "bsp": "bulk_supply_point"}.get(level, "primary"),
            stand_in=False,
            point=Point(float(row["lat"]), float(row["lon"])),
            region=town.region,
            criticality="high" if level == "primary" else "critical",
            parent_id=parent.id if parent else "",
            customers=households,
            row=row,
        )

    def _secondary(self, index: int, feeder: Site) -> Site:
        point = self._scatter(feeder.point, 2.5, "secondary", index)
        name = f"{feeder.name.split()[0]} {names.street(self._chance, 'secondary', index)} {index + 1}"
        row = {
            "code": f"XS{index + 1:06d}",
            "name": name,
            "lat": f"{point.lat:.5f}",
            "lon": f"{point.lon:.5f}",
            "lad_code": feeder.region,
            "nearest_primary_id": feeder.id,
            "nearest_primary": feeder.name,
            "dno": UTILITY,
            "dist_km": f"{distance_km(point, feeder.point):.2f}",
        }
        return Site(
            id=row["code"],
            name=name,
            kind="secondary",
            stand_in=False,
            point=Point(float(row["lat"]), float(row["lon"])),
            region=feeder.region,
            criticality="normal",
            parent_id=feeder.id,
            customers=None,
            row=row,
        )


def _outline(coast: Coast, towns: Sequence[Town], substations: Sequence[Site]) -> Mapping[str, object]:
    """Coast, towns and lines as GeoJSON (RFC 7946), for drawing."""
    by_id = {site.id: site for site in substations}
    shore = _feature("Polygon", [coast.ring()], {"what": "coast"})
    places = [
        _feature("Point", [t.point.lon, t.point.lat], {"what": "town", "name": t.name, "population": t.population})
        for t in towns
    ]
    lines = [
        _feature(
            "LineString",
            [[p.lon, p.lat] for p in (by_id[site.parent_id].point, site.point)],
            {"what": "line", "kv": site.row["kv_up"]},
        )
        for site in substations
        if site.parent_id
    ]
    return {"type": "FeatureCollection", "features": [shore, *places, *lines]}


def _feature(kind: str, coordinates: object, properties: Mapping[str, object]) -> dict[str, object]:
    return {
        "type": "Feature",
        "geometry": {"type": kind, "coordinates": coordinates},
        "properties": dict(properties),
    }
