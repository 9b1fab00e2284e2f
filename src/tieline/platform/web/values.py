"""Values that come in over REST, bounded so that whatever passes can be compared, reckoned with and stored."""

from datetime import date
from typing import Annotated, TypeVar

from pydantic import AfterValidator, AwareDatetime

FIRST_YEAR, LAST_YEAR = 1970, 2199
D = TypeVar("D", bound=date)


def _in_reach(value: D) -> D:
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ValueError(f"a time lies in the years {FIRST_YEAR} to {LAST_YEAR}")
    return value


Moment = Annotated[AwareDatetime, AfterValidator(_in_reach)]
"""A moment, with its offset from UTC: without one, nobody could say when it is."""

Day = Annotated[date, AfterValidator(_in_reach)]
"""A day of the calendar."""
