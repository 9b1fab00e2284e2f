"""Great Britain from public files: real substations, census points that stand in for secondary substations, real cells.

The files are read where they lie and never changed. What is taken is whole regions of network operators, beginning with
Northern Powergrid and going on to the nearest, the last one cut to the number of sites asked for; always a primary
together with its stand-ins, so that every parent is there.
"""

import csv
import gzip
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tieline.lab.world.bands import band_of
from tieline.lab.world.chance import Chance
from tieline.lab.world.geometry import GridIndex, Point, centroid, distance_km
from tieline.lab.world.model import Cell, Operator, Origin, Rat, Row, Site, Source, Terrain, WorldSpec
from tieline.platform.errors import Invalid, NotFound

FIRST_REGION = "NPG"
"""Code of Northern Powergrid in the files: the region a world begins with."""

OPERATORS = (Operator("A", "Operator A", "234", "15"), Operator("B", "Operator B", "234", "10"))

SOURCES = (
    Source(
        "substations/gb_substations_primary_bsp_gsp.csv.gz",
        "HDRah/Data-PS-GB 2e50d89c, from the open data of six British network operators",
        "GPL-3.0 on the file; the network operators' open-data terms",
    ),
    Source(
        "substations/lsoa_points_standin_secondary.csv.gz",
        "martinjc/UK-GeoJSON 8833900: census small areas. Not substations: they stand in for secondary substations",
        "CC-BY 4.0",
    ),
    Source(
        "cells/uk_cells_netmonster_2026-08-17.csv.gz",
        "ExperiencersInternational/NetMonsterUKDatabase b09f750",
        "GPL-2.0",
    ),
)

_KINDS = {"gsp": "grid_supply_point", "bsp": "bulk_supply_point", "primary": "primary"}
_CRITICALITY = {"gsp": "critical", "bsp": "critical", "primary": "high"}
_RATS = {"2G": Rat.GERAN, "3G": Rat.UTRA, "4G": Rat.EUTRA, "5G": Rat.NR}
_VOLTAGE = re.compile(r"\d+(\.\d+)?(/\d+(\.\d+)?)*")
_CELL_REACH_KM = 20.0


@dataclass(frozen=True, slots=True)
class PublicData:
    """The three files as read, and what can be said of them as a whole."""

    substations: tuple[Row, ...]
    stand_ins: tuple[Row, ...]
    cells: tuple[Row, ...]

    @property
    def rows(self) -> int:
        """Number of places there are."""
        return len(self.substations) + len(self.stand_ins)


def read(folder: Path) -> PublicData:
    """Read the three files of ``folder``. Raises ``NotFound`` naming the file that is missing."""
    return PublicData(*(tuple(_read_rows(folder / source.name)) for source in SOURCES))


def _read_rows(path: Path) -> Iterable[Row]:
    if not path.is_file():
        raise NotFound(f"The data folder has no {path.name}.", advice="Leave the folder out for an invented country.")
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def terrain(spec: WorldSpec, folder: Path) -> Terrain:
    """Choose sites and real cells. Raises ``Invalid`` when the files hold fewer places than asked for."""
    data = read(folder)
    if spec.sites > data.rows:
        raise Invalid(
            f"The data holds {data.rows} places; {spec.sites} sites were asked for.",
            advice="Ask for fewer, or leave the data out: an invented country can be of any size.",
        )
    chance = Chance(spec.seed)
    total = min(data.rows, spec.sites + round(spec.sites * spec.modern_share))
    substation_rows, stand_in_rows = _choose(data, total, chance)
    cleaned: Counter[str] = Counter()
    substations = _substations(substation_rows, _nearest_region(data), cleaned)
    secondaries = _stand_ins(stand_in_rows, district_regions(data), cleaned)
    ids = [site.id for site in (*substations, *secondaries)]
    return Terrain(
        origin=Origin.REAL,
        operators=OPERATORS,
        substations=substations,
        secondaries=secondaries,
        modern=frozenset(chance.shuffled(ids, "modern")[: total - spec.sites]),
        cells=_cells(data.cells, (*substations, *secondaries)),
        sources=SOURCES,
        statement=(
            "Real substations and real cells of Great Britain; census points stand in for secondary substations and "
            "are labelled so. Routers, cards, subscriptions, addresses, attachments, the 3G layer and every cell "
            "marked invented are simulated, and say nothing about the operators whose network codes are shown."
        ),
        cleaned=dict(sorted(cleaned.items())),
    )


def district_regions(data: PublicData) -> dict[str, str]:
    """Region of each local authority district (LAD code): that of most of its census points' nearest primaries."""
    region_of = {row["id"]: row["region"] for row in data.substations}
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for row in data.stand_ins:
        votes[row["lad_code"]][region_of.get(row["nearest_primary_id"], "")] += 1
    regions: dict[str, str] = {}
    for code, counter in sorted(votes.items()):
        named = [(count, name) for name, count in counter.items() if name]
        regions[code] = max(named)[1] if named else "Unassigned"
    return regions


def _point(row: Row) -> Point:
    return Point(float(row["lat"]), float(row["lon"]))


