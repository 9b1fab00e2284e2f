"""Values of files: what each converter takes, and by which rule it refuses the rest."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.standards import numbering
from tieline.utility.inventory.importing import converters as c
from tieline.utility.inventory.importing.problems import Bad, shown
from tieline.utility.inventory.importing.transforms import TRANSFORMS
from tieline.utility.inventory.policy.export import cell, csv_row, neutral


def attempt(convert: c.Converter, raw: str) -> object:
    """The value, or what is wrong."""
    try:
        return convert(raw)
    except Bad as bad:
        return bad


def rule(convert: c.Converter, raw: str) -> str:
    with pytest.raises(Bad) as caught:
        convert(raw)
    return caught.value.rule


@pytest.mark.parametrize(
    ("convert", "raw", "value"),
    [
        (c.text(20), "\t=1+1 <b>'", "\t=1+1 <b>'"),
        (c.code(20), "GB 00001/x", "GB 00001/x"),
        (c.number(-90, 90), "-12.5", -12.5),
        (c.integer(0, 100), "12.0", 12),
        (c.choice(["ACTIVE"]), "active", "ACTIVE"),
        (c.choice(["plastic"], {"uicc": "plastic"}), "UICC", "plastic"),
        (c.choices(["2G", "3G"]), "3G, 2G;3G", ["2G", "3G"]),
        (c.codes(8), "B8 B1|B8", ["B8", "B1"]),
        (c.boolean, "Yes", True),
        (c.boolean, "0", False),
        (c.address, "2001:DB8::0001", "2001:db8::1"),
        (c.network, "10.0.0.0/24", "10.0.0.0/24"),
        (c.checked(numbering.check_msisdn), "+44 7700-900123", "447700900123"),
    ],
)
def test_what_is_taken(convert: c.Converter, raw: str, value: object) -> None:
    assert convert(raw) == value


def test_dates() -> None:
    assert c.day("2026-01-31").isoformat() == "2026-01-31"
    assert c.day("2026-01-31 10:00:00").isoformat() == "2026-01-31"
    assert c.day("2026-01-31T10:00:00Z").isoformat() == "2026-01-31"
    assert rule(c.day, "31.01.2026") == "format"
    assert rule(c.day, "2026-01-3199") == "format"


@pytest.mark.parametrize(
    ("convert", "raw", "broken"),
    [
        (c.text(3), "abcd", "length"),
        (c.text(9), "a\x07b", "control_character"),
        (c.text(9), "a\u202eb", "control_character"),
        (c.text(9), "a\ud800", "control_character"),
        (c.text(9), "a\nb", "control_character"),
        (c.code(9), "ä", "format"),
        (c.code(9), "a\tb", "format"),
        (c.number(0, 1), "1.5", "range"),
        (c.number(0, 1), "nan", "format"),
        (c.number(0, 1), "inf", "format"),
        (c.number(0, 1), "1_0", "format"),
        (c.number(0, 1), "0" * 50, "format"),
        (c.integer(0, 9), "1.5", "format"),
        (c.integer(0, 9), "10", "range"),
        (c.choices(["2G"]), "2G 6G", "choice"),
        (c.boolean, "perhaps", "choice"),
        (c.address, "10.300.1.1", "format"),
        (c.address, "fe80::1%eth0", "format"),
        (c.network, "10.0.0.1/24", "format"),
        (c.network, "fe80::%1/64", "format"),
        (c.checked(numbering.check_iccid), "8944O", "format"),
        (c.checked(numbering.check_iccid), "8944100000000000019", "luhn"),
        (c.checked(numbering.check_eid), "8" + "9" * 31, "check_digits"),
    ],
)
def test_what_is_refused(convert: c.Converter, raw: str, broken: str) -> None:
    assert rule(convert, raw) == broken


@given(st.text(min_size=1), st.sampled_from(["text", "code", "number", "integer", "choice", "codes", "day", "address"]))
def test_converters_return_or_say_what_is_wrong(raw: str, which: str) -> None:
    made = {
        "text": c.text(50),
        "code": c.code(50),
        "number": c.number(-1e9, 1e9),
        "integer": c.integer(-9, 9),
        "choice": c.choice(["A"]),
        "codes": c.codes(9),
        "day": c.day,
        "address": c.address,
    }[which]
    value = attempt(made, raw)
    if isinstance(value, Bad):
        assert value.rule
        assert value.message
    assert not isinstance(value, float) or math.isfinite(value)
    assert not isinstance(value, str) or "\0" not in value


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("leading_number", "33/11 kV", "33"),
        ("leading_number", "-0,5", "-0.5"),
        ("integer", "6446.0", "6446"),
        ("digits", "+44 (0)77", "44077"),
        ("collapse", " a \t b ", "a b"),
        ("title", "albion st", "Albion St"),
        ("decimal_comma", "1.234,5", "1234.5"),
    ],
)
def test_transforms(name: str, raw: str, value: str) -> None:
    assert TRANSFORMS[name](raw) == value


@pytest.mark.parametrize("raw", ["8944100000000000018", "-1e18", "1e308", "1e400", "nan", "x"])
def test_rounding_makes_no_other_number_of_a_long_one(raw: str) -> None:
    assert rule(TRANSFORMS["integer"], raw) == "format"


@given(st.text(), st.sampled_from(sorted(TRANSFORMS)))
def test_transforms_return_or_say_what_is_wrong(raw: str, name: str) -> None:
    outcome = attempt(TRANSFORMS[name], raw)
    assert not isinstance(outcome, Bad) or outcome.rule == "format"


def test_shown_values_are_short_and_tame() -> None:
    assert shown("a\x00\x1b[31m") == "a\\x00\\x1b[31m"
    assert len(shown("x" * 500) or "") == 80
    assert shown(None) is None


FORMULA = re.compile("[=+@\t\r\n\uff1d\uff0b\uff0d\uff20-]")


@given(st.text(st.sampled_from("=+-@;,'\t\r\nab1 \uff1d\uff20")))
def test_no_export_holds_a_formula(text: str) -> None:
    out = neutral(text)
    # Wherever another country's spreadsheet would begin a value, none begins as a formula; nothing else was changed.
    assert not any(FORMULA.match(part) for part in re.split("[;\t\r\n]", out))
    assert out.replace("'", "") == text.replace("'", "")


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("St. Mary's; Albion - East", "St. Mary's; Albion - East"),
        ("a=b", "a=b"),
        ("=1", "'=1"),
        ("\uff1dcmd", "'\uff1dcmd"),
        ("x;=1", "x;'=1"),
        ("a\n@b", "a\n'@b"),
    ],
)
def test_only_formulas_are_defused(text: str, out: str) -> None:
    assert neutral(text) == out


def test_cells_of_exports() -> None:
    assert csv_row([-1.5, "-1.5", True, None, ["B1", "B8"], {"a": 1}]) == [
        -1.5,
        "'-1.5",
        "true",
        None,
        "B1 B8",
        '{"a":1}',
    ]
    assert cell(c.day("2026-01-31")) == "2026-01-31"
