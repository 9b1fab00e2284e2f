"""Work of the inventory that is done apart from requests."""

from typing import Any

import msgspec

from tieline.platform.jobs import job
from tieline.platform.wiring import Runtime
from tieline.utility.inventory.service import imports

LANE = "import"
KEEP_FILES_DAYS = 14


class ImportPayload(msgspec.Struct):
    """Which import to do."""

    import_id: int


class Nothing(msgspec.Struct):
    """A job that needs to be told nothing."""


@job("inventory.import", lane=LANE)
async def import_file(runtime: Runtime, payload: ImportPayload) -> None:
    """Do an import that was entered."""
    await imports.run(runtime.db, runtime.settings, payload.import_id)


@job("inventory.forget-uploads", lane=LANE, cron="17 3 * * *")
async def forget_uploads(runtime: Runtime, _payload: Nothing) -> None:
    """Delete uploaded files two weeks after their import ended."""
    async with runtime.db.transaction() as tx:
        await imports.forget_files(tx, days=KEEP_FILES_DAYS)


JOBS: tuple[Any, ...] = (import_file, forget_uploads)
