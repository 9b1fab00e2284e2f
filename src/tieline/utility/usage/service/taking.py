"""Taking what is told of usage: each day of a subscription once, however often and in whatever order it is told."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tieline.platform.db import Tx
from tieline.platform.scope import system
from tieline.standards.tmf.usage import Stretch
from tieline.utility.usage.model import Taken
from tieline.utility.usage.policy.periods import days_in
from tieline.utility.usage.store import volumes as store

SYSTEM = system("usage")
Numbers = list[int | None]


@dataclass(frozen=True, slots=True)
class Told:
    """What was told: a row for each subscription and month, from its first day on; of how many each day is told."""

    rows: Sequence[tuple[str, date, Numbers, Numbers, Numbers]]
    days: Mapping[date, int]


async def take(tx: Tx, operator_id: int, told: Told, at: datetime) -> Taken:
    """Keep what was told; what is told of a day takes the place of what was known of it.

    Which days are known as a whole is for ``note`` to say, once all of them was taken.
    """
    if told.rows:
        await store.take(tx, operator_id, told.rows, at)
    return Taken(sum(told.days.values()), len({row[0] for row in told.rows}), told.days)


async def note(tx: Tx, operator_id: int, days: Mapping[date, int], *, source: str, at: datetime) -> None:
    """Note that some days are known as a whole, and of how many subscriptions."""
    if days:
        await store.note_days(tx, operator_id, days.items(), source=source, at=at)


def merged(told: Iterable[Stretch]) -> Told:
    """Put what was told side by side. Of one day of a subscription that is told twice the later word holds."""
    found: dict[tuple[str, date], tuple[Numbers, Numbers, Numbers]] = {}
    days: Counter[date] = Counter()
    for one in told:
        month = one.first.replace(day=1)
        up, down, sessions = found.setdefault((one.subscription, month), _empty(month))
        for place, volume in enumerate(one.days, one.first.day - 1):
            if volume is None:
                continue
            up[place], down[place], sessions[place] = volume.up, volume.down, volume.sessions
            days[month + timedelta(days=place)] += 1
    return Told([(ref, month, *numbers) for (ref, month), numbers in sorted(found.items())], days)


def _empty(month: date) -> tuple[Numbers, Numbers, Numbers]:
    count = days_in(month)
    return [None] * count, [None] * count, [None] * count
