"""Housekeeping of keys."""

import msgspec

from tieline.platform.jobs import job
from tieline.platform.repeats import store
from tieline.platform.repeats.model import KEPT
from tieline.platform.wiring import Runtime


class Sweep(msgspec.Struct):
    """Nothing needs saying."""


@job("repeats.sweep", lane="housekeeping", cron="47 * * * *")
async def sweep(runtime: Runtime, _sweep: Sweep) -> None:
    """Delete idempotency keys, and the answers under them, that count no more."""
    async with runtime.db.transaction() as tx:
        await store.sweep(tx, runtime.clock.now() - KEPT)
