"""Routes: against distances measured elsewhere, exhaustive search, and properties that hold for any places."""

import math
import random
from datetime import date
from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.utility.fieldwork.policy.days import Stop, Working, calendar, days_of, working_day
from tieline.utility.fieldwork.policy.routing import distance_km, length_km, route

PLACES = st.tuples(st.floats(49, 61), st.floats(-8, 2))


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        ((0.0, 0.0), (0.0, 180.0), 20015.1),  # half round the mean Earth: pi x 6371.0088
        ((0.0, 0.0), (90.0, 0.0), 10007.6),  # a quarter
        ((52.2296756, 21.0122287), (52.406374, 16.9251681), 278.46),  # Warsaw to Poznan, as published calculators say
        ((51.5, -0.1), (51.5, -0.1), 0.0),
    ],
)
def test_distances_are_great_circles(one: tuple[float, float], other: tuple[float, float], km: float) -> None:
    assert distance_km(one, other) == pytest.approx(km, rel=2e-4, abs=1e-6)


@given(st.lists(PLACES, max_size=40))
def test_a_route_visits_each_place_once_and_is_never_longer_than_the_order_given(
    places: list[tuple[float, float]],
) -> None:
    found = route(places)
    assert sorted(found) == list(range(len(places)))
    assert length_km(places, found) <= length_km(places) + 1e-9
    assert route(places) == found


@given(st.lists(PLACES, min_size=3, max_size=7))
def test_a_route_of_few_places_is_near_the_best_there_is(places: list[tuple[float, float]]) -> None:
    best = min(length_km(places, order) for order in permutations(range(len(places))))
    assert length_km(places, route(places)) <= best * 1.35 + 1e-6


def test_places_on_a_line_are_driven_to_one_after_another() -> None:
    places = [(52.0, float(x) / 10) for x in (7, 2, 9, 0, 5, 1, 8, 3, 6, 4)]
    found = [places[i][1] for i in route(places)]
    assert found in (sorted(found), sorted(found, reverse=True))


def test_many_places_come_near_what_the_best_routes_through_random_places_are() -> None:
    """Beardwood, Halton, Hammersley: 0.7124 x sqrt(places x area), a little more at the border."""
    chance = random.Random(7)  # noqa: S311 - places, no secrets
    places = [(52 + chance.random(), -2 + chance.random()) for _ in range(800)]
    area = (math.pi / 180 * 6371.0088) ** 2 * math.cos(math.radians(52.5))
    assert length_km(places, route(places)) < 1.25 * 0.7124 * math.sqrt(800 * area)


def test_one_comes_from_where_one_was() -> None:
    places = [(52.0, 0.0), (52.0, 0.1), (52.0, 0.2)]
    assert route(places, start=(52.0, 0.3)) == [2, 1, 0]
    assert route(places, start=(52.0, -0.3)) == [0, 1, 2]


STOPS = st.lists(st.tuples(PLACES, st.integers(1, 600), st.sampled_from([1.0, 2.0, math.inf])), max_size=25).map(
    lambda found: [Stop(number, place, minutes, due) for number, (place, minutes, due) in enumerate(found)]
)


@given(STOPS, st.floats(2, 12), st.floats(20, 90))
def test_days_hold_every_visit_once_and_no_more_than_a_day_can(stops: list[Stop], hours: float, speed: float) -> None:
    working = Working(hours, speed, 60)
    days = days_of(stops, working)
    assert sorted(stop.id for day in days for stop in day.stops) == [stop.id for stop in stops]
    for day in days:
        drive = sum(distance_km(a.place, b.place) for a, b in pairwise(day.stops)) / speed * 60
        spent = sum(stop.minutes for stop in day.stops) + drive
        assert day.minutes == pytest.approx(spent)
        assert len(day.stops) == 1 or spent <= hours * 60 - 60 + 1e-6
        assert day.km <= day.km_given + 1e-9
    latest = [max(stop.due for stop in day.stops) for day in days]
    earliest = [min(stop.due for stop in day.stops) for day in days]
    assert all(before <= after for before, after in pairwise(earliest))
    assert all(before <= after for before, after in pairwise(latest))


def test_orders_fall_on_working_days_a_crew_at_a_time() -> None:
    friday = date(2026, 3, 6)
    assert calendar(friday, 3, 2, weekends=False) == [(friday, 0), (friday, 1), (date(2026, 3, 9), 0)]
    assert calendar(friday, 2, 1, weekends=True) == [(friday, 0), (date(2026, 3, 7), 0)]


@pytest.mark.parametrize(("day", "first"), [(20, 20), (21, 23), (22, 23), (23, 23)])  # 20 November 2026 is a Friday
def test_the_first_working_day_leaves_weekends_free(day: int, first: int) -> None:
    assert working_day(date(2026, 11, day)) == date(2026, 11, first)
