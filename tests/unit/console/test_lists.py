"""What lists read out of their address: days as moments of a time zone, fields of the query."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tieline.console import lists

LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("first", "last", "since", "until"),
    [
        ("2026-07-01", "2026-07-01", datetime(2026, 6, 30, 23, tzinfo=UTC), datetime(2026, 7, 1, 23, tzinfo=UTC)),
        # The clocks go back on 25 October 2026: the day has 25 hours.
        ("2026-10-25", "2026-10-25", datetime(2026, 10, 24, 23, tzinfo=UTC), datetime(2026, 10, 26, tzinfo=UTC)),
        ("2026-03-29", "", datetime(2026, 3, 29, tzinfo=UTC), None),
        ("", "2026-03-29", None, datetime(2026, 3, 29, 23, tzinfo=UTC)),
        ("not-a-day", "2026-02-30", None, None),
        ("0001-01-01", "9999-12-31", None, None),
    ],
)
def test_days_of_a_filter_last_from_their_midnight_to_the_next(
    first: str, last: str, since: datetime | None, until: datetime | None
) -> None:
    assert lists.days(first, last, LONDON) == (since, until)


def test_a_field_of_the_query_has_every_value_or_the_last() -> None:
    pairs = lists.pairs_of("state=a&q=x&state=b%00&q=y")
    assert lists.chosen("state", pairs) == ("a", "b")
    assert lists.typed("q", pairs) == "y"
    assert (lists.chosen("none", pairs), lists.typed("none", pairs)) == ((), "")
