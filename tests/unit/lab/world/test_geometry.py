"""Distances and nearest neighbours, against known figures and brute force."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.lab.world.geometry import GridIndex, Point, centroid, distance_km, offset

LATITUDES = st.floats(49, 61).map(lambda value: round(value, 5))
LONGITUDES = st.floats(-8, 2).map(lambda value: round(value, 5))
POINTS = st.builds(Point, LATITUDES, LONGITUDES)


def test_a_quarter_of_a_meridian_is_a_quarter_of_the_circumference() -> None:
    assert distance_km(Point(0, 10), Point(90, 10)) == pytest.approx(40_030.228 / 4, abs=0.01)


def test_known_distance_between_two_cities() -> None:
    # Heathrow to Paris Charles de Gaulle: 348 km by published great-circle calculators
    assert distance_km(Point(51.4706, -0.461941), Point(49.012798, 2.55)) == pytest.approx(348, abs=1)


@given(POINTS, st.floats(-20, 20), st.floats(-20, 20))
def test_offset_goes_as_far_as_it_says(origin: Point, north: float, east: float) -> None:
    moved = offset(origin, north, east)
    assert distance_km(origin, moved) == pytest.approx((north**2 + east**2) ** 0.5, rel=0.01, abs=0.001)


def test_centroid_is_the_mean() -> None:
    assert centroid([Point(0, 0), Point(2, 4)]) == Point(1, 2)


@given(st.lists(POINTS, min_size=1, max_size=60), POINTS, st.floats(0.5, 400), st.sampled_from([0.02, 0.1, 0.7]))
def test_nearest_is_what_brute_force_finds(points: list[Point], origin: Point, limit: float, step: float) -> None:
    found = GridIndex(((point, point) for point in points), step).nearest(origin, limit)
    best = min(distance_km(origin, point) for point in points)
    if best > limit:
        assert found is None
    else:
        assert found is not None
        assert found.km == best
        assert distance_km(origin, found.item) == best


@given(st.lists(POINTS, max_size=60), POINTS, st.floats(0.5, 300))
def test_within_is_what_brute_force_finds(points: list[Point], origin: Point, limit: float) -> None:
    found = GridIndex(((point, point) for point in points), 0.1).within(origin, limit)
    expected = sorted(point for point in points if distance_km(origin, point) <= limit)
    assert sorted(near.item for near in found) == expected


def test_nearest_passes_over_what_does_not_suit() -> None:
    index = GridIndex([(Point(50, 0), "near"), (Point(50.1, 0), "far")])
    found = index.nearest(Point(50, 0), 100, lambda name: name != "near")
    assert found is not None
    assert found.item == "far"


def test_an_empty_index_has_nothing() -> None:
    assert GridIndex[str]([]).nearest(Point(50, 0), 500) is None
