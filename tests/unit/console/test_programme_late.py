"""What a programme says of its end before the first site is done, at a pace, and when nobody goes any more."""

import math
from datetime import UTC, datetime

import pytest

from tieline.utility.console.pages.programmes.control import late_of
from tieline.utility.programmes import Part
from tieline.utility.programmes.policy.forecast import Forecast

_END = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("done", "expected", "late"),
    [
        (0, Forecast(9, 0.0, None, 9, 0.02), None),  # nobody has begun: nothing can be said
        (0, Forecast(9, 0.0, None, 9, math.inf), 9),  # but what is overdue is late
        (3, Forecast(6, 0.0, None, 6, 0.02), 6),  # work has stopped
        (3, Forecast(6, 1.0, _END, 2, 1.5), 2),
        (3, Forecast(6, 1.0, _END, 0, 0.5), 0),
        (9, None, 0),
    ],
)
def test_how_many_will_be_late_is_said_once_work_has_begun(
    done: int, expected: Forecast | None, late: int | None
) -> None:
    part = Part("Region", {"done": done, "ready": 9 - done}, _END, expected)
    assert late_of(part) == late
