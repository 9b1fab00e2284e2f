"""Has the network do what is wanted of it, in the background, and takes down when it is done.

Orders are asked of the backend without a transaction open; what came of them is written afterwards. An order that was
renewed meanwhile stays on the list, and asking twice leads to the same state: a crash loses and repeats nothing.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

import structlog
from psycopg.rows import DictRow

from tieline.gateway.backends import store
from tieline.gateway.backends.port import Order, Outcome
from tieline.gateway.objects import service
from tieline.gateway.objects.classes import CLASSES
from tieline.gateway.parts import Parts, until
from tieline.gateway.utilities import store as utilities
from tieline.platform.errors import Unavailable
from tieline.standards.mns.profile import SUBSCRIPTION_CLASS

BATCH = 200
SMALL = 40
IDLE_S = 2.0
LEAST_S = 0.15
"""The shortest pause between two looks: orders that fall due one after the other are taken together."""
_DESIRED = CLASSES[SUBSCRIPTION_CLASS].desired

_log: structlog.stdlib.BoundLogger = structlog.get_logger("tieline.gateway")


class Driver:
    """The background worker between the objects and the network; one a gateway."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                full = self._size()
                if await self.round(full) < full:
                    await self._rest()
                await self._parts.traffic.give_way()
            except Unavailable as error:
                _log.warning("the network does not answer", retry_after=error.retry_after)
                await asyncio.sleep(error.retry_after)

    def _size(self) -> int:
        return SMALL if self._parts.traffic.recent else BATCH

    async def round(self, most: int = BATCH) -> int:
        """Carry out the orders that are due, so many at most; gives how many were."""
        async with self._parts.db.snapshot() as tx:
            due = await store.due(tx, self._parts.clock.now(), most)
        if due:
            outcomes = await self._parts.backend.apply([_order(row) for row in due])
            await self._settle(due, outcomes)
        return len(due)

    async def _settle(self, due: Sequence[DictRow], outcomes: Sequence[Outcome]) -> None:
        parts = self._parts
        now = parts.clock.now()
        done: dict[int, list[int]] = defaultdict(list)
        over: list[tuple[int, int]] = []
        again: list[tuple[int, float]] = []
        for row, outcome in zip(due, outcomes, strict=True):
            if outcome.again_s is not None:
                again.append((row["object_id"], outcome.again_s))
                continue
            over.append((row["object_id"], row["version"]))
            if outcome.done:
                done[row["utility_id"]].append(row["object_id"])
        async with parts.db.transaction() as tx:
            consumers = await utilities.by_ids(tx, list(done))
            for utility_id, ids in done.items():
                await service.bring_into_line(tx, consumers[utility_id], ids, now, parts.interference)
                await parts.radio.follow(tx, consumers[utility_id], ids, now)
            await store.settle(tx, over)
            await store.postpone(tx, again, now)
        parts.signals.notifications.set()

    async def _rest(self) -> None:
        """Wait until the next order is due, or something changes."""
        async with self._parts.db.snapshot() as tx:
            due = await store.next_due(tx)
        pause = IDLE_S if due is None else (due - self._parts.clock.now()).total_seconds()
        await asyncio.sleep(LEAST_S)
        await until(self._parts.signals.network, max(0.0, min(IDLE_S, pause - LEAST_S)))


def _order(row: DictRow) -> Order:
    wanted = {name: row["attributes"][name] for name in _DESIRED if name in row["attributes"]}
    return Order(row["subscription"], wanted, row["attempts"])
