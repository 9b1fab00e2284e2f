"""Work of the inventory that is done apart from requests."""

from typing import Any

import msgspec

from tieline.platform.db import Tx
from tieline.platform.jobs import job
from tieline.platform.scope import Scope
from tieline.platform.wiring import Runtime
from tieline.utility.inventory.importing.mapping import FileMapping
from tieline.utility.inventory.model import ImportMode
from tieline.utility.inventory.service import imports
from tieline.utility.inventory.service.uploads import Upload

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
    """Delete uploaded files two weeks after their import ended, or after they were sent if none was made of them."""
    async with runtime.db.transaction() as tx:
        await imports.forget_files(tx, runtime.settings, days=KEEP_FILES_DAYS)


async def submit_import(
    tx: Tx, scope: Scope, upload: Upload, mapping: FileMapping, *, mode: ImportMode, dry_run: bool
) -> int:
    """Enter an import of an uploaded file and have it done once ``tx`` is committed; returns its id."""
    identity = await imports.create(tx, scope, upload, mapping, mode=mode, dry_run=dry_run)
    await import_file.defer(tx, ImportPayload(identity))
    return identity


async def repeat_import(tx: Tx, scope: Scope, identity: int, *, mode: ImportMode | None = None) -> int:
    """Have the file of an import (a dry run, say) imported for real; returns the new import's id."""
    again = await imports.repeat(tx, scope, identity, mode=mode)
    await import_file.defer(tx, ImportPayload(again))
    return again


JOBS: tuple[Any, ...] = (import_file, forget_uploads)
