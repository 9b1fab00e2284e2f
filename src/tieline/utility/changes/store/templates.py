"""Templates of changes and their versions."""

from datetime import datetime
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value
from tieline.platform.errors import NotFound
from tieline.platform.scope import Scope

_TEMPLATE = "SELECT t.id, t.name, t.created_by, t.created_at, t.retired_by, t.retired_at FROM change_template t"
_VERSION = """SELECT v.id, v.template_id, v.version, v.body, v.note, v.created_by, v.created_by_user, v.created_at,
    v.approved_by, v.approved_at FROM change_template_version v"""


async def every(tx: Tx, *, retired: bool) -> list[DictRow]:
    """Templates by name, with the newest version's facts."""
    text = """
        SELECT t.id, t.name, t.retired_at, v.version, v.body, v.note, v.created_by, v.created_at, v.approved_by,
            v.approved_at, (SELECT max(a.version) FROM change_template_version a
                WHERE a.template_id = t.id AND a.approved_at IS NOT NULL) AS approved_version
        FROM change_template t JOIN LATERAL (SELECT * FROM change_template_version x WHERE x.template_id = t.id
            ORDER BY x.version DESC LIMIT 1) v ON true
        WHERE %(retired)s OR t.retired_at IS NULL ORDER BY lower(t.name), t.id LIMIT 1000"""
    return await fetch_all(tx, text, {"retired": retired})


async def get(tx: Tx, template_id: int) -> DictRow:
    """A template; raises ``NotFound``."""
    row = await fetch_one(tx, f"{_TEMPLATE} WHERE t.id = %(id)s", {"id": template_id})
    if row is None:
        raise NotFound(f"There is no template {template_id}.")
    return row


async def by_name(tx: Tx, name: str, *, lock: bool = False) -> DictRow | None:
    """A template by its name."""
    return await fetch_one(tx, f"{_TEMPLATE} WHERE t.name = %(name)s {'FOR UPDATE' if lock else ''}", {"name": name})


async def add(tx: Tx, scope: Scope, name: str, at: datetime) -> int:
    """Add a template without a version; one that somebody else added meanwhile is taken, and locked."""
    text = """
        INSERT INTO change_template (name, created_by, created_at) VALUES (%(name)s, %(actor)s, %(at)s)
        ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id"""
    made: int = await fetch_value(tx, text, {"name": name, "actor": scope.actor, "at": at})
    return made


async def add_version(tx: Tx, scope: Scope, template_id: int, body: Any, *, note: str, at: datetime) -> int:
    """Add the next version of a template; returns its number."""
    text = """
        INSERT INTO change_template_version (template_id, version, body, note, created_by, created_by_user, created_at)
        SELECT %(id)s, coalesce(max(version), 0) + 1, %(body)s, %(note)s, %(actor)s, %(user)s, %(at)s
        FROM change_template_version WHERE template_id = %(id)s RETURNING version"""
    bound = {"id": template_id, "body": Jsonb(body), "note": note, "actor": scope.actor, "user": scope.user_id}
    version: int = await fetch_value(tx, text, {**bound, "at": at})
    return version


async def versions(tx: Tx, template_id: int) -> list[DictRow]:
    """A template's versions, the newest first."""
    return await fetch_all(
        tx, f"{_VERSION} WHERE v.template_id = %(id)s ORDER BY v.version DESC LIMIT 500", {"id": template_id}
    )


async def version(tx: Tx, template_id: int, number: int, *, lock: bool = False) -> DictRow:
    """A version of a template; raises ``NotFound``."""
    text = f"{_VERSION} WHERE v.template_id = %(id)s AND v.version = %(number)s {'FOR UPDATE' if lock else ''}"
    row = await fetch_one(tx, text, {"id": template_id, "number": number})
    if row is None:
        raise NotFound(f"There is no version {number} of template {template_id}.")
    return row


async def by_version_id(tx: Tx, version_id: int) -> DictRow | None:
    """A version by its own id."""
    return await fetch_one(tx, f"{_VERSION} WHERE v.id = %(id)s", {"id": version_id})


async def approve(tx: Tx, scope: Scope, version_id: int, at: datetime) -> None:
    """Approve a version."""
    text = "UPDATE change_template_version SET approved_by = %(actor)s, approved_at = %(at)s WHERE id = %(id)s"
    await execute(tx, text, {"id": version_id, "actor": scope.actor, "at": at})


async def retire(tx: Tx, scope: Scope, template_id: int, at: datetime) -> None:
    """Offer a template no more."""
    text = "UPDATE change_template SET retired_by = %(actor)s, retired_at = %(at)s WHERE id = %(id)s"
    await execute(tx, text, {"id": template_id, "actor": scope.actor, "at": at})
