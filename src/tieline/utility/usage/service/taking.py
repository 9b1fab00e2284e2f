"""Taking what is told of usage: each day of a subscription once, however often and in whatever order it is told."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from tieline.platform.db import Tx
from tieline.platform.scope import system
from tieline.standards.tmf.usage import Stretch
from tieline.utility.usage.model import Taken
from tieline.utility.usage.policy.periods import days_in
from tieline.utility.usage.store import volumes as store

SYSTEM = system("usage")
Numbers = list[int | None]


async def take(tx: Tx, operator_id: int, told: Sequence[Stretch], at: datetime) -> Taken:
    """Keep what was told; what is told of a day takes the place of what was known of it.

    Of one day of a subscription that is told twice at once the later word holds. Which days are known as a whole is for
    ``note`` to say, once all of them was taken.
    """
    rows, days = merged(told)
    if rows:
        await store.take(tx, operator_id, rows, at)
    return Taken(sum(days.values()), len({row[0] for row in rows}), days)


async def note(tx: Tx, operator_id: int, days: Mapping[date, int], *, source: str, at: datetime) -> None:
    """Note that some days are known as a whole, and of how many subscriptions."""
    if days:
        await store.note_days(tx, operator_id, days.items(), source=source, at=at)


def merged(
    told: Iterable[Stretch],
) -> tuple[list[tuple[str, date, Numbers, Numbers, Numbers]], Counter[date]]:
    """A row for each subscription and month, from its first day on; and of how many subscriptions each day is told."""
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
    return [(ref, month, *numbers) for (ref, month), numbers in sorted(found.items())], days


def _empty(month: date) -> tuple[Numbers, Numbers, Numbers]:
    count = days_in(month)
    return [None] * count, [None] * count, [None] * count
