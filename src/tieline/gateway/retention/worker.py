"""Forgets, now and then, what nobody will ask for any more.

In small pieces with a pause after each, every piece a transaction of its own, and requests go first.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import structlog

from tieline.gateway.parts import Parts
from tieline.gateway.retention import store
from tieline.gateway.retention.policy import Cutoffs, cutoffs
from tieline.platform.db import Tx

PACE_S = 3600.0
PIECE = 200
"""Rows looked at in one transaction."""
LOG_PIECE = 1000
PAUSE_S = 0.05
"""Rest after each piece: forgetting takes a small share of the database at most."""

_log: structlog.stdlib.BoundLogger = structlog.get_logger("tieline.gateway")

_Forget = Callable[[Tx, Cutoffs, int], Awaitable[int]]
_Walk = Callable[[Tx, int], Awaitable[store.Walked]]


class Housekeeper:
    """The background worker that tidies up; one a gateway."""

    def __init__(self, parts: Parts, *, pause_s: float = PAUSE_S) -> None:
        self._parts = parts
        self._pause_s = pause_s

    async def run(self) -> None:
        """Tidy up until cancelled."""
        while True:
            gone = await self.round()
            if gone:
                _log.info("forgotten", **gone)
            await asyncio.sleep(PACE_S)

    async def round(self) -> dict[str, int]:
        """Forget everything that may go by now; gives how many of what.

        In this order, since what goes first no longer holds what comes after it.
        """
        moments = cutoffs(self._parts.settings, self._parts.clock.now())
        gone: Counter[str] = Counter()
        gone["answers"] = await self._repeat(store.answers, moments)
        gone["triggers"] = await self._repeat(store.triggers, moments)
        gone["fallbacks"] = await self._repeat(store.fallbacks, moments)
        gone["jobs"] = await self._jobs(moments)
        gone["groups"] = await self._repeat(store.groups, moments)
        gone["plans"] = await self._repeat(store.plans, moments)
        gone["contents"] = await self._walk(lambda tx, after: store.contents(tx, after, PIECE))
        gone["log_rows"] = await self._walk(lambda tx, after: store.log(tx, moments, after, LOG_PIECE))
        return {what: count for what, count in gone.items() if count}

    async def _repeat(self, forget: _Forget, moments: Cutoffs) -> int:
        total = 0
        while True:
            async with self._parts.db.transaction() as tx:
                count = await forget(tx, moments, PIECE)
            total += count
            if count < PIECE:
                return total
            await self._rest()

    async def _jobs(self, moments: Cutoffs) -> int:
        total = 0
        while True:
            async with self._parts.db.snapshot() as tx:
                doomed = await store.doomed_jobs(tx, moments, PIECE)
            await self._failures(doomed)
            async with self._parts.db.transaction() as tx:
                count = await store.jobs(tx, doomed) if doomed else 0
            total += count
            if not count:
                return total
            await self._rest()

    async def _failures(self, doomed: list[int]) -> None:
        count = len(doomed)
        while count:
            async with self._parts.db.transaction() as tx:
                count = await store.failures(tx, doomed, LOG_PIECE)
            await self._rest()

    async def _walk(self, walk: _Walk) -> int:
        total = after = 0
        while True:
            async with self._parts.db.transaction() as tx:
                walked = await walk(tx, after)
            total, after = total + walked.gone, walked.last
            if walked.is_end:
                return total
            await self._rest()

    async def _rest(self) -> None:
        await self._parts.traffic.give_way()
        await asyncio.sleep(self._pause_s)
