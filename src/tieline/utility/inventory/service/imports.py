"""Imports: a file becomes rows, the rows are checked, and the good ones take effect in one transaction."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from psycopg import Rollback

from tieline.platform import audit
from tieline.platform.db import Database, Tx, is_lost
from tieline.platform.errors import Conflict, NotFound
from tieline.platform.paging import MAX_PAGE, Page, decode_key, page_of
from tieline.platform.scope import Permission, Scope
from tieline.platform.settings import Settings
from tieline.utility.inventory.importing.mapping import FileMapping, checked, from_object, to_object
from tieline.utility.inventory.importing.problems import FileRefused, plain, shown
from tieline.utility.inventory.importing.readers import Table, open_table
from tieline.utility.inventory.importing.rows import Known, Rows
from tieline.utility.inventory.model import ImportMode, ImportRun, ImportState, Kind
from tieline.utility.inventory.service import uploads
from tieline.utility.inventory.service.uploads import Upload
from tieline.utility.inventory.store import imports, loading, operators

_CHUNK = 4000
_NEWEST = 2**63 - 1
_TIDY_FROM = 1000
"""So many written rows make it worth while to tidy the tables at once."""


async def create(tx: Tx, scope: Scope, upload: Upload, mapping: FileMapping, *, mode: ImportMode, dry_run: bool) -> int:
    """Enter an import of an uploaded file; returns its id. It is done by :func:`run`, with this scope's authority."""
    scope.require(Permission.INVENTORY_WRITE)
    checked(mapping)
    return await imports.create(
        tx,
        scope,
        {
            "kind": mapping.kind,
            "mapping": to_object(mapping),
            "file_name": upload.name,
            "file_path": str(upload.path),
            "size_bytes": upload.size,
            "sha256": upload.sha256,
            "mode": mode,
            "dry_run": dry_run,
        },
    )


async def repeat(tx: Tx, scope: Scope, identity: int, *, mode: ImportMode | None = None) -> int:
    """Enter an import of the same file with the same mapping, for real: what follows a dry run. Returns its id."""
    scope.require(Permission.INVENTORY_WRITE)
    run = await one(tx, scope, identity)
    if not run.file_path:
        raise Conflict("The file is no longer kept.", advice="Send it again.")
    upload = Upload(Path(run.file_path), run.file_name, run.size_bytes, run.sha256)
    return await create(tx, scope, upload, from_object(run.mapping), mode=mode or ImportMode(run.mode), dry_run=False)


async def one(tx: Tx, scope: Scope, identity: int) -> ImportRun:
    """An import. Raises ``NotFound``, also for one whose author could see more than the scope."""
    scope.require(Permission.INVENTORY_READ)
    found = await imports.one(tx, scope, identity)
    if found is None:
        raise NotFound(f"There is no import {identity}, or none that you may see.")
    return found


async def page(tx: Tx, scope: Scope, *, cursor: str | None = None, limit: int = 50) -> Page[ImportRun]:
    """Imports, the newest first."""
    scope.require(Permission.INVENTORY_READ)
    before = decode_key(cursor, int)[0] if cursor else _NEWEST
    limit = max(1, min(limit, MAX_PAGE))
    rows = await imports.page(tx, scope, before=before, limit=limit + 1)
    return page_of(rows, limit, lambda run: (run.id,))


async def problems(
    tx: Tx, scope: Scope, identity: int, *, cursor: str | None = None, limit: int = 100
) -> Page[dict[str, Any]]:
    """The problems of an import, in the order of its lines."""
    await one(tx, scope, identity)
    after = decode_key(cursor, int)[0] if cursor else 0
    limit = max(1, min(limit, MAX_PAGE))
    rows = await imports.problems(tx, identity, after=after, limit=limit + 1)
    return page_of(rows, limit, lambda row: (row["id"],))


async def run(db: Database, settings: Settings, identity: int) -> None:
    """Do an import that was entered; idempotent, also when a worker died in the middle.

    The import's row tells the progress while it works and the outcome afterwards. A file that cannot be taken ends as
    refused; anything unexpected ends as failed and is raised. When the database itself was lost it stays running, and
    is raised: its job is tried again.
    """
    async with db.transaction() as tx:
        claimed = await imports.claim(tx, identity)
    if claimed is None:
        return
    try:
        taken = await _Work(db, settings, claimed).do()
    except FileRefused as refused:
        message = plain(" ".join(filter(None, [refused.detail, refused.advice])))
        async with db.transaction() as tx:
            await imports.fail(tx, identity, ImportState.REFUSED, message)
            await _audit(tx, _scope(claimed), claimed, "import.refused", {"message": message})
    except Exception as error:
        if is_lost(error):
            raise
        async with db.transaction() as tx:
            await imports.fail(
                tx, identity, ImportState.FAILED, "An error of ours; it was recorded. Nothing was taken."
            )
        raise
    else:
        if taken > _TIDY_FROM:
            async with db.autocommit() as bare:
                await loading.tidy(bare, loading.LOADINGS[Kind(claimed.kind)])


