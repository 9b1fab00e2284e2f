"""Imports and saved mappings, as rows."""

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.rows import DictRow, class_row
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, copy_in, execute, fetch_all, fetch_value, sql
from tieline.platform.errors import Problem
from tieline.platform.scope import Scope
from tieline.utility.inventory.model import ImportRun, SavedMapping

_SHOWN = """id, kind, mapping, file_name, file_path, size_bytes, sha256, mode, dry_run, state, created_by, permissions,
    regions, operators, request_id, created_at, started_at, finished_at, bytes_read, rows_read, rows_skipped, rows_bad,
    rows_created, rows_updated, rows_unchanged, problem_count, message, notes"""

# An import is seen by whoever may see all that it may touch: its problems quote values of its file.
_VISIBLE = """((%(scope_regions)s::text[] IS NULL OR regions <@ %(scope_regions)s::text[])
    AND (%(scope_operators)s::text[] IS NULL OR operators <@ %(scope_operators)s::text[])
    OR created_by = %(actor)s)"""

_CREATE = """
INSERT INTO import_run (kind, mapping, file_name, file_path, size_bytes, sha256, mode, dry_run, created_by, permissions,
    regions, operators, request_id)
VALUES (%(kind)s, %(mapping)s, %(file_name)s, %(file_path)s, %(size_bytes)s, %(sha256)s, %(mode)s, %(dry_run)s,
    %(actor)s, %(permissions)s, %(scope_regions)s, %(scope_operators)s, %(request_id)s)
RETURNING id
"""

_PROGRESS = """
UPDATE import_run SET rows_read = %(rows_read)s, rows_bad = %(rows_bad)s, bytes_read = %(bytes_read)s
WHERE id = %(id)s AND state = 'running'
"""

_FINISH = """
UPDATE import_run SET state = %(state)s, message = %(message)s, finished_at = clock_timestamp(), notes = %(notes)s,
    bytes_read = size_bytes, rows_read = %(rows_read)s, rows_skipped = %(rows_skipped)s, rows_bad = %(rows_bad)s,
    rows_created = %(rows_created)s, rows_updated = %(rows_updated)s, rows_unchanged = %(rows_unchanged)s,
    problem_count = %(problem_count)s
WHERE id = %(id)s
"""


def _params(scope: Scope) -> dict[str, Any]:
    return {**scope.params(), "actor": scope.actor}


async def create(tx: Tx, scope: Scope, values: Mapping[str, Any]) -> int:
    """Enter an import that waits to be run; returns its id."""
    identity: int = await fetch_value(
        tx,
        _CREATE,
        {
            **_params(scope),
            **values,
            "mapping": Jsonb(values["mapping"]),
            "permissions": sorted(scope.permissions),
            "request_id": scope.request_id,
        },
    )
    return identity


async def claim(tx: Tx, identity: int) -> ImportRun | None:
    """Begin an import, or begin again one whose worker died; None when it is over."""
    text = f"""UPDATE import_run SET state = 'running', started_at = now()
        WHERE id = %(id)s AND state IN ('queued', 'running') RETURNING {_SHOWN}"""
    async with tx.cursor(row_factory=class_row(ImportRun)) as cursor:
        await cursor.execute(sql(text), {"id": identity})
        return await cursor.fetchone()


async def is_running(tx: Tx, identity: int) -> bool:
    """Whether an import is still to be done."""
    return bool(await fetch_value(tx, "SELECT state = 'running' FROM import_run WHERE id = %(id)s", {"id": identity}))


async def progress(tx: Tx, identity: int, *, rows_read: int, rows_bad: int, bytes_read: int) -> None:
    """Say how far an import has got."""
    await execute(
        tx, _PROGRESS, {"id": identity, "rows_read": rows_read, "rows_bad": rows_bad, "bytes_read": bytes_read}
    )


async def finish(tx: Tx, identity: int, values: Mapping[str, Any], problems: Sequence[Problem]) -> None:
    """Enter the outcome of an import, and its problems in the order of the lines."""
    await execute(tx, _FINISH, {**values, "id": identity, "notes": Jsonb(values["notes"])})
    await execute(tx, "DELETE FROM import_problem WHERE import_id = %(id)s", {"id": identity})
    ordered = sorted(problems, key=lambda problem: problem.line or 0)
    await copy_in(
        tx,
        "import_problem (import_id, id, line, field, rule, value, message)",
        (
            (identity, number, problem.line or 0, problem.field, problem.rule, problem.value, problem.message)
            for number, problem in enumerate(ordered, 1)
        ),
    )


