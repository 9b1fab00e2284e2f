"""iCalendar: lines, folding, text, as RFC 5545 has them."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from tieline.utility.changes.policy.ical import Event, calendar, fold

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def test_an_event_as_the_standard_writes_it() -> None:
    event = Event(
        "change-7@tieline",
        "4G at every site; first, the \\ north",
        datetime(2026, 12, 1, 22, 0, tzinfo=timezone(timedelta(hours=1))),
        datetime(2026, 12, 2, 5, 0, tzinfo=timezone(timedelta(hours=1))),
        "Operator A\nOperator B",
        "https://tieline.example/changes/7",
        ("Change", "Approved"),
    )
    text = calendar([event], name="Changes", now=NOW)
    assert text.split("\r\n") == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Tieline//Changes//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "X-WR-CALNAME:Changes",
        "REFRESH-INTERVAL;VALUE=DURATION:PT15M",
        "BEGIN:VEVENT",
        "UID:change-7@tieline",
        "DTSTAMP:20261127T120000Z",
        "DTSTART:20261201T210000Z",
        "DTEND:20261202T040000Z",
        r"SUMMARY:4G at every site\; first\, the \\ north",
        r"DESCRIPTION:Operator A\nOperator B",
        "URL:https://tieline.example/changes/7",
        "CATEGORIES:Change,Approved",
        "STATUS:CONFIRMED",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]


def test_an_event_without_an_end_has_none() -> None:
    assert "DTEND" not in calendar([Event("x", "y", NOW)], name="n", now=NOW)


@given(line=st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_folded_lines_are_short_and_unfold_to_what_they_were(line: str) -> None:
    folded = list(fold(line))
    assert all(len(piece.encode()) <= 75 for piece in folded)
    assert "\r\n".join(folded).replace("\r\n ", "") == line


@given(summary=st.text(max_size=300))
def test_no_text_breaks_out_of_its_line(summary: str) -> None:
    text = calendar([Event("x", summary, NOW)], name="n", now=NOW)
    unfolded = text.replace("\r\n ", "").split("\r\n")
    assert [line.partition(":")[0].partition(";")[0] for line in unfolded[7:-2]] == [
        "BEGIN", "UID", "DTSTAMP", "DTSTART", "SUMMARY", "STATUS", "TRANSP", "END",
    ]  # fmt: skip
