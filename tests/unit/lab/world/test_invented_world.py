"""The invented world: whole, consistent, repeatable."""

import collections
import ipaddress
from dataclasses import replace
from pathlib import Path

import pytest

from tieline.lab.world import Origin, Rat, World, WorldSpec, build_world, write_world
from tieline.lab.world.bands import reaches_far
from tieline.lab.world.catalogue import APN_LEGACY, APN_WRONG
from tieline.lab.world.country import HEART
from tieline.lab.world.geometry import distance_km
from tieline.lab.world.radio import CAPACITY_KM, LIMIT_KM
from tieline.platform.errors import Invalid


def digests(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    spec = WorldSpec(sites=120, seed=4)
    for name in ("one", "two"):
        write_world(build_world(spec), tmp_path / name)
    write_world(build_world(replace(spec, seed=5)), tmp_path / "three")
    one, two, three = (digests(tmp_path / name) for name in ("one", "two", "three"))
    assert one == two
    assert one.keys() == three.keys()
    assert one["sites-substations.csv"] != three["sites-substations.csv"]


def test_sites_are_those_on_3g_and_the_modern_ones_in_addition(invented: World) -> None:
    assert len(invented.terrain.sites) == 1_545
    assert len(invented.terrain.modern) == 45
    assert len({site.id for site in invented.terrain.sites}) == 1_545


@pytest.mark.parametrize("sites", [1, 2, 19, 20, 57])
def test_small_worlds_hold_together(sites: int, tmp_path: Path) -> None:
    world = build_world(WorldSpec(sites=sites))
    assert len(world.links) == 2 * len(world.terrain.sites)
    assert len(world.terrain.sites) - len(world.terrain.modern) == sites
    write_world(world, tmp_path)
    assert (tmp_path / "world.json").is_file()


def test_it_says_that_it_is_invented_and_lies_in_the_ocean(invented: World) -> None:
    assert invented.terrain.origin is Origin.INVENTED
    assert "invented" in invented.terrain.statement
    assert all(distance_km(HEART, site.point) < 400 for site in invented.terrain.sites)
    assert {operator.mcc for operator in invented.terrain.operators} == {"001"}


def test_every_site_has_region_and_known_parent(invented: World) -> None:
    ids = {site.id for site in invented.terrain.sites}
    assert all(site.region for site in invented.terrain.sites)
    assert all(site.parent_id in ids for site in invented.terrain.sites if site.parent_id)
    assert len({site.region for site in invented.terrain.sites}) > 3


def test_every_site_has_one_router_and_one_link_to_each_operator(invented: World) -> None:
    of_site = collections.defaultdict(list)
    for link in invented.links:
        of_site[link.site_id].append(link)
    assert of_site.keys() == {site.id for site in invented.terrain.sites}
    for links in of_site.values():
        assert [link.operator for link in links] == ["A", "B"]
        assert {link.role for link in links} == {"primary", "backup"}
        assert len({link.device_id for link in links}) == 1
    leading = sum(link.role == "primary" for link in invented.links if link.operator == "A")
    assert leading == pytest.approx(1_545 * 2 / 3, rel=0.06)


def test_links_name_cards_of_their_operator(invented: World) -> None:
    for code, subscriptions in invented.subscriptions.items():
        cards = [link.iccid for link in invented.links if link.operator == code]
        assert cards == [subscription.iccid for subscription in subscriptions]


def test_no_number_occurs_twice(invented: World) -> None:
    everything = [s for part in (invented.subscriptions, invented.stock) for rows in part.values() for s in rows]
    for field in ("ref", "iccid", "imsi", "msisdn"):
        assert len({getattr(subscription, field) for subscription in everything}) == len(everything)
    imeis = {device.imei for device in invented.devices}
    assert len(imeis) == len(invented.devices)


def test_stock_suffices_for_every_link_on_3g_and_the_reserve(invented: World) -> None:
    for rows in invented.stock.values():
        assert len(rows) == 1_515
        assert {row.state for row in rows} == {"INVENTORY"}
        assert {row.generation for row in rows} == {"4G", "5G"}
        assert {(row.apn, row.ip_address, row.group, row.data_plan) for row in rows} == {("", "", "", "")}
        euiccs = sum(row.card_kind == "euicc" and len(row.eid) == 32 for row in rows)
        assert euiccs == pytest.approx(151, abs=45)


def test_everything_but_the_modern_sites_is_on_3g(invented: World) -> None:
    modern = invented.terrain.modern
    for code in ("A", "B"):
        for site, subscription, report in zip(
            invented.terrain.sites, invented.subscriptions[code], invented.attachments[code], strict=True
        ):
            assert (subscription.generation == "3G") == (site.id not in modern)
            if report.cell:
                assert (report.cell.rat is Rat.UTRA) == (site.id not in modern)


def test_addresses_are_unique_and_in_their_pool(invented: World) -> None:
    pools = {(pool.operator, pool.apn): ipaddress.ip_network(pool.cidr) for pool in invented.pools}
    seen = set()
    for code, rows in invented.subscriptions.items():
        for row in rows:
            if row.ip_address and row.apn != APN_WRONG:
                assert ipaddress.ip_address(row.ip_address) in pools[code, row.apn]
            assert row.ip_address not in seen or not row.ip_address
            seen.add(row.ip_address)
    networks = list(pools.values())
    assert not any(a.overlaps(b) for i, a in enumerate(networks) for b in networks[:i] if a.version == b.version)


def test_only_the_legacy_pool_has_no_room_for_as_many_again(invented: World) -> None:
    for pool in invented.pools:
        used = sum(row.apn == pool.apn and bool(row.ip_address) for row in invented.subscriptions[pool.operator])
        size = ipaddress.ip_network(pool.cidr).num_addresses
        if pool.apn == APN_LEGACY:
            assert size == used
        else:
            assert size - 2 >= 2 * used


def test_oddities_are_what_they_say_and_on_sites_of_their_own(invented: World) -> None:
    listed = {oddity.name: set(oddity.ids) for oddity in invented.oddities}
    assert {name: len(ids) for name, ids in listed.items()} == {
        "suspended": 8,
        "retired": 2,
        "wrong_apn": 3,
        "radio_shadow": 3,
        "full_pool": 2,
        "out_of_reach": 0,
    }
    rows = [row for part in invented.subscriptions.values() for row in part]
    assert {row.ref for row in rows if row.state == "SUSPENDED"} == listed["suspended"]
    assert {row.ref for row in rows if row.state == "RETIRED"} == listed["retired"]
    assert {row.ref for row in rows if row.apn == APN_WRONG} == listed["wrong_apn"]
    assert {row.ref for row in rows if row.apn == APN_LEGACY} == listed["full_pool"]
    away = {report.subscription for part in invented.attachments.values() for report in part if not report.attached}
    assert away == listed["suspended"] | listed["retired"] | listed["radio_shadow"]
    places = [ref[1:] for ids in listed.values() for ref in ids]
    assert len(places) == len(set(places))


def test_the_serving_cell_is_the_one_that_brute_force_finds(invented: World) -> None:
    for code, reports in invented.attachments.items():
        utra = [cell for cell in invented.cells[code] if cell.rat is Rat.UTRA]
        high = [cell for cell in utra if not reaches_far(cell.band)]
        pairs = [
            (site, report)
            for site, report in zip(invented.terrain.sites, reports, strict=True)
            if report.cell and report.cell.rat is Rat.UTRA
        ]
        for site, report in pairs[::40]:
            best_high = min(distance_km(site.point, cell.point) for cell in high)
            best = min(distance_km(site.point, cell.point) for cell in utra)
            expected = best_high if best_high <= CAPACITY_KM else best
            assert expected <= LIMIT_KM
            assert report.distance_m == round(expected * 1000)
            assert report.cell is not None
            assert round(distance_km(site.point, report.cell.point) * 1000) == report.distance_m


def test_cells_of_an_operator_have_keys_of_their_own(invented: World) -> None:
    for cells in invented.cells.values():
        assert len({cell.key for cell in cells}) == len(cells)
        assert all(cell.invented and cell.mast for cell in cells)


def test_most_masts_are_shared(invented: World) -> None:
    a, b = ({cell.mast for cell in invented.cells[code]} for code in ("A", "B"))
    assert len(a & b) / len(a) == pytest.approx(0.85, abs=0.06)


@pytest.mark.parametrize("spec", [WorldSpec(sites=0), WorldSpec(sites=200_001), WorldSpec(modern_share=1.5)])
def test_figures_that_make_no_world_are_refused(spec: WorldSpec) -> None:
    with pytest.raises(Invalid) as caught:
        build_world(spec)
    assert caught.value.problems
