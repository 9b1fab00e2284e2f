"""Which revision is the newer, how two differ in words, and what a notice means in a sentence."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.utility.inventory import Area, AreaKind
from tieline.utility.notices import Content, Kind, Notice, Phase, PhaseCount, compare, distance, place, sentence
from tieline.utility.notices.desks import callback_of
from tieline.utility.notices.policy.compare import area_km2
from tieline.utility.notices.policy.newest import digest, supersedes

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def phase(name: str, begins: str, ends: str, area: Area | None = None) -> Phase:
    return Phase(name, name.capitalize(), at(begins), at(ends), area or Area(AreaKind.ALL))


def content(*phases: Phase, title: str = "The end of 3G", technology: str | None = "3G") -> Content:
    return Content(Kind.PHASE_OUT, title, "", technology, phases)


def words(before: Content, after: Content) -> list[str]:
    return [one.words for one in compare(before, after)]


CITIES = phase("cities", "2027-05-01", "2027-11-01", Area(AreaKind.REGIONS, ("North", "East")))
REST = phase("rest", "2027-11-01", "2028-05-01")
SQUARE = Area(AreaKind.POLYGON, ring=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)))


def moved(one: Phase, *, begins: int = 0, ends: int = 0, area: Area | None = None, title: str = "") -> Phase:
    return Phase(
        one.id,
        title or one.title,
        one.starts_at + timedelta(days=begins),
        one.ends_at + timedelta(days=ends),
        area or one.area,
    )


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (moved(CITIES), []),
        (moved(CITIES, ends=30), ["Phase “Cities” ends on 1 December 2027 instead of 1 November 2027, 30 days later."]),
        (moved(CITIES, begins=-1), ["Phase “Cities” begins on 30 April 2027 instead of 1 May 2027, 1 day earlier."]),
        (
            moved(CITIES, begins=31, ends=31),
            ["Phase “Cities” moved from 1 May 2027 – 1 November 2027 to 1 June 2027 – 2 December 2027, 31 days later."],
        ),
        (moved(CITIES, title="Towns"), ["Phase “Cities” is called “Towns” now."]),
        (
            moved(CITIES, area=Area(AreaKind.REGIONS, ("East", "South", "West"))),
            ["Phase “Cities”: the area grew by South and West and shrank by North."],
        ),
        (
            moved(CITIES, area=Area(AreaKind.ALL)),
            ["Phase “Cities”: the area is now the whole network, before North and East."],
        ),
        (
            moved(CITIES, area=Area(AreaKind.CELLS, ("a",))),
            ["Phase “Cities”: the area is now 1 cell, before North and East."],
        ),
    ],
)
def test_a_phase_is_compared_in_words(after: Phase, said: list[str]) -> None:
    assert words(content(CITIES, REST), content(after, REST)) == said


def test_phases_that_come_and_go_and_the_whole_are_told() -> None:
    before, after = content(CITIES), content(REST, title="3G ends", technology="2G")
    assert words(before, after) == [
        "The title is now “3G ends”, before “The end of 3G”.",
        "It is about 2G now, before about 3G.",
        "Phase “Cities” is gone.",
        "Phase “Rest” is new: 1 November 2027 – 1 May 2028.",
    ]


def test_polygons_are_compared_by_their_size() -> None:
    larger = Area(AreaKind.POLYGON, ring=tuple((lon * 2, lat) for lon, lat in SQUARE.ring))
    aside = Area(AreaKind.POLYGON, ring=tuple((lon + 5, lat) for lon, lat in SQUARE.ring))
    one = moved(CITIES, area=SQUARE)
    assert words(content(one), content(moved(one, area=larger))) == [
        "Phase “Cities”: the area grew from about 12,364 to 24,728 km²."
    ]
    assert words(content(one), content(moved(one, area=aside))) == [
        "Phase “Cities”: the outline moved; the area is still about 12,364 km²."
    ]


def test_the_size_of_a_degree_at_the_equator() -> None:
    """A degree is 111.2 km there: (6371 km times pi / 180) squared, by hand, is 12 364 km²."""
    assert area_km2(SQUARE.ring) == pytest.approx(12_364, rel=1e-3)


@pytest.mark.parametrize(
    ("area", "said"),
    [
        (Area(AreaKind.REGIONS, ("North",)), "North"),
        (Area(AreaKind.POSTCODES, ("CF", "SA")), "postcode areas CF and SA"),
        (Area(AreaKind.POSTCODES, ("CF",)), "postcode area CF"),
        (Area(AreaKind.REGIONS, tuple("abcdefg")), "7 regions"),
        (Area(AreaKind.CELLS, tuple(map(str, range(1200)))), "1,200 cells"),
    ],
)
def test_an_area_in_words(area: Area, said: str) -> None:
    assert place(area) == said


moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 3), timezones=st.just(UTC))  # noqa: DTZ001 - naive bounds


@given(st.lists(st.tuples(st.integers(1, 3), moments), min_size=1, max_size=6))
def test_in_whatever_order_they_come_the_same_one_stands(places: list[tuple[int, datetime]]) -> None:
    for order in itertools.islice(itertools.permutations(places), 24):
        kept = None
        for one in order:
            if supersedes(one, kept):
                kept = one
        assert kept == max(places)


def test_contents_are_told_apart() -> None:
    assert digest(content(CITIES)) == digest(content(moved(CITIES)))
    assert digest(content(CITIES)) != digest(content(moved(CITIES, ends=1)))


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (0, "today"), (1, "tomorrow"), (-1, "yesterday"), (14, "in 14 days"), (21, "in 3 weeks"), (62, "in 9 weeks"),
        (182, "in 6 months"), (-5, "5 days ago"), (-400, "13 months ago"),
    ],
)  # fmt: skip
def test_distances_as_one_would_say_them(days: int, said: str) -> None:
    assert distance(NOW + timedelta(days=days), NOW) == said


NOTICE = Notice(
    id=1, operator="A", operator_name="Operator A", ref="3G", kind=Kind.PHASE_OUT, title="The end of 3G",
    description="", status="scheduled", status_reason="", technology="3G", revision=1, updated_at=NOW,
    starts_at=CITIES.starts_at, ends_at=REST.ends_at, phases=(CITIES, REST), asks=False, first_at=NOW, seen_at=NOW,
)  # fmt: skip


@pytest.mark.parametrize(
    ("sites", "alone", "now", "said"),
    [
        (
            (4210, 0),
            (4210, 0),
            NOW,
            (
                "In 5 months Operator A begins to switch off 3G. 4,210 sites have a link there on 3G; all of them hang "
                "on 3G alone. It is to be over by 1 May 2028."
            ),
        ),
        (
            (10, 5),
            (1, 0),
            NOW,
            (
                "In 5 months Operator A begins to switch off 3G. 15 sites have a link there on 3G; 1 of them hangs on "
                "3G alone. The first 10 (Cities) must be ready by 1 November 2027, the last by 1 May 2028."
            ),
        ),
        (
            (1, 0),
            (0, 0),
            at("2027-06-01"),
            (
                "Operator A has been switching off 3G since 1 May 2027. 1 site has a link there on 3G, and another one "
                "beside it. It is to be over by 1 May 2028."
            ),
        ),
        ((0, 0), (0, 0), NOW, "In 5 months Operator A begins to switch off 3G. No site has a link there on 3G."),
        (
            (2, 0),
            (0, 0),
            at("2029-01-01"),
            "Operator A has switched off 3G. 2 sites have a link there on 3G; none of them hang on 3G alone.",
        ),
    ],
)
def test_what_a_phase_out_means(sites: tuple[int, int], alone: tuple[int, int], now: datetime, said: str) -> None:
    counts = [
        PhaseCount(one, count, count, only) for one, count, only in zip(NOTICE.by_end(), sites, alone, strict=True)
    ]
    assert sentence(NOTICE, counts, now) == said


def test_what_was_taken_back_says_so() -> None:
    gone = replace(NOTICE, status="cancelled", status_reason="Postponed.")
    assert sentence(gone, [], NOW) == "Operator A took this notice back: Postponed."
    assert sentence(replace(NOTICE, status="completed"), [], NOW) == "Operator A says that this is done."
    lost = sentence(replace(NOTICE, gone_at=NOW), [], NOW)
    assert lost.startswith("Operator A does not list this notice any more and did not say why")
    other = replace(NOTICE, kind=Kind.OTHER, starts_at=None, ends_at=None, phases=())
    assert sentence(other, [], NOW) == "Operator A announces: The end of 3G."


def test_where_events_are_sent() -> None:
    base = "https://utility.example:8401"
    assert callback_of(f"{base}/3gpp/notifications/A") == f"{base}/tmf-api/listener/A"
    assert callback_of(f"{base}/proxy/3gpp/notifications/A") == f"{base}/proxy/tmf-api/listener/A"
    assert callback_of("") == callback_of("https://elsewhere.example/in") == ""