def _choose(data: PublicData, total: int, chance: Chance) -> tuple[list[Row], list[Row]]:
    """Take whole regions, and of the last one whole primaries with their stand-ins, until there are ``total`` rows."""
    children: dict[str, list[Row]] = defaultdict(list)
    for row in data.stand_ins:
        children[row["nearest_primary_id"]].append(row)
    by_region: dict[str, list[Row]] = defaultdict(list)
    for row in data.substations:
        by_region[row["dno"]].append(row)
    heart = centroid(_point(row) for row in by_region[FIRST_REGION])
    substations: list[Row] = []
    stand_ins: list[Row] = []
    for region in _outwards(by_region, heart):
        for row in _in_order(region, by_region[region], heart, chance):
            room = total - len(substations) - len(stand_ins)
            if room == 0:
                return substations, stand_ins
            substations.append(row)
            stand_ins += children[row["id"]][: room - 1]
    return substations, stand_ins


def _outwards(by_region: Mapping[str, Sequence[Row]], heart: Point) -> list[str]:
    """The regions, nearest first; measured by their nearest tenth, since some operators have two areas far apart."""

    def away(code: str) -> float:
        distances = sorted(distance_km(heart, _point(row)) for row in by_region[code])
        return distances[len(distances) // 10]

    return [FIRST_REGION, *sorted(by_region.keys() - {FIRST_REGION}, key=away)]


def _in_order(region: str, rows: Sequence[Row], heart: Point, chance: Chance) -> list[Row]:
    """The first region is sampled evenly when it is more than is asked for; the others are taken nearest first."""
    if region == FIRST_REGION:
        return sorted(rows, key=lambda row: chance.word("order", row["id"]))
    return sorted(rows, key=lambda row: (distance_km(heart, _point(row)), row["id"]))


def _nearest_region(data: PublicData) -> GridIndex[str]:
    return GridIndex(((_point(row), row["region"]) for row in data.substations if row["region"]), 0.2)


def _substations(rows: Iterable[Row], regions: GridIndex[str], cleaned: Counter[str]) -> tuple[Site, ...]:
    return tuple(_substation(_cleaned_substation(row, regions, cleaned)) for row in rows)


def _cleaned_substation(row: Row, regions: GridIndex[str], cleaned: Counter[str]) -> Row:
    """The row with its missing region filled in and a voltage that is none taken out; counted, so that it is said."""
    changes: dict[str, str] = {}
    if not row["region"]:
        near = regions.nearest(_point(row), 500)
        changes["region"] = near.item if near else "Unassigned"
        cleaned["region missing: taken from the nearest substation that has one"] += 1
    if row["kv_up"] and not _VOLTAGE.fullmatch(row["kv_up"]):
        changes["kv_up"] = ""
        cleaned["kv_up is not a voltage: left empty"] += 1
    return {**row, **changes}


def _substation(row: Row) -> Site:
    return Site(
        id=row["id"],
        name=row["name"].title(),
        kind=_KINDS.get(row["level"], "other"),
        stand_in=False,
        point=_point(row),
        region=row["region"],
        criticality=_CRITICALITY.get(row["level"], "normal"),
        parent_id="",
        customers=int(float(row["households"])) if row["households"] else None,
        row=row,
    )


def _stand_ins(rows: Iterable[Row], regions: Mapping[str, str], cleaned: Counter[str]) -> tuple[Site, ...]:
    sites = []
    for row in rows:
        named = row
        if not row["name"]:
            named = {**row, "name": f"Data zone {row['code']}"}
            cleaned["name of a census point missing: made from its code"] += 1
        sites.append(
            Site(
                id=row["code"],
                name=named["name"],
                kind="secondary",
                stand_in=True,
                point=_point(row),
                region=regions[row["lad_code"]],
                criticality="normal",
                parent_id=row["nearest_primary_id"],
                customers=None,
                row=named,
            )
        )
    return tuple(sites)


def _cells(rows: Iterable[Row], sites: Iterable[Site]) -> tuple[Cell, ...]:
    """The two operators' cells within reach of a site, each once; ``mast`` is still empty."""
    near = GridIndex(((site.point, site.id) for site in sites), 0.1)
    operator_of = {(operator.mcc, operator.mnc): operator.code for operator in OPERATORS}
    cells: dict[tuple[str, str], Cell] = {}
    for row in rows:
        code = operator_of.get((row["mcc"], row["mnc"]))
        if code is None or not row["lat"] or not row["lon"] or not row["cell_local_id"]:
            continue
        cell = _cell(code, row)
        if (code, cell.key) not in cells and near.nearest(cell.point, _CELL_REACH_KM):
            cells[code, cell.key] = cell
    return tuple(cells.values())


def _cell(operator: str, row: Row) -> Cell:
    rat = _RATS[row["radio"]]
    return Cell(
        operator=operator,
        key=f"{row['radio']}-{row['enb_or_rnc']}-{row['cell_local_id']}",
        rat=rat,
        band=f"B{row['lte_band']}" if row["lte_band"] else band_of(rat, row["arfcn"]),
        arfcn=row["arfcn"],
        tac=row["tac_lac"],
        pci=row["pci_psc_bsic"],
        point=_point(row),
        mast="",
        invented=False,
    )
