"""Going on, advancing, pausing."""

import pytest

from tieline.platform.errors import Invalid
from tieline.utility.changes.model import Thresholds, WaveTally
from tieline.utility.changes.policy.thresholds import Decision, check, judge


def tally(total: int, verified: int, failed: int, opened: int = 0, cancelled: int = 0) -> WaveTally:
    return WaveTally(total, verified, failed, opened, total - verified - failed - opened - cancelled, cancelled)


@pytest.mark.parametrize(
    ("counts", "decision"),
    [
        (tally(100, 0, 0), Decision.GO_ON),
        (tally(100, 50, 10, 40), Decision.GO_ON),
        (tally(100, 50, 11, 39), Decision.PAUSE),
        (tally(100, 97, 3), Decision.ADVANCE),
        (tally(100, 90, 10), Decision.ADVANCE),
        (tally(0, 0, 0), Decision.ADVANCE),
        (tally(10, 8, 2), Decision.PAUSE),
    ],
)
def test_decisions(counts: WaveTally, decision: Decision) -> None:
    assert judge(counts, Thresholds()).decision is decision


def test_too_little_success_pauses_even_without_many_errors() -> None:
    verdict = judge(tally(10, 8, 2), Thresholds(success=0.9, error=0.5))
    assert verdict.decision is Decision.PAUSE
    assert verdict.why == "Only 8 of 10 items were verified, less than the 90% needed."


def test_what_a_person_has_seen_does_not_pause_again() -> None:
    counts = tally(10, 8, 2)
    assert judge(counts, Thresholds(), forgiven=2).decision is Decision.ADVANCE
    assert judge(tally(10, 4, 4), Thresholds(), forgiven=2).decision is Decision.PAUSE


def test_shares_are_shares() -> None:
    with pytest.raises(Invalid):
        check(Thresholds(success=1.5))
    check(Thresholds(success=0, error=1))


@pytest.mark.parametrize("hundredths", range(1, 100))
def test_a_share_is_exact(hundredths: int) -> None:
    """0.07 of 100 is 7; as a product of floats it is a hair more, and 0.29 of 100 a hair less."""
    share = hundredths / 100
    just = WaveTally(100, verified=hundredths, failed=100 - hundredths, open=0, waiting=0)
    assert judge(just, Thresholds(success=share, error=1.0)).decision is Decision.ADVANCE
    failed = WaveTally(100, verified=100 - hundredths, failed=hundredths, open=0, waiting=0)
    assert judge(failed, Thresholds(success=0.0, error=share)).decision is Decision.ADVANCE
