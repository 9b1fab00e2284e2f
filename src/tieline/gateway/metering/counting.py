"""Takes every day down once it is over, for each utility; what a crash left half done is done again to the same end."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import structlog

from tieline.gateway.backends.port import Metered
from tieline.gateway.metering import store
from tieline.gateway.metering.model import Span, spans
from tieline.gateway.parts import Parts
from tieline.standards.tmf.usage import Volume

LOOK_S = 30.0
LATE = timedelta(minutes=5)
"""So long after midnight UTC a day is taken down: what was counted at its end is there by then."""
PIECE = 500
"""Subscriptions of a transaction: what a request may have to wait for stays short."""
MOST_DAYS = 400

_log: structlog.stdlib.BoundLogger = structlog.get_logger("tieline.gateway")


class Counter:
    """The background worker; one a gateway."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self.round()
            await asyncio.sleep(LOOK_S)

    async def round(self) -> int:
        """Take down what is over and was not yet; gives how many days, summed over utilities."""
        yesterday = over(self._parts.clock.now())
        async with self._parts.db.snapshot() as tx:
            known = await store.last_closed(tx)
        done = 0
        for utility_id, last in known.items():
            first = max(last, yesterday - timedelta(days=MOST_DAYS)) + timedelta(days=1)
            done += await self.take_down(utility_id, first, yesterday)
        return done

    async def take_down(self, utility_id: int, first: date, last: date) -> int:
        """Take down some days of a utility; gives how many."""
        for span in spans(first, last):
            count = await self._span(utility_id, span)
            async with self._parts.db.transaction() as tx:
                await store.close_days(tx, utility_id, span, self._parts.clock.now())
            _log.info("usage taken down", first=str(span.first), last=str(span.last), subscriptions=count)
        return max(0, (last - first).days + 1)

    async def _span(self, utility_id: int, span: Span) -> int:
        after, count = "", 0
        while True:
            async with self._parts.db.transaction() as tx:
                found = await store.metered(tx, utility_id, after, PIECE)
                counted = self._parts.meter.month(found, span.month)
                count += await store.put_days(tx, utility_id, span, _rows(found, counted, span))
            if len(found) < PIECE:
                return count
            after = found[-1].subscription
            await self._parts.traffic.give_way()


def over(now: datetime) -> date:
    """The last day that is over."""
    return (now - LATE).astimezone(UTC).date() - timedelta(days=1)


def midnight(day: date) -> datetime:
    """When a day begins."""
    return datetime.combine(day, time(), UTC)


Numbers = list[int | None]


def _rows(
    found: Sequence[Metered], counted: Sequence[Sequence[Volume | None]], span: Span
) -> list[tuple[str, Numbers, Numbers, Numbers]]:
    """Rows from the first of the month on; subscriptions of which nothing is known have none."""
    low, high = span.first.day - 1, span.last.day
    rows = []
    for one, days in zip(found, counted, strict=True):
        known = days[low:high]
        if any(day is not None for day in known):
            before: Numbers = [None] * low
            rows.append(
                (
                    one.subscription,
                    before + [None if day is None else day.up for day in known],
                    before + [None if day is None else day.down for day in known],
                    before + [None if day is None else day.sessions for day in known],
                )
            )
    return rows
