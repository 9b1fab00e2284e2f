"""Windows: over summer time as published, together, minus holds; forecasts; a clock that jumps; words."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tieline.utility.changes.model import Recurring, Window
from tieline.utility.changes.policy import forecast, window_words, windows
from tieline.utility.changes.policy.windows import Span, Stored

LONDON = "Europe/London"
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    """A moment in UTC: 2026-03-28 22:00."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def daily(starts: str, ends: str, zone: str = LONDON) -> Recurring:
    return Recurring(zone, starts, ends, "FREQ=DAILY")


def opened(rule: Recurring, day: str) -> list[tuple[str, str]]:
    """The opening of a rule that begins on a day, in UTC."""
    only = Recurring(
        rule.zone, rule.starts, rule.ends, f"FREQ=YEARLY;BYMONTH={int(day[5:7])};BYMONTHDAY={int(day[8:])}"
    )
    noon = at(f"{day} 12:00")
    return [
        (f"{span.opens:%m-%d %H:%M}", f"{span.closes:%m-%d %H:%M}")
        for span in windows.of_rules([only], noon - 48 * HOUR, noon + 48 * HOUR)
    ]


# gov.uk/when-do-the-clocks-change: British summer time is from 29 March to 25 October 2026, at 1 am UTC.
@pytest.mark.parametrize(
    ("starts", "ends", "day", "wanted"),
    [
        ("22:00", "05:00", "2026-01-12", [("01-12 22:00", "01-13 05:00")]),
        ("22:00", "05:00", "2026-07-13", [("07-13 21:00", "07-14 04:00")]),
        ("22:00", "05:00", "2026-03-28", [("03-28 22:00", "03-29 04:00")]),
        ("22:00", "05:00", "2026-10-24", [("10-24 21:00", "10-25 05:00")]),
        ("00:30", "01:30", "2026-03-29", [("03-29 00:30", "03-29 01:00")]),
        ("01:30", "02:30", "2026-03-29", [("03-29 01:00", "03-29 01:30")]),
        ("01:15", "01:45", "2026-03-29", []),
        ("01:15", "01:45", "2026-10-25", [("10-25 00:15", "10-25 00:45")]),
        ("00:30", "01:30", "2026-10-25", [("10-24 23:30", "10-25 00:30")]),
        ("01:30", "04:00", "2026-10-25", [("10-25 00:30", "10-25 04:00")]),
        ("00:00", "24:00", "2026-03-29", [("03-29 00:00", "03-29 23:00")]),
    ],
)
def test_summer_time_in_britain(starts: str, ends: str, day: str, wanted: list[tuple[str, str]]) -> None:
    assert opened(daily(starts, ends), day) == wanted


def test_a_jump_of_half_an_hour() -> None:
    """Lord Howe Island puts clocks forward from 02:00 to 02:30 on the first Sunday of October (15:30 UTC before)."""
    assert opened(daily("02:10", "02:50", "Australia/Lord_Howe"), "2026-10-04") == [("10-03 15:30", "10-03 15:50")]


def test_a_day_that_a_place_skipped() -> None:
    """Samoa had no 30 December 2011: a window on it does not open."""
    zone = ZoneInfo("Pacific/Apia")
    assert windows.instant(date(2011, 12, 30), time(9), zone) == windows.instant(date(2011, 12, 30), time(17), zone)
    assert opened(daily("09:00", "17:00", "Pacific/Apia"), "2011-12-30") == []


def test_working_nights_but_the_last_of_the_month() -> None:
    rule = window_words.read("Mon-Thu 22:00-05:00 Europe/London, not the last working day of the month")
    spans = windows.of_rules([rule], at("2026-04-26 00:00"), at("2026-05-05 00:00"))
    # 30 April 2026 is a Thursday and the last working day of its month; London is an hour ahead of UTC.
    assert [f"{span.opens:%a %d %H:%M}" for span in spans] == [
        "Mon 27 21:00",
        "Tue 28 21:00",
        "Wed 29 21:00",
        "Mon 04 21:00",
    ]


