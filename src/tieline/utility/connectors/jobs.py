"""Work of connectors that is done apart from requests: full reads, feeds, housekeeping."""

from typing import Any

import msgspec

from tieline.platform.db import Tx
from tieline.platform.jobs import job
from tieline.platform.wiring import Runtime
from tieline.utility.connectors import service, store
from tieline.utility.connectors.lines import SYSTEM, lines_of

LANE = "operator"


class Sync(msgspec.Struct):
    """Which full read to do."""

    sync_id: int


class Nothing(msgspec.Struct):
    """A job that needs to be told nothing."""


@job("connectors.sync", lane=LANE)
async def sync(runtime: Runtime, payload: Sync) -> None:
    """Read everything an operator has."""
    await service.sync(runtime.db, lines_of(runtime), runtime.clock, payload.sync_id)


@job("connectors.look-after", lane="housekeeping", cron="*/5 * * * *")
async def look_after(runtime: Runtime, _payload: Nothing) -> None:
    """Ask for full reads that are due, and forget notifications of long ago."""
    async with runtime.db.transaction() as tx:
        for row in await store.due_syncs(tx, runtime.clock.now()):
            sync_id = await store.add_sync(tx, SYSTEM, row["operator_id"], "It is time.")
            await defer_sync(tx, row["operator"], sync_id)
        await service.forget(tx, runtime.clock)


async def defer_sync(tx: Tx, operator: str, sync_id: int) -> None:
    """Have a full read done in the operator's own lane."""
    await sync.defer(tx, Sync(sync_id), lane=f"{LANE}.{operator}", once=f"sync-{sync_id}")


JOBS: tuple[Any, ...] = (sync, look_after)
