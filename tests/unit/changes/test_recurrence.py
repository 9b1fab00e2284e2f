"""Days by rule, against the examples of RFC 5545 and another program that reads the same rules."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tieline.utility.changes.policy import recurrence

DAY = timedelta(days=1)


def named(text: str, start: str, count: int) -> list[str]:
    """The first days that a rule names from a day on."""
    found: list[str] = []
    rule, day = recurrence.parse(text), date.fromisoformat(start)
    while len(found) < count:
        if rule.hits(day):
            found.append(day.isoformat())
        day += DAY
    return found


# Each from RFC 5545 §3.8.5.3, with the days that it lists there; rules with INTERVAL are left out.
EXAMPLES = {
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2":
        "1997-09-29 1997-10-30 1997-11-27 1997-12-30 1998-01-29 1998-02-26 1998-03-30",
    "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13": "1998-02-13 1998-03-13 1998-11-13 1999-08-13 2000-10-13",
    "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13":
        "1997-09-13 1997-10-11 1997-11-08 1997-12-13 1998-01-10 1998-02-07 1998-03-07",
    "FREQ=YEARLY;BYDAY=20MO": "1998-05-18 1999-05-17",
    "FREQ=MONTHLY;BYMONTHDAY=-3": "1997-09-28 1997-10-29 1997-11-28 1997-12-29 1998-01-29 1998-02-26",
    "FREQ=MONTHLY;BYMONTHDAY=2,15": "1997-09-02 1997-09-15 1997-10-02 1997-10-15 1997-11-02 1997-11-15",
    "FREQ=MONTHLY;BYMONTHDAY=1,-1": "1997-09-30 1997-10-01 1997-10-31 1997-11-01 1997-11-30 1997-12-01 1997-12-31",
    "FREQ=MONTHLY;BYDAY=1FR": "1997-09-05 1997-10-03 1997-11-07 1997-12-05 1998-01-02 1998-02-06",
    "FREQ=MONTHLY;BYDAY=-2MO": "1997-09-22 1997-10-20 1997-11-17 1997-12-22 1998-01-19 1998-02-16",
    "FREQ=YEARLY;BYDAY=TH;BYMONTH=3": "1998-03-05 1998-03-12 1998-03-19 1998-03-26 1999-03-04 1999-03-11",
    "FREQ=MONTHLY;BYDAY=TU,WE,TH;BYSETPOS=3": "1997-09-04 1997-10-07 1997-11-06",
    "FREQ=WEEKLY;BYDAY=TU,TH": "1997-09-02 1997-09-04 1997-09-09 1997-09-11",
    "FREQ=DAILY;BYMONTH=1": "1998-01-01 1998-01-02 1998-01-03",
}  # fmt: skip


@pytest.mark.parametrize("text", EXAMPLES)
def test_examples_of_the_standard(text: str) -> None:
    days = EXAMPLES[text].split()
    assert named(text, "1997-09-02", len(days)) == days


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Nothing is no part"),
        ("BYDAY=MO", "begins with FREQ"),
        ("FREQ=HOURLY", "begins with FREQ"),
        ("FREQ=WEEKLY;BYDAY=1MO", "number their days"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "takes no BYMONTHDAY"),
        ("FREQ=DAILY;BYSETPOS=1", "takes no BYSETPOS"),
        ("FREQ=MONTHLY", "names its days"),
        ("FREQ=YEARLY;BYMONTH=3", "names its days"),
        ("FREQ=WEEKLY;BYDAY=XX", "XX is no day"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "32 is no number"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "0 is no number"),
        ("FREQ=YEARLY;BYMONTH=-1;BYDAY=MO", "-1 is no number"),
        ("FREQ=DAILY;INTERVAL=2", "INTERVAL is not among"),
        ("FREQ=DAILY;FREQ=DAILY", "FREQ=DAILY is no part"),
        ("FREQ=DAILY;BYDAY=" + "MO," * 200, "at most 300"),
    ],
)
def test_what_is_not_understood_is_said(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        recurrence.parse(text)


_DAYS = st.lists(st.sampled_from(recurrence.DAYS), min_size=1, max_size=4, unique=True)
_MONTH_DAYS = st.lists(st.integers(-31, 31).filter(bool), min_size=1, max_size=3, unique=True)
_NUMBERED = st.tuples(st.sampled_from([1, 2, 3, 4, 5, -1, -2]), st.sampled_from(recurrence.DAYS)).map(
    lambda one: f"{one[0]}{one[1]}"
)


@st.composite
def rules(draw: st.DrawFn) -> str:
    freq = draw(st.sampled_from(recurrence.FREQUENCIES))
    parts = [f"FREQ={freq}"]
    if draw(st.booleans()):
        months = draw(st.lists(st.integers(1, 12), min_size=1, max_size=3, unique=True))
        parts.append(f"BYMONTH={','.join(map(str, months))}")
    with_month_days = freq != "WEEKLY" and draw(st.booleans())
    if with_month_days:
        parts.append(f"BYMONTHDAY={','.join(map(str, draw(_MONTH_DAYS)))}")
    if freq == "WEEKLY" or not with_month_days:
        numbered = freq in {"MONTHLY", "YEARLY"} and draw(st.booleans())
        days = draw(st.lists(_NUMBERED, min_size=1, max_size=2, unique=True)) if numbered else draw(_DAYS)
        parts.append(f"BYDAY={','.join(days)}")
    if freq in {"MONTHLY", "YEARLY"} and draw(st.booleans()):
        parts.append(f"BYSETPOS={draw(st.sampled_from([1, 2, -1, -2]))}")
    return ";".join(parts)


@settings(max_examples=60, deadline=None)
@given(text=rules(), year=st.integers(1996, 2040))
def test_another_program_names_the_same_days(text: str, year: int) -> None:
    rrule = pytest.importorskip("dateutil.rrule", reason="python-dateutil is not installed here")
    start, end = datetime(year, 1, 1), datetime(year + 1, 12, 31)  # noqa: DTZ001 - days without a place
    theirs = {
        one.date() for one in rrule.rrulestr(f"{text};UNTIL={end:%Y%m%d}", dtstart=start).between(start, end, inc=True)
    }
    rule = recurrence.parse(text)
    ours = {day for n in range((end - start).days + 1) if rule.hits(day := start.date() + n * DAY)}
    assert ours == theirs
