"""The world of public data: real rows kept as they are, whole regions, everything labelled."""

import collections
import csv
import time
import tomllib
from pathlib import Path

import pytest

from tieline.lab.world import Origin, Rat, World, WorldSpec, build_world, write_world
from tieline.lab.world.geometry import distance_km
from tieline.lab.world.masts import TOGETHER_KM
from tieline.lab.world.public_data import FIRST_REGION, district_regions, read
from tieline.platform.errors import Invalid, NotFound

EXAMPLES = Path(__file__).parents[4] / "examples" / "mappings"


def test_counts_are_exact(real: World) -> None:
    assert len(real.terrain.sites) == 6_695
    assert len(real.terrain.modern) == 195
    assert real.terrain.origin is Origin.REAL


def test_the_first_region_is_whole_and_the_last_is_cut(real: World) -> None:
    regions = collections.Counter(site.row["dno"] for site in real.terrain.sites)
    assert regions == {FIRST_REGION: 5_650, "ENW": 1_045}


def test_stand_ins_are_labelled_and_have_their_primary(real: World) -> None:
    ids = {site.id for site in real.terrain.substations}
    assert all(site.stand_in and site.kind == "secondary" for site in real.terrain.secondaries)
    assert not any(site.stand_in for site in real.terrain.substations)
    assert all(site.parent_id in ids for site in real.terrain.secondaries)


def test_every_site_has_a_region_and_a_criticality(real: World) -> None:
    assert all(site.region and site.region != "Unassigned" for site in real.terrain.sites)
    kinds = {(site.kind, site.criticality) for site in real.terrain.sites}
    assert kinds == {("bulk_supply_point", "critical"), ("primary", "high"), ("secondary", "normal")}


def test_rows_are_the_public_ones_but_for_what_is_said_to_be_cleaned(real: World, data: Path) -> None:
    public = read(data)
    originals = {row["id"]: row for row in public.substations} | {row["code"]: row for row in public.stand_ins}
    changed = collections.Counter(
        column
        for site in real.terrain.sites
        for column, value in site.row.items()
        if originals[site.id][column] != value
    )
    assert set(changed) == {"region"}
    assert changed["region"] == sum(real.terrain.cleaned.values()) == 81
    assert list(real.terrain.sites[0].row) == list(public.substations[0])


def test_real_cells_are_kept_and_every_other_is_marked(real: World, data: Path) -> None:
    positions = {(row["radio"], row["mnc"], float(row["lat"])) for row in read(data).cells if row["lat"]}
    for code, mnc in (("A", "15"), ("B", "10")):
        kept = [cell for cell in real.cells[code] if not cell.invented]
        assert len(kept) > 100
        assert all((cell.key.split("-")[0], mnc, cell.point.lat) in positions for cell in kept)
        assert any(cell.invented and cell.rat is Rat.UTRA for cell in real.cells[code])


def test_real_cells_share_a_mast_when_they_stand_together(real: World) -> None:
    cells = [cell for part in real.cells.values() for cell in part if not cell.invented][::7]
    pairs = [
        (one, other)
        for i, one in enumerate(cells)
        for other in cells[:i]
        if distance_km(one.point, other.point) <= TOGETHER_KM
    ]
    assert any(one.point != other.point and one.operator != other.operator for one, other in pairs)
    assert all(one.mast == other.mast for one, other in pairs)


def test_every_real_mast_carries_3g(real: World) -> None:
    for cells in real.cells.values():
        masts = {cell.mast for cell in cells if not cell.invented}
        assert masts <= {cell.mast for cell in cells if cell.rat is Rat.UTRA and cell.band == "B8"}


def test_few_places_are_spread_over_the_first_region(data: Path) -> None:
    world = build_world(WorldSpec(sites=150, data=data))
    assert len(world.terrain.sites) == 154
    assert len({site.region for site in world.terrain.sites}) > 1


def test_more_than_there_is_is_refused(data: Path) -> None:
    with pytest.raises(Invalid, match="45718"):
        build_world(WorldSpec(sites=45_719, data=data))


def test_a_folder_without_the_files_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="gb_substations"):
        build_world(WorldSpec(sites=10, data=tmp_path))


def test_the_mapping_gives_stand_ins_the_regions_of_the_world(data: Path) -> None:
    mapping = tomllib.loads((EXAMPLES / "stand-ins.toml").read_text(encoding="utf-8"))
    assert mapping["columns"]["region"]["map"] == district_regions(read(data))


@pytest.mark.slow
def test_the_largest_world_takes_no_more_than_thirty_seconds(data: Path, tmp_path: Path) -> None:
    began = time.process_time()
    world = build_world(WorldSpec(sites=45_000, data=data))
    write_world(world, tmp_path)
    assert time.process_time() - began < 30
    assert len(world.terrain.sites) == 45_718
    with (tmp_path / "links.csv").open(encoding="utf-8", newline="") as file:
        assert sum(1 for _ in csv.reader(file)) == 2 * 45_718 + 1
