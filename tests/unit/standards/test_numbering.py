"""Numbers of the mobile world against published examples and the arithmetic of their check digits."""

import csv
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.standards import numbering as n

digit_strings = st.text("0123456789", min_size=1, max_size=25)

# ISO/IEC 7812-1: 7992739871 takes 3. ICCIDs and EIDs: GSMA test values (SGP.23, SGP.29). IMEI: TS 23.003 example.
LUHN_EXAMPLES = ["79927398713", "490154203237518", "8988211320300000028", "89000123456789012341"]
EIDS = ["89882119900000000000000000001654", "89049032123451234512345678901235"]


@pytest.mark.parametrize("digits", LUHN_EXAMPLES)
def test_luhn_examples(digits: str) -> None:
    assert n.luhn_ok(digits)
    assert n.luhn_digit(digits[:-1]) == digits[-1]


@given(digit_strings)
def test_the_check_digit_is_the_one_that_fits(digits: str) -> None:
    fitting = [digit for digit in "0123456789" if n.luhn_ok(digits + digit)]
    assert fitting == [n.luhn_digit(digits)]


@given(digit_strings, st.data())
def test_luhn_finds_every_wrong_digit(digits: str, data: st.DataObject) -> None:
    good = digits + n.luhn_digit(digits)
    place = data.draw(st.integers(0, len(good) - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != good[place]]))
    assert not n.luhn_ok(good[:place] + other + good[place + 1 :])


@pytest.mark.parametrize("eid", EIDS)
def test_eid_examples(eid: str) -> None:
    assert n.check_eid(eid) == n.Checked(eid)
    assert n.eid_digits(eid[:-2]) == eid[-2:]


@given(st.text("0123456789", min_size=28, max_size=28))
def test_eid_digits_make_the_remainder_one(digits: str) -> None:
    assert n.check_eid("89" + digits + n.eid_digits("89" + digits)).ok


@pytest.mark.parametrize(
    ("check", "text", "value"),
    [
        (n.check_iccid, "8988 2113 2030 0000 028", "8988211320300000028"),
        (n.check_iccid, "8988211320300000028F", "8988211320300000028"),
        (n.check_iccid, "89000123456789012341", "89000123456789012341"),
        (n.check_imei, "49-015420-323751-8", "490154203237518"),
        (n.check_msisdn, "+44 7700 900123", "447700900123"),
        (n.check_msisdn, "447700900123", "447700900123"),
        (n.check_imsi, "234101234567890", "234101234567890"),
    ],
)
def test_good_numbers(check: object, text: str, value: str) -> None:
    assert callable(check)
    assert check(text) == n.Checked(value)


@pytest.mark.parametrize(
    ("check", "text", "rule"),
    [
        (n.check_iccid, "", "digits"),
        (n.check_iccid, "89882113203000000٢8", "digits"),
        (n.check_iccid, "898821132030000002", "length"),
        (n.check_iccid, "9988211320300000028", "prefix"),
        (n.check_iccid, "8988211320300000029", "luhn"),
        (n.check_imei, "490154203237519", "luhn"),
        (n.check_imei, "49015420323751", "length"),
        (n.check_eid, EIDS[0][:-1] + "5", "mod97"),
        (n.check_eid, EIDS[0][:-1], "length"),
        (n.check_eid, "1" + EIDS[0][1:], "prefix"),
        (n.check_msisdn, "00447700900123", "country"),
        (n.check_msisdn, "+4477009001234567", "length"),
        (n.check_msisdn, "unknown", "digits"),
        (n.check_imsi, "2341012345678901", "length"),
    ],
)
def test_bad_numbers_name_the_rule(check: object, text: str, rule: str) -> None:
    assert callable(check)
    found = check(text)
    assert found.rule == rule
    assert found.message
    assert not found.ok


NETWORKS = {"234": frozenset({"10", "15"}), "310": frozenset({"410", "26"}), "405": frozenset({"01", "025"})}


