"""A lane: everything that is carried out at one operator. Another operator's trouble does not reach it."""

import asyncio
import contextlib

import structlog

from tieline.platform.errors import NotFound
from tieline.utility.changes.driver.batch import BatchRun
from tieline.utility.changes.driver.context import Context
from tieline.utility.changes.driver.intent import intend
from tieline.utility.changes.store import driving
from tieline.utility.connectors import LeaseLost

_log = structlog.get_logger(__name__)


class Lane:
    """Works at one operator as long as there is work, under the lease of its context."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._runs: dict[asyncio.Task[None], BatchRun] = {}

    async def run(self) -> None:
        """Take up what is open, then go on until nothing has been to do for a while or the lease is lost."""
        keeper = asyncio.create_task(self._keep())
        try:
            await self._take_up()
            await self._work(keeper)
        except LeaseLost:
            _log.info("lane_left", operator=self._context.code)
        finally:
            await self._leave(keeper)

    async def _take_up(self) -> None:
        async with self._context.db.transaction() as tx:
            left = await driving.open_batches(tx, self._context.operator_id)
        for batch in left:
            self._start(batch.id, fresh=False)

    async def _work(self, keeper: asyncio.Task[None]) -> None:
        idle = 0.0
        while idle < self._context.pace.linger or self._runs:
            self._reap(keeper)
            made = await self._next()
            if made is not None:
                self._context.boundary("intended")
                self._start(made, fresh=True)
                idle = 0.0
                continue
            idle += self._context.pace.idle
            await self._pause(keeper)

    async def _next(self) -> int | None:
        """Commit to another batch, if the operator takes one more now."""
        try:
            line = await self._context.line()
        except NotFound:
            return None
        abreast = sum(1 for run in self._runs.values() if not run.settled.is_set())
        if abreast >= max(1, line.capabilities.in_flight) or line.wait() > 0:
            return None
        return await intend(self._context, max(1, line.capabilities.max_batch))

    def _start(self, batch_id: int, *, fresh: bool) -> None:
        run = BatchRun(self._context, batch_id, fresh=fresh)
        self._runs[asyncio.create_task(run.run(), name=f"batch-{batch_id}")] = run

    def _reap(self, keeper: asyncio.Task[None]) -> None:
        """Forget what is done; what went wrong ends the lane, which then begins anew."""
        for task in [task for task in self._runs if task.done()]:
            del self._runs[task]
            task.result()
        if keeper.done():
            keeper.result()

    async def _pause(self, keeper: asyncio.Task[None]) -> None:
        """Wait until a batch gets on or a moment has passed."""
        waits = [asyncio.create_task(run.settled.wait()) for run in self._runs.values() if not run.settled.is_set()]
        await asyncio.wait(
            [keeper, *self._runs, *waits], timeout=self._context.pace.idle, return_when=asyncio.FIRST_COMPLETED
        )
        for wait in waits:
            wait.cancel()

    async def _keep(self) -> None:
        """Renew the lease and write down how the operator is doing."""
        context = self._context
        while True:
            await asyncio.sleep(context.lease.seconds / 4)
            async with context.db.transaction() as tx:
                await context.lease.renew(tx)
            await context.lines.keep_health(context.code, context.operator_id)

    async def _leave(self, keeper: asyncio.Task[None]) -> None:
        for task in (keeper, *self._runs):
            task.cancel()
        await asyncio.gather(keeper, *self._runs, return_exceptions=True)
        with contextlib.suppress(LeaseLost):
            async with self._context.db.transaction() as tx:
                await self._context.lease.drop(tx)
