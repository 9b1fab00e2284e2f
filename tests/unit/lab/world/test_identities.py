"""Numbers of the simulated world, checked by computations of their own and against published examples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.lab.world import Operator
from tieline.lab.world.identities import MOST, Identities, eid, imei, with_luhn
from tieline.platform.errors import Invalid

OPERATOR = Operator("A", "Operator A", "234", "15")


def luhn_ok(digits: str) -> bool:
    """Luhn by table, from the right: doubled digits 0 2 4 6 8 1 3 5 7 9."""
    table = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
    total = sum(table[int(d)] if i % 2 else int(d) for i, d in enumerate(reversed(digits)))
    return total % 10 == 0


@pytest.mark.parametrize("number", ["490154203237518", "79927398713", "356938035643809"])
def test_published_numbers_get_their_own_check_digit(number: str) -> None:
    assert with_luhn(number[:-1]) == number


@given(st.text("0123456789", min_size=1, max_size=30))
def test_every_number_with_its_check_digit_is_right(digits: str) -> None:
    assert luhn_ok(with_luhn(digits))


@given(st.integers(0, 1), st.integers(1, 499_999))
def test_eids_have_32_digits_and_leave_one_modulo_97(index: int, serial: int) -> None:
    made = eid(index, serial)
    assert len(made) == 32
    assert made.startswith("89")
    assert int(made) % 97 == 1


def test_an_imei_is_its_tac_serial_and_check_digit() -> None:
    made = imei("00101021", 1)
    assert len(made) == 15
    assert made.startswith("00101021000001")
    assert luhn_ok(made)


def test_numbers_are_in_the_operators_form_and_never_repeat() -> None:
    identities = Identities(OPERATOR, 0)
    made = [identities.following(euicc=i % 10 == 0) for i in range(2_000)]
    for field in ("ref", "iccid", "imsi", "msisdn"):
        assert len({getattr(numbers, field) for numbers in made}) == 2_000
    assert all(numbers.imsi.startswith("23415") and len(numbers.imsi) == 15 for numbers in made)
    assert all(luhn_ok(numbers.iccid) and len(numbers.iccid) == 19 for numbers in made)
    assert all(numbers.msisdn.startswith("447700900") and len(numbers.msisdn) == 15 for numbers in made)
    assert sum(bool(numbers.eid) for numbers in made) == 200


def test_the_second_operators_iccids_have_twenty_digits() -> None:
    numbers = Identities(Operator("B", "Operator B", "234", "10"), 1).following()
    assert len(numbers.iccid) == 20
    assert luhn_ok(numbers.iccid)


def test_numbers_run_out_with_an_error_that_says_so() -> None:
    identities = Identities(OPERATOR, 0)
    identities._serial = MOST // 2 - 1
    with pytest.raises(Invalid, match="no more numbers"):
        identities.following()