@pytest.mark.parametrize(
    ("imsi", "parts"),
    [
        ("234101234567890", n.Imsi("234", "10", "1234567890")),
        ("310410123456789", n.Imsi("310", "410", "123456789")),
        ("310260123456789", n.Imsi("310", "26", "0123456789")),
        ("405025123456789", n.Imsi("405", "025", "123456789")),
        ("405012512345678", n.Imsi("405", "01", "2512345678")),
        ("234991234567890", None),
        ("999991234567890", None),
    ],
)
def test_an_imsi_is_split_by_the_codes_in_use(imsi: str, parts: n.Imsi | None) -> None:
    assert n.split_imsi(imsi, NETWORKS) == parts


def test_an_imsi_against_networks_and_operator() -> None:
    assert n.check_imsi("999991234567890", NETWORKS).rule == "mcc"
    assert n.check_imsi("234991234567890", NETWORKS).rule == "mnc"
    assert n.check_imsi("234151234567890", NETWORKS, "23410").rule == "operator"
    assert n.check_imsi("234101234567890", NETWORKS, "23410").ok
    assert n.Imsi("234", "10", "1").plmn == "23410"


def test_cell_identities() -> None:
    assert n.eci(0x12345, 0x67) == 0x1234567
    assert n.ecgi_text("234", "10", n.eci(0x12345, 0x67)) == "234-10-1234567"
    assert n.ncgi_text("001", "01", n.nci(1, 24, 1)) == "001-01-000001001"
    assert n.nci_text(0xA001) == "00000A001", "the example of TS 28.623"
    assert n.cgi_text("234", "10", 21400, 10002) == "234-10-5398-2712"
    for wrong in (lambda: n.eci(1 << 20, 0), lambda: n.nci(0, 21, 0), lambda: n.cgi_text("1", "2", -1, 0)):
        with pytest.raises(ValueError, match="bits"):
            wrong()


@given(st.integers(22, 32), st.data())
def test_nci_keeps_both_parts(bits: int, data: st.DataObject) -> None:
    gnb = data.draw(st.integers(0, (1 << bits) - 1))
    cell = data.draw(st.integers(0, (1 << (36 - bits)) - 1))
    identity = n.nci(gnb, bits, cell)
    assert (identity >> (36 - bits), identity & ((1 << (36 - bits)) - 1)) == (gnb, cell)


@pytest.fixture
def numbering_data() -> Path:
    folder = Path(os.environ.get("TIELINE_DATA", "")) / "numbering"
    if "TIELINE_DATA" not in os.environ or not folder.is_dir():
        pytest.skip("the public numbering tables are not at hand: set TIELINE_DATA to their folder")
    return folder


def test_every_assigned_network_is_found_again(numbering_data: Path) -> None:
    rows = json.loads((numbering_data / "mobile_codes_mnc_operators.json").read_text(encoding="utf-8"))
    networks: dict[str, frozenset[str]] = {}
    for mcc, mnc, *_ in rows:
        if not mnc.isdigit():  # the public list has ranges and gaps
            continue
        networks[mcc] = networks.get(mcc, frozenset()) | {mnc}
    misread = set()
    for mcc, codes in networks.items():
        for mnc in codes:
            found = n.split_imsi(f"{mcc}{mnc}".ljust(15, "0"), networks)
            assert found is not None
            assert found.mnc.startswith(mnc), "at worst a longer code that is assigned too"
            if found.mnc != mnc:
                misread.add(mcc)
    assert misread <= {"310", "350", "405", "714"}, "countries with codes of both lengths that overlap"


def test_type_allocation_codes_of_real_devices(numbering_data: Path) -> None:
    with (numbering_data / "tac_sample_osmocom.csv").open(encoding="utf-8") as file:
        codes = [row[0] for row in csv.reader(line for line in file if not line.startswith("#"))][1:]
    for code in codes:
        body = f"{code}123456"
        assert n.check_imei(body + n.luhn_digit(body)).ok
