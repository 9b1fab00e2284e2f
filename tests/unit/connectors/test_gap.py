"""What is missing from a feed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.utility.connectors.policy import gap


@pytest.mark.parametrize(
    ("last", "came", "missing"),
    [
        (None, [7], 0),
        (4, [5], 0),
        (4, [7], 2),
        (4, [5, 8], 2),
        (4, [4], 0),
        (4, [3, 5], 0),
        (9, [1], 0),
        (4, [None], 0),
        (4, [], 0),
    ],
)
def test_cases(last: int | None, came: list[int | None], missing: int) -> None:
    assert gap(last, came) == missing


@given(st.sets(st.integers(2, 60)), st.integers(1, 5))
def test_counts_what_never_came(came: set[int], last: int) -> None:
    above = {number for number in came if number > last}
    expected = len(set(range(last + 1, max(above) + 1)) - above) if above else 0
    assert gap(last, came) == expected
