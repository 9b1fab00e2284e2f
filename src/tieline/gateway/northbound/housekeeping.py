"""Forgets, now and then, what nobody will ask for any more."""

import asyncio

from tieline.gateway.northbound import store
from tieline.gateway.northbound.once import KEPT
from tieline.gateway.parts import Parts

PACE_S = 600.0


class Housekeeper:
    """The background worker that tidies up; one a gateway."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def run(self) -> None:
        """Tidy up until cancelled."""
        while True:
            async with self._parts.db.transaction() as tx:
                await store.forget(tx, self._parts.clock.now() - KEPT)
            await asyncio.sleep(PACE_S)
