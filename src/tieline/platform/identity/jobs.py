"""Identity's housekeeping."""

import msgspec

from tieline.platform.identity import store
from tieline.platform.identity.policy import forgiven_before
from tieline.platform.jobs import job
from tieline.platform.wiring import Runtime


class Sweep(msgspec.Struct):
    """Nothing needs saying."""


@job("identity.sweep", lane="housekeeping", cron="17 * * * *")
async def sweep(runtime: Runtime, _sweep: Sweep) -> None:
    """Delete sessions and sign-ins that are over, and failures that no longer count."""
    now = runtime.clock.now()
    async with runtime.db.transaction() as tx:
        await store.sweep(tx, now, forgiven_before(now))