def test_spans_are_merged_intersected_and_cut() -> None:
    a, b = daily("22:00", "02:00", "UTC"), daily("01:00", "04:00", "UTC")
    found = windows.together([(a, b), Window(opens=at("2026-01-02 23:00"), rules=(daily("00:00", "03:00", "UTC"),))],
                             at("2026-01-02 12:00"), at("2026-01-04 12:00"))  # fmt: skip
    assert found == [
        Span(at("2026-01-03 00:00"), at("2026-01-03 03:00")),
        Span(at("2026-01-04 00:00"), at("2026-01-04 03:00")),
    ]
    held = [Span(at("2026-01-03 01:00"), at("2026-01-04 01:00"))]
    assert windows.without(found, held) == [
        Span(at("2026-01-03 00:00"), at("2026-01-03 01:00")),
        Span(at("2026-01-04 01:00"), at("2026-01-04 03:00")),
    ]
    assert windows.following([(a,)], at("2026-01-02 12:00")) == Span(at("2026-01-02 22:00"), at("2026-01-03 02:00"))
    assert windows.following([Window(closes=at("2026-01-01 00:00"), rules=(a,))], at("2026-01-02 12:00")) is None
    monthly = Recurring("UTC", "22:00", "23:00", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29")
    assert windows.following([(monthly,)], at("2026-03-01 00:00")) == Span(
        at("2028-02-29 22:00"), at("2028-02-29 23:00")
    )


@settings(max_examples=60, deadline=None)
@given(
    starts=st.times(),
    ends=st.times(),
    zone=st.sampled_from([LONDON, "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]),
    moment=st.datetimes(datetime(2020, 1, 1), datetime(2037, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_open_is_what_the_wall_clock_says(starts: time, ends: time, zone: str, moment: datetime) -> None:
    """A moment at which the wall clock shows a time within the window for the first time is within it, and no other."""
    rule = daily(f"{starts:%H:%M}", f"{ends:%H:%M}", zone)
    local = moment.astimezone(ZoneInfo(zone))
    now, first, last = local.time().replace(tzinfo=None), windows.clock(rule.starts), windows.clock(rule.ends)
    within = first <= now < last if first < last else now >= first or now < last
    near = windows.of_rules([rule], moment - 3 * HOUR, moment + 3 * HOUR)
    shifts = {(moment + n * HOUR).astimezone(ZoneInfo(zone)).utcoffset() for n in range(-26, 27)}
    if len(shifts) == 1:
        assert windows.is_open([(rule,)], moment) is within
    for span in near:
        assert span.closes > span.opens
    assert all(one.closes < other.opens for one, other in pairwise(near))


def test_a_clock_that_goes_back_opens_no_closed_window_twice() -> None:
    rules = (daily("22:00", "05:00", "UTC"),)
    tonight = Stored(Span(at("2026-01-12 22:00"), at("2026-01-13 05:00")), at("2026-01-13 04:59"))
    tomorrow = windows.roll([rules], tonight, at("2026-01-13 05:00"))
    assert tomorrow == Stored(Span(at("2026-01-13 22:00"), at("2026-01-14 05:00")), at("2026-01-13 05:00"))
    assert windows.roll([rules], tomorrow, at("2026-01-13 04:50")) == tomorrow
    assert windows.roll([rules], tomorrow, at("2026-01-12 05:00")) == tomorrow
    # More than a day back: the clock had been wrong before.
    again = windows.roll([rules], tomorrow, at("2026-01-12 04:50"))
    assert again == Stored(Span(at("2026-01-11 22:00"), at("2026-01-12 05:00")), at("2026-01-12 04:50"))
    far = Stored(Span(at("2031-01-12 22:00"), at("2031-01-13 05:00")), at("2031-01-12 12:00"))
    assert windows.roll([rules], far, at("2026-01-12 12:00")).span == Span(
        at("2026-01-12 22:00"), at("2026-01-13 05:00")
    )


@settings(max_examples=40, deadline=None)
@given(jumps=st.lists(st.integers(-23 * 60, 40 * 60), min_size=1, max_size=40))
def test_kept_openings_only_go_forward(jumps: list[int]) -> None:
    """However a clock jumps, by less than a day back each time: an opening that was left is never kept again."""
    rules, now = (daily("22:00", "05:00"),), at("2026-03-20 12:00")
    stored = windows.roll([rules], Stored(None, None), now)
    latest = now
    for minutes in jumps:
        now = max(now + timedelta(minutes=minutes), latest - timedelta(hours=23))
        latest = max(latest, now)
        after = windows.roll([rules], stored, now)
        assert after.span is not None
        assert stored.span is not None
        assert after.span.opens >= stored.span.opens
        stored = after


def test_how_many_nights_it_takes() -> None:
    spans = windows.of_rules([daily("22:00", "05:00", "UTC")], at("2026-01-12 12:00"), at("2026-02-12 12:00"))
    now = at("2026-01-12 12:00")
    # Seven hours a night: 10 hours take two nights, 40 hours take six.
    assert forecast.fill(spans, 10 * 3600, now) == forecast.Filled(at("2026-01-12 22:00"), at("2026-01-14 01:00"), 2)
    found = forecast.forecast(spans, (10 * 3600.0, 40 * 3600.0), now, windowed=True)
    assert found.openings == (2, 6)
    assert found.done == (at("2026-01-14 01:00"), at("2026-01-18 03:00"))
    begun = forecast.fill(spans, 3600, at("2026-01-12 23:30"))
    assert begun == forecast.Filled(at("2026-01-12 23:30"), at("2026-01-13 00:30"), 1)
    never = forecast.forecast([], (1.0, 2.0), now, windowed=True)
    assert (never.begins, never.why_not) == (None, "As things are held, it may not begin within the next year.")
    tight = forecast.forecast(spans, (10 * 3600.0, 10_000 * 3600.0), now, windowed=True)
    assert tight.done == (at("2026-01-14 01:00"), None)
    assert "At its slowest" in tight.why_not
    whole = forecast.together(
        [found, forecast.forecast([Span(now, at("2027-01-01 00:00"))], (60, 90), now, windowed=False)]
    )
    assert whole is not None
    assert (whole.begins, whole.openings, whole.done) == (now, (2, 6), found.done)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Mon-Thu 22:00-05:00 Europe/London", Recurring(LONDON, "22:00", "05:00", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH")),
        ("22:00 to 5:00", Recurring(LONDON, "22:00", "05:00", "FREQ=DAILY")),
        ("Mon, Wed and Friday 9:00-17:00", Recurring(LONDON, "09:00", "17:00", "FREQ=WEEKLY;BYDAY=MO,WE,FR")),
        ("Fri-Mon 00:00-24:00 UTC", Recurring("UTC", "00:00", "24:00", "FREQ=WEEKLY;BYDAY=MO,FR,SA,SU")),
        ("the first Sunday of the month 01:00-06:00", Recurring(LONDON, "01:00", "06:00", "FREQ=MONTHLY;BYDAY=1SU")),
        (
            "working days 20:00-23:00, not the last working day of the month, not 24 Dec, not Fri",
            Recurring(
                LONDON, "20:00", "23:00", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
                ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24",
                 "FREQ=WEEKLY;BYDAY=FR"),
            ),
        ),
        (
            "RRULE:FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=2 22:00-05:00 UTC",
            Recurring("UTC", "22:00", "05:00", "FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=2"),
        ),
    ],
)  # fmt: skip
def test_words(text: str, wanted: Recurring) -> None:
    read = window_words.read(text)
    assert read == wanted
    assert windows.problems([read]) == []
    assert window_words.read(window_words.words(read)) == read


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Mon-Thu", "no time in it"),
        ("Blursday 22:00-05:00", "names no days"),
        ("daily 22:00-05:00 UTC, but Friday", "exceptions begin with"),
        ("daily 22:00-05:00 UTC, not the seventeenth Friday of the month", "names no days"),
        ("FREQ=DAILY;INTERVAL=2 22:00-05:00", "INTERVAL is not among"),
    ],
)
def test_words_that_are_not_understood(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        window_words.read(text)


def test_wrong_rules_are_told_by_field() -> None:
    wrong = Recurring("Europe/Nowhere", "25:00", "5:00", "FREQ=SOMETIMES", ("x",))
    assert [field for field, _ in windows.problems([wrong])] == ["zone", "starts", "ends", "days", "but_not"]
    assert windows.problems([daily("22:00", "05:00")] * 11) == [("rules", "At most 10 windows.")]