async def fail(tx: Tx, identity: int, state: str, message: str) -> None:
    """Enter that an import ended without taking anything."""
    text = """UPDATE import_run SET state = %(state)s, message = %(message)s, finished_at = clock_timestamp()
        WHERE id = %(id)s AND state = 'running'"""
    await execute(tx, text, {"id": identity, "state": state, "message": message})


async def one(tx: Tx, scope: Scope, identity: int) -> ImportRun | None:
    """An import, if the scope may see it."""
    found = await page(tx, scope, before=identity + 1, limit=1)
    return found[0] if found and found[0].id == identity else None


async def page(tx: Tx, scope: Scope, *, before: int, limit: int) -> list[ImportRun]:
    """Imports with a lower id, the newest first."""
    text = f"""SELECT {_SHOWN} FROM import_run WHERE id < %(before)s AND {_VISIBLE}
        ORDER BY id DESC LIMIT %(limit)s"""
    async with tx.cursor(row_factory=class_row(ImportRun)) as cursor:
        await cursor.execute(sql(text), {**_params(scope), "before": before, "limit": limit})
        return await cursor.fetchall()


async def problems(tx: Tx, identity: int, *, after: int, limit: int) -> list[DictRow]:
    """Problems of an import in the order of its lines, after a given number."""
    text = """SELECT id, line, field, rule, value, message FROM import_problem
        WHERE import_id = %(id)s AND id > %(after)s ORDER BY id LIMIT %(limit)s"""
    return await fetch_all(tx, text, {"id": identity, "after": after, "limit": limit})


async def forgotten(tx: Tx, days: int) -> list[str]:
    """Files that no import of the last so many days was made from; they are taken to be deleted by whoever asks."""
    text = """
        WITH over AS (
            SELECT file_path FROM import_run WHERE file_path <> '' GROUP BY file_path
            HAVING count(*) = count(finished_at) AND max(finished_at) < now() - make_interval(days => %(days)s)
        ), cleared AS (
            UPDATE import_run r SET file_path = '' FROM over o WHERE r.file_path = o.file_path
        )
        SELECT file_path FROM over"""
    return [row["file_path"] for row in await fetch_all(tx, text, {"days": days})]


async def files(tx: Tx) -> set[str]:
    """The files that imports were, or will be, made from."""
    return {row["file_path"] for row in await fetch_all(tx, "SELECT DISTINCT file_path FROM import_run")}


_MAPPINGS = """
SELECT m.id, m.name, m.kind, m.spec, m.created_by, m.updated_at FROM import_mapping m
WHERE %(name)s::text IS NULL OR m.name = %(name)s ORDER BY m.kind, m.name
"""


async def mappings(tx: Tx, name: str | None = None) -> list[SavedMapping]:
    """The saved mappings; or the one of a name."""
    async with tx.cursor(row_factory=class_row(SavedMapping)) as cursor:
        await cursor.execute(sql(_MAPPINGS), {"name": name})
        return await cursor.fetchall()


async def put_mapping(tx: Tx, scope: Scope, name: str, kind: str, spec: Mapping[str, Any]) -> int:
    """Save a mapping under its name, in place of the one that had it; returns its id."""
    text = """INSERT INTO import_mapping (name, kind, spec, created_by) VALUES (%(name)s, %(kind)s, %(spec)s, %(actor)s)
        ON CONFLICT (name) DO UPDATE SET kind = EXCLUDED.kind, spec = EXCLUDED.spec, created_by = EXCLUDED.created_by,
            updated_at = now() RETURNING id"""
    params = {"name": name, "kind": kind, "spec": Jsonb(dict(spec)), "actor": scope.actor}
    identity: int = await fetch_value(tx, text, params)
    return identity


async def delete_mapping(tx: Tx, name: str) -> bool:
    """Delete a mapping; whether there was one."""
    return bool(await execute(tx, "DELETE FROM import_mapping WHERE name = %(name)s", {"name": name}))
