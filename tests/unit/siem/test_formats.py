"""CEF and syslog as the standards have them: vectors by hand, and whatever is put in comes out for a reader."""

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.platform.siem.cef import in_extension, in_header
from tieline.platform.siem.cef import message as cef
from tieline.platform.siem.model import Event, Form
from tieline.platform.siem.syslog import Style, framed, in_element, message, timestamp
from tieline.platform.siem.words import severity

AT = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
EVENT = Event("audit", 7, AT, "user:fred", "change.approved", "change:12", {"n": 1}, "r-1", "ab" * 32)
TEXT = st.text(st.characters(codec="utf-8"), max_size=60)
PLAIN = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=60)
EVENTS = st.builds(
    Event,
    source=st.just("audit"),
    number=st.integers(1, 10**9),
    at=st.datetimes(timezones=st.just(UTC), min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1)),  # noqa: DTZ001 - hypothesis adds the zone
    actor=TEXT,
    action=TEXT,
    subject=TEXT,
    detail=st.dictionaries(PLAIN, TEXT | st.integers() | st.none(), max_size=4),
    request_id=TEXT,
    hash=st.just("cd" * 32),
)


def test_the_standards_own_examples_of_escaping() -> None:
    """The examples of the implementation standard, section "Character encoding"."""
    assert in_header("detected a | in message") == r"detected a \| in message"
    assert in_header("detected a \\ in packet") == r"detected a \\ in packet"
    assert in_header("detected a = in message") == "detected a = in message"
    assert in_extension("blocked a \\") == r"blocked a \\"
    assert in_extension("blocked a | dst=1.1.1.1") == r"blocked a | dst\=1.1.1.1"
    assert in_extension("Detected a threat.\nNo action needed.") == r"Detected a threat.\nNo action needed."
    assert in_header("two\r\nlines\0") == "two lines\ufffd"


def test_a_message_is_what_one_writes_by_hand() -> None:
    assert cef(EVENT, "1.0") == (
        "CEF:0|Tieline|Tieline|1.0|change.approved|change approved: change:12 by fred|3|"
        "rt=1772366400250 externalId=7 cat=audit/change act=change.approved suser=fred suid=user:fred "
        "msg=change approved: change:12 by fred cs1Label=subject cs1=change:12 cs2Label=requestId cs2=r-1 "
        f'cs3Label=entryHash cs3={"ab" * 32} cs4Label=detail cs4={{"n":1}} cs5Label=trail cs5=audit'
    )


def test_a_syslog_message_is_what_one_writes_by_hand() -> None:
    style = Style(Form.STRUCTURED, "host.example")
    assert message(EVENT, style).decode() == (
        "<109>1 2026-03-01T12:00:00.250000Z host.example tieline - change.approved "
        '[entry@32473 source="audit" number="7" at="2026-03-01T12:00:00.250000Z" actor="user:fred" person="fred" '
        'action="change.approved" subject="change:12" detail="{\\"n\\":1}" request_id="r-1" '
        f'hash="{"ab" * 32}"] \ufeffchange approved: change:12 by fred'
    )
    warned = Event("audit", 1, AT, "user:fred", "session.refused", "", {})
    assert message(warned, Style(Form.JSON, "h")).startswith(b"<108>1 ")


def test_times_are_told_in_utc() -> None:
    assert timestamp(AT.astimezone(timezone(timedelta(hours=2)))) == "2026-03-01T12:00:00.250000Z"


def test_frames() -> None:
    assert framed("é".encode(), "octets") == b"2 \xc3\xa9"
    assert framed(b"x", "newline") == b"x\n"


def read_cef(text: str) -> tuple[list[str], dict[str, str]]:
    """A reader of its own, by the standard's words."""
    fields: list[str] = []
    at, current = 0, ""
    while len(fields) < 7:
        sign = text[at]
        if sign == "\\":
            at += 1
            current += text[at]
        elif sign == "|":
            fields.append(current)
            current = ""
        else:
            current += sign
        at += 1
    return fields, {found[1]: _plain(found[2]) for found in PAIR.finditer(text[at:])}


PAIR = re.compile(r"(?:^| )([A-Za-z][A-Za-z0-9]*)=((?:[^=\\]|\\.)*?)(?= [A-Za-z][A-Za-z0-9]*=|$)")
"""An equals sign within a value is escaped, so a word before a bare one is a key."""


def _plain(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "r": "\r"}.get(found[1], found[1]), value)


@given(EVENTS)
def test_a_reader_gets_back_what_was_written_in_cef(event: Event) -> None:
    written = cef(event, "1.0")
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", written)
    fields, values = read_cef(written)
    assert fields[:4] == ["CEF:0", "Tieline", "Tieline", "1.0"]
    assert 0 <= int(fields[6]) <= 10
    assert values["externalId"] == str(event.number)
    assert values["cs3"] == event.hash
    expected = in_clear(event.subject)
    if expected and expected == expected.strip():
        assert values["cs1"] == expected


def in_clear(text: str) -> str:
    """A value without what has no place in a message; breaks of lines stay, since they are written as escapes."""
    return re.sub(r"(?![\n\r])[\x00-\x1f\x7f-\x9f\u2028\u2029]", "\ufffd", text)


HEADER = re.compile(rb"<(\d{1,3})>1 (\S+) ([\x21-\x7e]{1,255}) ([\x21-\x7e]{1,48}) - ([\x21-\x7e]{1,32}) ")


@given(EVENTS, st.sampled_from(Form), TEXT)
def test_every_syslog_message_has_the_grammar_of_the_standard(event: Event, form: Form, host: str) -> None:
    written = message(event, Style(form, host))
    head = HEADER.match(written)
    assert head, written
    assert 104 <= int(head[1]) <= 111
    written.decode()
    assert b"\n" not in written
    rest = written[head.end() :]
    if form is Form.JSON:
        assert rest.startswith(b"- {")
        told: dict[str, Any] = json.loads(rest[2:])
        assert (told["number"], told["subject"], told["detail"]) == (event.number, event.subject, dict(event.detail))
    elif form is Form.CEF:
        assert rest.startswith(b"- CEF:0|")
    else:
        assert rest.startswith(b'[entry@32473 source="audit"')
        values = dict(re.findall(r' ([a-z_]+)="((?:[^"\\\]]|\\["\\\]])*)"', rest.decode()))
        got = re.sub(r'\\(["\\\]])', r"\1", values.get("subject", ""))
        assert got == re.sub(r"[\n\r]", "\ufffd", in_clear(event.subject))


@given(PLAIN)
def test_structured_values_escape_three_signs_and_no_other(text: str) -> None:
    escaped = in_element(text)
    assert len(escaped) == len(text) + sum(text.count(sign) for sign in '"\\]')
    assert re.sub(r'\\(["\\\]])', r"\1", escaped) == text


@given(st.integers(480, 3000), st.integers(0, 9000), st.sampled_from(Form))
def test_no_message_is_longer_than_it_may_be(longest: int, size: int, form: Form) -> None:
    event = Event("audit", 7, AT, "user:fred", "import.done", "é" * (size // 3), {"text": "é" * size})
    written = message(event, Style(form, "host", longest=longest))
    assert len(written) <= longest
    written.decode()
    if size < 20:
        assert "é".encode() * size in written


@pytest.mark.parametrize(("action", "grade"), [("session.refused", 6), ("change.approved", 3), ("user.changed", 5)])
def test_what_touches_rights_and_keys_matters_more(action: str, grade: int) -> None:
    assert severity(action) == grade
