"""Carries out in the background what the northbound APIs took: groups and addresses, a piece at a time."""

import asyncio

import structlog

from tieline.gateway.exposure.addressing import store as addresses
from tieline.gateway.exposure.addressing import worker as addressing
from tieline.gateway.exposure.groups import store
from tieline.gateway.exposure.groups import worker as groups
from tieline.gateway.parts import Parts, until
from tieline.platform.errors import Unavailable

IDLE_S = 2.0
AGAIN_S = 0.5
"""Pause before addresses are tried again that others have still to give up."""

_log: structlog.stdlib.BoundLogger = structlog.get_logger("tieline.gateway")


class ExposureWorker:
    """The background worker of groups and addresses; one a gateway."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                if not await self.round():
                    await self._rest()
                await self._parts.traffic.give_way()
            except Unavailable as error:
                _log.warning("the network does not answer", retry_after=error.retry_after)
                await asyncio.sleep(error.retry_after)

    async def round(self) -> bool:
        """Carry out a piece of each; False if there was nothing to do."""
        parts = self._parts
        spread = await groups.spread(parts)
        await parts.traffic.give_way()
        applied = await groups.apply(parts)
        await parts.traffic.give_way()
        return bool(await addressing.apply(parts)) or spread or bool(applied)

    async def _rest(self) -> None:
        async with self._parts.db.snapshot() as tx:
            due = await store.next_due(tx)
            idle = AGAIN_S if await addresses.are_left(tx) else IDLE_S
        pause = idle if due is None else (due - self._parts.clock.now()).total_seconds()
        await until(self._parts.signals.exposure, max(0.05, min(idle, pause)))
