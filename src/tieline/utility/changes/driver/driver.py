"""The driver of a worker: a lane for each operator at which there is work and whose lease is free."""

import asyncio
import os
import socket
from collections.abc import Callable

import structlog

from tieline.platform.clock import Clock
from tieline.platform.db import Database
from tieline.utility.changes.driver.context import PURPOSE, Context, HighWater, Pace
from tieline.utility.changes.driver.lane import Lane
from tieline.utility.changes.store import driving
from tieline.utility.connectors import Lines, take_lease

_log = structlog.get_logger(__name__)

__all__ = ["Driver", "Pace"]


class Driver:
    """Looks for work and runs lanes. Any number of drivers may run; each operator is worked at by one of them."""

    def __init__(
        self,
        db: Database,
        lines: Lines,
        clock: Clock,
        *,
        pace: Pace | None = None,
        boundary: Callable[[str], None] | None = None,
    ) -> None:
        self._db = db
        self._lines = lines
        self._clock = clock
        self._pace = pace or Pace()
        self._boundary = boundary
        self._high_water = HighWater()
        self._holder = f"{socket.gethostname()}:{os.getpid()}"
        self._lanes: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Run until cancelled. A lane that ends badly is logged and begins anew; the others do not notice."""
        try:
            while True:
                await self._look()
                await asyncio.sleep(self._pace.idle)
        finally:
            for task in self._lanes.values():
                task.cancel()
            await asyncio.gather(*self._lanes.values(), return_exceptions=True)

    async def _look(self) -> None:
        for operator_id, task in list(self._lanes.items()):
            if task.done():
                del self._lanes[operator_id]
                self._check(task)
        async with self._db.transaction() as tx:
            operators = await driving.operators_with_work(tx)
        for operator in operators:
            if operator["id"] not in self._lanes:
                await self._begin(operator["id"], operator["code"])

    def _check(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        if not isinstance(error, Exception):
            raise error
        _log.error("lane_failed", lane=task.get_name(), exc_info=error)

    async def _begin(self, operator_id: int, code: str) -> None:
        lease = await take_lease(self._db, operator_id, PURPOSE, self._holder, self._pace.lease)
        if lease is None:
            return
        extra = {"boundary": self._boundary} if self._boundary else {}
        context = Context(
            self._db,
            self._lines,
            self._clock,
            operator_id,
            code,
            lease,
            self._pace,
            high_water=self._high_water,
            **extra,
        )
        self._lanes[operator_id] = asyncio.create_task(Lane(context).run(), name=f"lane-{code}")
