"""A phase beside its time: behind it from the first whole site on that is missing."""

from datetime import UTC, datetime, timedelta

import pytest

from tieline.utility.console.pages.programmes.control import phase_state
from tieline.utility.programmes import Part

_DUE = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("done", "passed", "word"),
    [
        (0, 0.0, "In time"),
        (0, 0.01, "In time"),  # a programme that is minutes old
        (0, 1.99, "In time"),  # not a whole one of fifty
        (0, 2.0, "Behind its time"),
        (24, 50.0, "Behind its time"),
        (25, 50.0, "In time"),
        (25, 51.9, "In time"),
        (25, 52.0, "Behind its time"),
        (50, 99.0, "Done"),
    ],
)
def test_a_phase_is_behind_its_time_by_whole_sites(done: int, passed: float, word: str) -> None:
    part = Part("Phase 1", {"done": done, "ready": 50 - done, "left_out": 7}, _DUE)
    assert phase_state(part, passed, _DUE - timedelta(days=1)).word == word


def test_a_phase_that_is_over_with_sites_left_says_so() -> None:
    part = Part("Phase 1", {"done": 49, "ready": 1}, _DUE)
    assert phase_state(part, 100.0, _DUE).word == "Over, not done"
    assert phase_state(Part("", {"ready": 1}, None), None, _DUE).word == "Open"
