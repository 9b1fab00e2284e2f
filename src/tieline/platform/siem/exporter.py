"""The background service: sends what is new, in order, at least once, and comes back when the receiver does."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from tieline.platform.clock import Clock
from tieline.platform.db import Database
from tieline.platform.siem import store
from tieline.platform.siem.destination import Destination
from tieline.platform.siem.model import Source
from tieline.platform.siem.syslog import Style, message
from tieline.platform.siem.transport import Link, LinkError, connect

BATCH = 200
"""Entries in one go: as much as may be sent twice when the process is killed."""
IDLE_S = 1.0
_LOCK_S = 10.0
_AGAIN_S = 10.0
"""Seconds before the loss of a connection for which entries are sent again: the receiver may have lost them."""
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 60.0
_JITTER = random.SystemRandom()

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Sent:
    """What went out at once: when (monotonic), of which trail, and where the cursor stood before."""

    at: float
    source: str
    before: int


class Exporter:
    """Sends several trails to one receiver. Of all processes that have one, one works at a time."""

    def __init__(
        self, db: Database, clock: Clock, destination: Destination, style: Style, sources: Sequence[Source]
    ) -> None:
        self._db = db
        self._clock = clock
        self._destination = destination
        self._style = style
        self._sources = sources
        self._link: Link | None = None
        self._lately: deque[_Sent] = deque()

    async def run(self) -> None:
        """Export until cancelled."""
        async with self._db.transaction() as tx:
            await store.ensure(tx, [source.name for source in self._sources])
        while True:
            async with self._db.autocommit() as tx:
                if await store.take_lock(tx):
                    try:
                        await self._work()
                    finally:
                        await asyncio.shield(self._drop())
                        await store.drop_lock(tx)
            await asyncio.sleep(_LOCK_S)

    async def _work(self) -> None:
        failures = 0
        while True:
            try:
                moved = await self.round()
                failures = 0
            except LinkError as error:
                await self._lost(str(error))
                failures += 1
                wait = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2 ** min(failures - 1, 10))
                await asyncio.sleep(wait * _JITTER.uniform(0.5, 1.0))
                continue
            if not moved:
                await asyncio.sleep(IDLE_S)

    async def round(self) -> int:
        """Send a batch of each trail; gives how many entries went out. Raises ``LinkError``."""
        if self._link is not None and not self._link.alive():
            raise LinkError(f"{self._destination} closed the connection.")
        return sum([await self._batch(source) for source in self._sources])

    async def _batch(self, source: Source) -> int:
        async with self._db.snapshot() as tx:
            before = (await store.cursor(tx, source.name)).sent
            events = await source.after(tx, before, BATCH)
        if not events:
            return 0
        if self._link is None:
            self._link = await connect(self._destination)
        await self._link.send(message(event, self._style) for event in events)
        self._remember(_Sent(time.monotonic(), source.name, before))
        async with self._db.transaction() as tx:
            await store.advance(tx, source.name, before, events[-1].number, self._clock.now())
        return len(events)

    def _remember(self, sent: _Sent) -> None:
        self._lately.append(sent)
        while self._lately and sent.at - self._lately[0].at > _AGAIN_S:
            self._lately.popleft()

    async def _lost(self, error: str) -> None:
        """Give the connection up, note why, and go back to where the receiver surely was."""
        log.warning("siem.receiver_lost", error=error)
        await self._drop()
        now = time.monotonic()
        async with self._db.transaction() as tx:
            await store.failed(tx, error, self._clock.now())
            for sent in self._lately:
                if now - sent.at <= _AGAIN_S:
                    await store.go_back(tx, sent.source, sent.before)
        self._lately.clear()

    async def _drop(self) -> None:
        if self._link is not None:
            await self._link.close()
        self._link = None
