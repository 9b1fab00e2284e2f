"""Reads every operator's usage records: months at first, then day by day, and what was put right since.

A day that an operator has nothing of is asked for again, for as long as it may still come. What is read twice counts
once. One process does it at a time for each operator: whoever has the lease.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import structlog

from tieline.platform.errors import NotFound
from tieline.platform.wiring import Runtime
from tieline.standards.tmf.usage import Stretch
from tieline.utility.connectors import ConnectorError, Lease, LeaseLost, every_connection, take_lease
from tieline.utility.usage.jobs import defer_rating
from tieline.utility.usage.policy.periods import month_before
from tieline.utility.usage.port import Records
from tieline.utility.usage.service.taking import SYSTEM, merged, note, take
from tieline.utility.usage.store import volumes as store
from tieline.utility.usage.wires import PROVIDERS, RecordsOf, records_of

LOOK_S = 15.0
OFTEN, AGAIN = timedelta(hours=1), timedelta(minutes=2)
"""How often an operator is read, and for how long it is left alone after a failure."""
MONTHS = 13
"""How far back the first reading goes, where an operator has as much."""
PATIENCE = 40
"""Days for which one that is missing is asked for again."""
OVERLAP = timedelta(hours=1)
"""Corrections are asked for from so long before the last reading: clocks differ, and writing takes a while."""
LEASE_S = 120.0
_log = structlog.get_logger(__name__)


@dataclass
class Reader:
    """Reads what is due."""

    runtime: Runtime
    records: RecordsOf

    async def look(self) -> None:
        """Read whatever is due; one operator's trouble does not keep the others waiting."""
        async with self.runtime.db.transaction() as tx:
            rows = [row for row in await every_connection(tx, SYSTEM, only_enabled=True) if has_records(row)]
            states = {row["operator"]: await store.feed(tx, row["operator_id"]) for row in rows}
        now = self.runtime.clock.now()
        await asyncio.gather(*(self._guarded(row) for row in rows if _due(states[row["operator"]], now)))

    async def _guarded(self, row: Mapping[str, Any]) -> None:
        lease = await take_lease(self.runtime.db, row["operator_id"], "usage", "usage", LEASE_S)
        if lease is None:
            return
        try:
            await self.read(row["operator_id"], row["operator"], lease)
        except (ConnectorError, NotFound, LeaseLost) as error:
            _log.warning("usage_unread", operator=row["operator"], error=error.detail)
            async with self.runtime.db.transaction() as tx:
                await store.failed(tx, row["operator_id"], error.detail, self.runtime.clock.now())
        finally:
            async with self.runtime.db.transaction() as tx:
                await lease.drop(tx)

    async def read(self, operator_id: int, code: str, lease: Lease | None = None) -> int:
        """Read what is new at an operator; gives how many records."""
        one = _Reading(self.runtime, operator_id, await self.records(code), lease)
        began = self.runtime.clock.now()
        async with self.runtime.db.transaction() as tx:
            known = await store.known_days(tx, operator_id)
            state = await store.feed(tx, operator_id)
        if not known:
            await one.months(began)
            async with self.runtime.db.transaction() as tx:
                known = await store.known_days(tx, operator_id)
        await one.days(known, began)
        if state is not None and state["corrected_until"] is not None:
            await one.corrections(state["corrected_until"])
        async with self.runtime.db.transaction() as tx:
            await store.was_read(tx, operator_id, self.runtime.clock.now(), began - OVERLAP)
            if one.count:
                await defer_rating(tx, code)
        return one.count


@dataclass
class _Reading:
    """One reading of an operator. What is read of a month or a day counts as known once its last page was taken."""

    runtime: Runtime
    operator_id: int
    records: Records
    lease: Lease | None
    count: int = 0

    async def months(self, now: datetime) -> None:
        """Read months, from the present one back to one of which there is nothing."""
        month = now.astimezone(UTC).date().replace(day=1)
        for back in range(MONTHS):
            if not await self._whole(self.records.month(month)) and back:
                return
            month = month_before(month)

    async def days(self, known: list[date], now: datetime) -> None:
        """Read days that are missing, the oldest first."""
        yesterday = now.astimezone(UTC).date() - timedelta(days=1)
        day = max(known[0], yesterday - timedelta(days=PATIENCE)) if known else yesterday.replace(day=1)
        have = set(known)
        while day <= yesterday:
            if day not in have:
                await self._whole(self.records.day(day))
            day += timedelta(days=1)

    async def corrections(self, since: datetime) -> None:
        """Read what was put right."""
        async for page in self.records.corrected(since):
            await self._take(page)

    async def _whole(self, pages: AsyncIterator[Sequence[Stretch]]) -> bool:
        """Take all of a month or a day; whether there was anything.

        Should a day be closed meanwhile, the first pages do not have it: days that some records lack are not known yet.
        """
        days: Counter[date] = Counter()
        ends: date | None = None
        async for page in pages:
            days.update(await self._take(page))
            ends = min([one.first + timedelta(days=len(one.days)) for one in page] + ([ends] if ends else []))
        known = {day: count for day, count in days.items() if ends is not None and day < ends}
        async with self.runtime.db.transaction() as tx:
            await note(tx, self.operator_id, known, source="operator", at=self.runtime.clock.now())
        return bool(days)

    async def _take(self, page: Sequence[Stretch]) -> Mapping[date, int]:
        async with self.runtime.db.transaction() as tx:
            if self.lease is not None:
                await self.lease.renew(tx)
            taken = await take(tx, self.operator_id, merged(page), self.runtime.clock.now())
        self.count += taken.records
        return taken.days


def _due(state: Mapping[str, Any] | None, now: datetime) -> bool:
    if state is None:
        return True
    if state["failed_at"] is not None and state["failed_at"] > now - AGAIN:
        return False
    return state["read_at"] is None or state["read_at"] <= now - OFTEN


def has_records(row: Mapping[str, Any]) -> bool:
    """Whether a connection leads to an operator whose records are read over an interface that is known here."""
    return row["provider"] in PROVIDERS


async def watch(runtime: Runtime) -> None:
    """Look every few seconds, until cancelled."""
    reader = Reader(runtime, records_of(runtime))
    while True:
        await reader.look()
        await asyncio.sleep(LOOK_S)
