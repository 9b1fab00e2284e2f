"""The map of the simulated radio network, and which technologies follow from generations."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.gateway.backends.simulated.faults import foreign_imei
from tieline.gateway.backends.simulated.places import (
    REACH_KM,
    mercator,
    placed,
    rats_of,
    rats_up_to,
    reach,
    read_phase_out,
)
from tieline.platform.errors import Invalid
from tieline.standards.numbering import check_imei

EARTH_KM = 6371.0


def haversine_km(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    a, b = math.radians(lat1), math.radians(lat2)
    half = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(half))


@given(
    lat=st.floats(-70, 70),
    lon=st.floats(-170, 170),
    bearing=st.floats(0, 2 * math.pi),
    km=st.floats(0.1, 14.5),
)
def test_what_is_in_reach_on_the_map_is_so_on_the_ground(lat: float, lon: float, bearing: float, km: float) -> None:
    north, east = km * math.cos(bearing), km * math.sin(bearing)
    there_lat = lat + north / 111.195
    there_lon = lon + east / (111.195 * math.cos(math.radians(lat)))
    on_map = math.hypot(there_lon - lon, mercator(there_lat) - mercator(lat))
    on_ground = haversine_km(lat, lon, there_lat, there_lon)
    assert on_map / reach(lat) == pytest.approx(on_ground / REACH_KM, rel=0.02)


def test_the_projection_has_the_published_values() -> None:
    assert mercator(0) == 0
    assert mercator(45) == pytest.approx(50.4989, abs=1e-3)  # ln(tan(67.5°)) = 0.881374 rad
    assert mercator(90) == mercator(85)


def test_generations_give_technologies_best_first() -> None:
    assert rats_of("2G 3G 4G 5G") == ["NR", "EUTRA", "UTRA", "GERAN"]
    assert rats_of(["3G"]) == ["UTRA"]
    assert rats_up_to("3G") == ["UTRA", "GERAN"]
    assert rats_up_to(None) == ["NR", "EUTRA", "UTRA", "GERAN"]


@pytest.mark.parametrize(("lat", "lon"), [(1, None), (None, 1), (91, 0), (0, 181), ("1", "2")])
def test_half_a_place_is_none(lat: object, lon: object) -> None:
    with pytest.raises(ValueError, match=r"place|range"):
        placed(lat, lon)


@pytest.mark.parametrize(
    "body",
    [b"{}", b"[]", b'{"technology":"3G","outline":[[0,91]]}', b'{"technology":"3G","town":"York"}', b"x"],
)
def test_a_phase_out_that_cannot_be_read_is_named(body: bytes) -> None:
    with pytest.raises(Invalid):
        read_phase_out(body)


def test_a_technology_is_named_by_either_word() -> None:
    assert read_phase_out(b'{"technology":"3g"}').rat == read_phase_out(b'{"technology":"UTRA"}').rat == "UTRA"
    with pytest.raises(Invalid):
        _ = read_phase_out(b'{"technology":"6G"}').rat


@given(st.integers(), st.integers(0, 99), st.text())
def test_a_foreign_device_has_a_good_imei(seed: int, rule: int, subscription: str) -> None:
    assert check_imei(foreign_imei(seed, rule, subscription)).ok