async def forget_files(tx: Tx, settings: Settings, *, days: int) -> None:
    """Delete the files of imports that ended so many days ago, and those that no import ever knew; reports stay."""
    for path in await imports.forgotten(tx, days):
        await asyncio.to_thread(Path(path).unlink, missing_ok=True)
    for stray in await asyncio.to_thread(uploads.stray, settings, await imports.files(tx), days=days):
        await asyncio.to_thread(stray.unlink, missing_ok=True)


def _scope(run: ImportRun) -> Scope:
    """The authority of whoever asked for the import, as it was then."""
    return Scope(
        actor=run.created_by,
        permissions=frozenset(map(Permission, run.permissions)),
        regions=None if run.regions is None else frozenset(run.regions),
        operators=None if run.operators is None else frozenset(run.operators),
        request_id=run.request_id,
    )


async def _audit(tx: Tx, scope: Scope, run: ImportRun, action: str, detail: dict[str, Any]) -> None:
    about = {"kind": run.kind, "file": run.file_name, "sha256": run.sha256, "dry_run": run.dry_run}
    await audit.append(tx, scope, audit.Entry(action, f"import:{run.id}", {**about, **detail}))


class _Work:
    """One import at work."""

    def __init__(self, db: Database, settings: Settings, run: ImportRun) -> None:
        self._db = db
        self._settings = settings
        self._run = run
        self._scope = _scope(run)
        self._mapping = from_object(run.mapping)
        self._loading = loading.LOADINGS[self._mapping.kind]
        self._rows_read = 0

    async def do(self) -> int:
        """Read, check and take the file; returns how many rows were written."""
        async with self._db.snapshot() as tx:
            known = await operators.operators(tx, self._scope)
        table = await asyncio.to_thread(
            open_table,
            Path(self._run.file_path),
            self._run.file_name,
            self._mapping,
            unpacked_megabytes=self._settings.unpacked_megabytes,
        )
        try:
            networks = {operator.code: operator.plmns for operator in known}
            rows = Rows(self._mapping, table.header, Known(networks, self._scope.regions))
            return await self._take(table, rows)
        finally:
            table.close()

    async def _take(self, table: Table, rows: Rows) -> int:
        async with self._db.transaction() as tx:
            counts = loading.Counts()
            refused, written = False, 0
            async with tx.transaction(force_rollback=self._run.dry_run) as inner:
                turn = await loading.prepare(tx, rows.specs, self._loading)
                if not await imports.is_running(tx, self._run.id):
                    return 0
                await self._copy(tx, table, rows)
                rows.only(table.found)
                await loading.stage(tx, self._loading)
                load = loading.Load(self._run.id, self._scope, f"import {self._run.id}", turn, frozenset(rows.mapped))
                await loading.check(tx, load, self._loading, rows.problems)
                counts = await self._loading.apply(tx, load)
                refused = bool(rows.problems.count) and self._run.mode == ImportMode.ALL_OR_NOTHING
                if refused:
                    raise Rollback(inner)
                written = 0 if self._run.dry_run else counts.created + counts.updated
            await self._finish(tx, table, rows, counts, refused=refused)
        return written

    async def _copy(self, tx: Tx, table: Table, rows: Rows) -> None:
        chunks = self._chunks(table, rows)
        while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
            await loading.copy(tx, rows.specs, self._loading, chunk)
            async with self._db.transaction() as other:
                await imports.progress(
                    other,
                    self._run.id,
                    rows_read=self._rows_read,
                    rows_bad=rows.problems.bad_lines,
                    bytes_read=table.read(),
                )

    def _chunks(self, table: Table, rows: Rows) -> Iterator[list[tuple[Any, ...]]]:
        chunk: list[tuple[Any, ...]] = []
        for line in table.lines:
            self._rows_read += 1
            if line.cells is None:
                rows.refuse(line.number, line.rule, line.message)
                continue
            values = rows.convert(line.number, line.cells)
            if values is not None:
                chunk.append(values)
            if self._rows_read % _CHUNK == 0:
                yield chunk
                chunk = []
        yield chunk

    async def _finish(self, tx: Tx, table: Table, rows: Rows, counts: loading.Counts, *, refused: bool) -> None:
        problems = rows.problems
        figures = {
            "rows_read": self._rows_read,
            "rows_skipped": rows.skipped,
            "rows_bad": problems.bad_lines,
            "rows_created": counts.created,
            "rows_updated": counts.updated,
            "rows_unchanged": counts.unchanged,
            "problem_count": problems.count,
        }
        notes = {
            "form": table.form,
            "unknown_columns": list(map(shown, [*rows.unknown, *table.extra])),
            "missing_columns": list(map(shown, rows.missing)),
            "fields": counts.fields,
            "rules": problems.rules,
        }
        state = ImportState.REFUSED if refused else ImportState.DONE
        message = "Nothing was taken, because some rows are bad." if refused else ""
        values = {**figures, "notes": notes, "state": state, "message": message}
        await imports.finish(tx, self._run.id, values, problems.kept)
        await _audit(tx, self._scope, self._run, f"import.{state}", figures)
