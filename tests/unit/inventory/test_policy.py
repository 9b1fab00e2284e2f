"""Address arithmetic, words to search by, merged reports."""

import ipaddress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.utility.inventory.model import OperatorReport
from tieline.utility.inventory.policy.addresses import usable
from tieline.utility.inventory.policy.masts import derived_mast_key
from tieline.utility.inventory.policy.reports import merged
from tieline.utility.inventory.policy.text import fold, prefix_query

T0 = datetime(2026, 1, 1, tzinfo=UTC)


@given(st.integers(0, 2**32 - 1), st.integers(20, 32))
def test_usable_addresses_of_ipv4_are_the_hosts_that_python_names(number: int, prefix: int) -> None:
    network = ipaddress.ip_network((number, prefix), strict=False)
    room = usable(str(network))
    hosts = list(network.hosts())
    assert room.count == len(hosts)
    assert (room.address(room.first), room.address(room.last)) == (str(hosts[0]), str(hosts[-1]))


@given(st.integers(0, 2**128 - 1), st.integers(0, 128))
def test_usable_addresses_of_ipv6_stay_in_the_pool(number: int, prefix: int) -> None:
    network = ipaddress.IPv6Network((number, prefix), strict=False)
    room = usable(str(network))
    first, last = (ipaddress.IPv6Address(room.address(offset)) for offset in (room.first, room.last))
    assert first in network
    assert last in network
    assert room.count >= 1
    assert (first == network.network_address) == (prefix >= 127)


def test_words_are_folded() -> None:
    assert fold("Überlandwerk St. Mary's 33/11kV") == "uberlandwerk st mary s 33 11kv"
    assert fold("  <script>_(\t") == "script"


@pytest.mark.parametrize("character", ["\u3316", "\ufdfa", "\U0001d7d8", "x"])
def test_folded_text_fits_into_an_index(character: str) -> None:
    folded = fold(character * 5000)
    assert 1900 < len(folded.encode()) <= 2000
    assert fold(character * 10) == fold(character * 5000)[: len(fold(character * 10))]


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_a_prefix_query_has_no_syntax_of_its_own(text: str) -> None:
    words = fold(text).split()
    assert prefix_query(text) == " & ".join(f"'{word}':*" for word in words)
    assert all(word.isalnum() for word in words)


def test_cells_at_one_position_share_a_mast() -> None:
    assert derived_mast_key(51.69202, -2.46056) == derived_mast_key(51.69199, -2.46064) == "@51.6920,-2.4606"
    assert derived_mast_key(-0.00001, 0.0) == "@0.0000,0.0000"


def test_reports_of_one_subscription_become_one() -> None:
    later = T0 + timedelta(seconds=1)
    one = OperatorReport(
        operator_ref="1", reported_at=T0, operational={"apn": "a", "state": "ACTIVE"}, rat="UTRA", cell_at=later
    )
    two = OperatorReport(operator_ref="1", reported_at=later, operational={"apn": "b"}, rat="NR", cell_at=T0)
    other = OperatorReport(operator_ref="2", reported_at=T0)
    result = {report.operator_ref: report for report in merged([two, other, one])}
    assert set(result) == {"1", "2"}
    assert result["1"].operational == {"apn": "b", "state": "ACTIVE"}
    assert (result["1"].reported_at, result["1"].rat, result["1"].cell_at) == (later, "UTRA", later)
