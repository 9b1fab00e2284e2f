"""SQL of crews and their members, and whose visits somebody may see."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow

from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value
from tieline.platform.scope import Permission, Scope, within
from tieline.utility.fieldwork.model import Crew

IN_REGION = within("c.region")
OWN_ORDERS = """(%(own)s::bigint IS NULL OR EXISTS (
    SELECT FROM crew_member own WHERE own.account_id = %(own)s AND own.crew_id = o.crew_id))"""
"""Keeps a query over ``work_order o`` to the orders of one's own crew; bind it with :func:`bounds`."""

_CREW = """
    SELECT c.id, c.code, c.name, c.region, c.active, coalesce(m.names, '{}') AS members
    FROM crew c LEFT JOIN LATERAL (
        SELECT array_agg(a.name ORDER BY a.name) AS names FROM crew_member m JOIN account a ON a.id = m.account_id
        WHERE m.crew_id = c.id) m ON true"""


def bounds(scope: Scope) -> dict[str, Any]:
    """Bind values for the scope: whoever may not see all field work sees that of their own crew."""
    own = None if scope.may(Permission.FIELD_READ) else scope.user_id or -1
    return {**scope.params(), "own": own}


def _crew(row: DictRow) -> Crew:
    return Crew(**{**row, "members": tuple(row["members"])})


async def crews(tx: Tx, scope: Scope, *, region: str | None = None) -> list[Crew]:
    """Crews within the scope, by name."""
    text = f"""{_CREW} WHERE {IN_REGION} AND (%(region)s::text IS NULL OR c.region = %(region)s)
        ORDER BY c.active DESC, c.name, c.id"""
    return [_crew(row) for row in await fetch_all(tx, text, {**scope.params(), "region": region})]


async def crew(tx: Tx, scope: Scope, crew_id: int, *, lock: bool = False) -> Crew | None:
    """One crew within the scope."""
    text = f"{_CREW} WHERE c.id = %(id)s AND {IN_REGION} {'FOR UPDATE OF c' if lock else ''}"
    row = await fetch_one(tx, text, {**scope.params(), "id": crew_id})
    return _crew(row) if row else None


async def crew_of(tx: Tx, account_id: int) -> Crew | None:
    """The crew that somebody belongs to."""
    text = f"{_CREW} WHERE c.id = (SELECT crew_id FROM crew_member WHERE account_id = %(id)s)"
    row = await fetch_one(tx, text, {"id": account_id})
    return _crew(row) if row else None


async def add_crew(tx: Tx, scope: Scope, now: datetime, *, code: str, name: str, region: str | None) -> int | None:
    """Add a crew; None when its code is taken."""
    text = """
        INSERT INTO crew (code, name, region, created_by, created_at)
        VALUES (%(code)s, %(name)s, %(region)s, %(actor)s, %(now)s) ON CONFLICT (code) DO NOTHING RETURNING id"""
    bound = {"code": code, "name": name, "region": region, "actor": scope.actor, "now": now}
    made: int | None = await fetch_value(tx, text, bound)
    return made


async def set_crew(tx: Tx, crew_id: int, name: str, region: str | None, *, active: bool) -> None:
    """Change what a crew is called, where it works, whether it works."""
    text = "UPDATE crew SET name = %(name)s, region = %(region)s, active = %(active)s WHERE id = %(id)s"
    await execute(tx, text, {"id": crew_id, "name": name, "region": region, "active": active})


async def accounts(tx: Tx, names: Sequence[str]) -> list[DictRow]:
    """Accounts of some names that may report from the field: their ids, names, and the crew each is in."""
    text = """
        SELECT a.id, a.name, c.id AS crew_id, c.name AS crew
        FROM account a LEFT JOIN crew_member m ON m.account_id = a.id LEFT JOIN crew c ON c.id = m.crew_id
        WHERE a.name = ANY(%(names)s) AND a.active AND a.roles && '{crew,technician,administrator}' ORDER BY a.name"""
    return await fetch_all(tx, text, {"names": list(names)})


async def candidates(tx: Tx) -> list[str]:
    """Names of the accounts that have the role of a crew and are in none."""
    text = """
        SELECT a.name FROM account a WHERE a.active AND 'crew' = ANY(a.roles)
            AND NOT EXISTS (SELECT FROM crew_member m WHERE m.account_id = a.id) ORDER BY a.name LIMIT 500"""
    return [row["name"] for row in await fetch_all(tx, text)]


async def set_members(tx: Tx, crew_id: int, account_ids: Sequence[int]) -> None:
    """Make these accounts, and no others, the members of a crew."""
    await execute(
        tx,
        "DELETE FROM crew_member WHERE crew_id = %(crew)s AND NOT account_id = ANY(%(ids)s)",
        {"crew": crew_id, "ids": list(account_ids)},
    )
    text = """
        INSERT INTO crew_member (account_id, crew_id) SELECT unnest(%(ids)s::bigint[]), %(crew)s
        ON CONFLICT (account_id) DO UPDATE SET crew_id = excluded.crew_id"""
    await execute(tx, text, {"crew": crew_id, "ids": list(account_ids)})
