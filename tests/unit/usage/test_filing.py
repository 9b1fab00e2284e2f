"""Amounts and columns of files."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.utility.inventory import Bad
from tieline.utility.usage import filing
from tieline.utility.usage.model import Charge

MONEY = filing.amount(2, Decimal(10**12))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1234.56", "1234.56"),
        ("1 234.56", "1234.56"),
        ("1'234.56", "1234.56"),
        ("1\u202f234,56", "1234.56"),
        ("1234,5", "1234.50"),
        ("-0.10", "-0.10"),
        ("7", "7.00"),
    ],
)
def test_amounts_as_operators_write_them(text: str, value: str) -> None:
    assert MONEY(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "nan", "inf", "1e5000", "1,234,567", "1.234,56", "0.105", "9" * 50, "1_0"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(Bad):
        MONEY(text)


@given(st.decimals(-(10**11), 10**11, places=2))
def test_amounts_are_read_as_they_stand(value: Decimal) -> None:
    assert MONEY(f"{value:f}") == value


def test_words_of_charges() -> None:
    words = ("Fee", "MRC", "Excess", "Pool overage", "Handling")
    assert [filing.charge(word) for word in words] == [
        Charge.FEE,
        Charge.FEE,
        Charge.OVERAGE,
        Charge.POOL,
        Charge.OTHER,
    ]


def test_days_are_those_of_our_time() -> None:
    assert filing.day("2026-10-31T12:00:00").isoformat() == "2026-10-31"
    for text in ("1812-01-01", "31.10.2026", "2300-01-01"):
        with pytest.raises(Bad):
            filing.day(text)
