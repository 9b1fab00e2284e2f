"""Policies of standard changes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value
from tieline.platform.errors import NotFound
from tieline.platform.scope import Scope

_POLICY = """SELECT id, name, kind, max_items, critical_sites, windows, template_version_id, origin, created_by,
    created_by_user, created_at, approved_by, approved_at, retired_at FROM standard_policy"""


async def policies(tx: Tx) -> list[DictRow]:
    """Every policy, by name."""
    return await fetch_all(tx, f"{_POLICY} ORDER BY name")


async def policy(tx: Tx, policy_id: int, *, lock: bool = False) -> DictRow:
    """A policy; raises ``NotFound``."""
    row = await fetch_one(tx, f"{_POLICY} WHERE id = %(id)s {'FOR UPDATE' if lock else ''}", {"id": policy_id})
    if row is None:
        raise NotFound(f"There is no policy {policy_id}.")
    return row


async def add_policy(tx: Tx, scope: Scope, values: Mapping[str, Any]) -> int | None:
    """Add a policy, not yet approved, of the asker or whom ``values`` name; None when its name is taken."""
    text = """
        INSERT INTO standard_policy (name, kind, max_items, critical_sites, windows, template_version_id, origin,
            created_by, created_by_user)
        VALUES (%(name)s, %(kind)s, %(max_items)s, %(critical_sites)s, %(windows)s, %(template_version_id)s,
            %(origin)s, %(actor)s, %(user_id)s)
        ON CONFLICT (name) DO NOTHING RETURNING id"""
    author = {"actor": scope.actor, "user_id": scope.user_id, "origin": "", "template_version_id": None}
    bound = {**author, **values, "windows": Jsonb(values.get("windows", []))}
    made: int | None = await fetch_value(tx, text, bound)
    return made


async def approve_policy(tx: Tx, scope: Scope, policy_id: int, at: datetime) -> None:
    """Put a policy in force."""
    text = "UPDATE standard_policy SET approved_by = %(actor)s, approved_at = %(at)s WHERE id = %(id)s"
    await execute(tx, text, {"id": policy_id, "actor": scope.actor, "at": at})


async def retire_policy(tx: Tx, policy_id: int, at: datetime) -> None:
    """Take a policy out of force."""
    await execute(tx, "UPDATE standard_policy SET retired_at = %(at)s WHERE id = %(id)s", {"id": policy_id, "at": at})
