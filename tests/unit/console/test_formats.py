from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.console.components import formats
from tieline.console.components.values import IdentKind

NOW = datetime(2025, 11, 21, 8, 31, 4, tzinfo=UTC)
T = "\u202f"


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0, 0, "0"),
        (1234567, 0, "1,234,567"),
        (-1234.5, 1, "\u22121,234.5"),
        (-0.04, 1, "0.0"),
        (999.96, 1, "1,000.0"),
        (None, 0, "\u2013"),
        (float("nan"), 0, "\u2013"),
    ],
)
def test_number(value: float | None, decimals: int, text: str) -> None:
    assert formats.number(value, decimals) == text


@given(st.integers(-(10**15), 10**15))
def test_a_written_number_reads_back(value: int) -> None:
    assert int(formats.number(value).replace(",", "").replace("\u2212", "-")) == value


@pytest.mark.parametrize(
    ("share", "text"),
    [(1.0, f"100.0{T}%"), (0.9999, f"99.9{T}%"), (0.00001, f"<{T}0.1{T}%"), (0, f"0.0{T}%"), (None, "\u2013")],
)
def test_percent_is_whole_only_when_it_is(share: float | None, text: str) -> None:
    assert formats.percent(share) == text


@given(st.floats(0, 1))
def test_percent_never_says_all_or_none_of_a_part(share: float) -> None:
    text = formats.percent(share)
    assert (text == f"100.0{T}%") == (share == 1)
    assert (text == f"0.0{T}%") == (share == 0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, f"0{T}s"), (59.4, f"59{T}s"), (59.6, f"1{T}min"), (720, f"12{T}min"), (3570, f"1{T}h"),
        (4020, f"1{T}h 07{T}min"), (86_399, f"1{T}d"), (273_600, f"3{T}d 4{T}h"), (None, "\u2013"),
    ],
)  # fmt: skip
def test_duration(seconds: float | None, text: str) -> None:
    assert formats.duration(seconds) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (720, 900, f"12\u201315{T}min"), (900, 720, f"12\u201315{T}min"), (100, 110, f"about 2{T}min"),
        (50, 900, f"50{T}s \u2013 15{T}min"), (3500, 4020, f"58{T}min \u2013 1{T}h 07{T}min"),
        (None, 5, "not known yet"),
    ],
)  # fmt: skip
def test_duration_range(low: float | None, high: float, text: str) -> None:
    assert formats.duration_range(low, high) == text


@pytest.mark.parametrize(
    ("before", "text"),
    [
        (timedelta(seconds=3), "just now"),
        (timedelta(seconds=42), f"42{T}s ago"),
        (timedelta(minutes=2), f"2{T}min ago"),
        (timedelta(minutes=119), f"1{T}h ago"),
        (timedelta(hours=47), f"47{T}h ago"),
        (timedelta(days=3), f"3{T}d ago"),
        (timedelta(days=90), f"3{T}months ago"),
        (timedelta(days=800), f"2{T}years ago"),
        (timedelta(hours=-3), f"in 3{T}h"),
    ],
)  # fmt: skip
def test_age(before: timedelta, text: str) -> None:
    assert formats.age(NOW - before, NOW) == text


def test_times_are_local_with_utc_behind() -> None:
    summer = datetime(2025, 7, 1, 22, 30, tzinfo=UTC)
    berlin = ZoneInfo("Europe/Berlin")
    assert formats.local_time(summer, berlin) == "2 Jul 2025, 00:30"
    assert formats.local_time(NOW, berlin, seconds=True) == "21 Nov 2025, 09:31:04"
    assert formats.utc_time(summer.astimezone(berlin)) == "2025-07-01 22:30:00 UTC"
    assert formats.iso(summer.astimezone(berlin)) == "2025-07-01T22:30:00Z"


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        formats.utc_time(datetime(2025, 1, 1))  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize(
    ("kind", "value", "groups"),
    [
        (IdentKind.ICCID, "8944110000001234567", ("8944", "1100", "0000", "1234", "567")),
        (IdentKind.IMSI, "234100000000012", ("234", "10", "0000000012")),
        (IdentKind.IMSI, "310260000000012", ("310", "260", "000000012")),
        (IdentKind.IMEI, "352099001761481", ("35", "209900", "176148", "1")),
        (IdentKind.MSISDN, "447700900123", ("+44", "7700", "900123")),
        (IdentKind.HASH, "9f2c4e17a0b35d66", ("9f2c", "4e17", "a0b3")),
        (IdentKind.IMSI, "not-an-imsi", ("not-an-imsi",)),
        (IdentKind.PLAIN, "NE-114", ("NE-114",)),
    ],
)
def test_identifiers_in_groups(kind: IdentKind, value: str, groups: tuple[str, ...]) -> None:
    assert formats.groups(value, kind) == groups


@given(st.text("0123456789", min_size=1, max_size=40), st.sampled_from(IdentKind))
def test_grouping_loses_no_digit(value: str, kind: IdentKind) -> None:
    if kind not in {IdentKind.HASH, IdentKind.MSISDN}:
        assert "".join(formats.groups(value, kind)) == value


def test_an_identifier_is_escaped() -> None:
    assert formats.ident("<script>", "plain") == '<span class="g">&lt;script&gt;</span>'


@pytest.mark.parametrize(
    ("octets", "text"), [(0, f"0{T}B"), (999, f"999{T}B"), (1500, f"1.5{T}kB"), (2e8, f"200{T}MB")]
)
def test_data_size(octets: float, text: str) -> None:
    assert formats.data_size(octets) == text


def test_plural() -> None:
    assert formats.plural(1, "site") == "1 site"
    assert formats.plural(20_000, "entry", "entries") == "20,000 entries"
