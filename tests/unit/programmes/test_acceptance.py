"""The acceptance test: passes only when all was seen, fails at once where waiting does not help, else in time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.utility.programmes.policy.acceptance import Seen, Want, judge

ASKED = datetime(2026, 9, 1, 10, tzinfo=UTC)
WANT = Want("4G", "grid.example", "10.1.2.3", "351234567890123", application=True, since=ASKED, seconds=180)
GOOD = Seen(
    cut_over=True,
    attached=True,
    rat="EUTRA",
    band="B20",
    apn="grid.example",
    address="10.1.2.3",
    imei="351234567890123",
    observed_at=ASKED,
    answered=True,
    answered_at=ASKED + timedelta(seconds=5),
)
SOON = ASKED + timedelta(seconds=30)
LATE = ASKED + timedelta(seconds=180)

FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "not cut over yet": ({"cut_over": None}, "Cut-over"),
    "not attached": ({"attached": False}, "Network"),
    "never seen": ({"attached": None, "rat": None, "imei": None}, "Network"),
    "on 3G still": ({"rat": "UTRA"}, "Technology"),
    "another APN": ({"apn": "internet"}, "APN"),
    "another address": ({"address": "10.9.9.9"}, "Address"),
    "another router": ({"imei": "359999999999999"}, "Router"),
    "no answer": ({"answered": False}, "Application"),
    "an answer of before the test": ({"answered_at": ASKED - timedelta(seconds=1)}, "Application"),
}


def test_everything_seen_passes() -> None:
    found = judge(GOOD, WANT, SOON)
    assert found.passed is True
    assert [check.name for check in found.checks] == [
        "Cut-over",
        "Network",
        "Technology",
        "APN",
        "Address",
        "Router",
        "Application",
    ]


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_keeps_it_waiting_and_fails_it_in_time(fault: str) -> None:
    change, name = FAULTS[fault]
    seen = replace(GOOD, **change)
    assert judge(seen, WANT, SOON).passed is None
    late = judge(seen, WANT, LATE)
    assert late.passed is False
    assert late.said.startswith(f"Not within 180 seconds: {name}: ")


def test_a_cut_over_that_failed_fails_it_at_once() -> None:
    found = judge(replace(GOOD, cut_over=False, cut_over_why="The operator refused."), WANT, SOON)
    assert found.passed is False
    assert "The operator refused." in found.said


def test_the_application_is_asked_only_when_all_else_is_right() -> None:
    assert judge(replace(GOOD, answered=None, answered_at=None), WANT, SOON).ask
    assert not judge(replace(GOOD, answered=None, answered_at=None, apn="internet"), WANT, SOON).ask
    assert not judge(GOOD, WANT, SOON).ask


def test_what_a_programme_does_not_ask_for_is_not_checked() -> None:
    plain = replace(WANT, application=False, address=None, imei=None)
    found = judge(replace(GOOD, answered=None, address=None, imei=None), plain, SOON)
    assert found.passed is True
    assert [check.name for check in found.checks] == ["Cut-over", "Network", "Technology", "APN"]


SEEN = st.builds(
    Seen,
    cut_over=st.sampled_from([None, True, False]),
    cut_over_why=st.just("refused"),
    attached=st.sampled_from([None, True, False]),
    rat=st.sampled_from([None, "GERAN", "UTRA", "EUTRA", "NR"]),
    apn=st.sampled_from([None, "grid.example", "internet"]),
    address=st.sampled_from([None, "10.1.2.3", "10.9.9.9"]),
    imei=st.sampled_from([None, "351234567890123", "359999999999999"]),
    answered=st.sampled_from([None, True, False]),
    answered_at=st.sampled_from([None, ASKED, ASKED - timedelta(hours=1)]),
)


@given(SEEN, st.integers(0, 400))
def test_it_passes_exactly_when_everything_is_as_wanted(seen: Seen, seconds: int) -> None:
    right = (
        seen.cut_over is True
        and seen.attached is True
        and seen.rat in {"EUTRA", "NR"}
        and (seen.apn, seen.address, seen.imei) == ("grid.example", "10.1.2.3", "351234567890123")
        and seen.answered is True
        and seen.answered_at == ASKED
    )
    found = judge(seen, WANT, ASKED + timedelta(seconds=seconds))
    assert (found.passed is True) == right
    if not right:
        assert (found.passed is False) == (seen.cut_over is False or seconds >= 180)
