"""Reading objects: which are meant, and then their contents, so many at a time."""

from collections.abc import Sequence

from tieline.gateway.model import AFTER_SEPARATOR, path_of
from tieline.gateway.objects.model import Node
from tieline.gateway.objects.store.filters import Compiled
from tieline.gateway.objects.store.objects import COLUMNS, node_of
from tieline.platform.db import Tx, execute, fetch_all, fetch_one
from tieline.standards.mns.dn import Dn
from tieline.standards.mns.scope import Scope

LONGEST_MS = 10_000
"""How long it may take the database to find the objects that a filter holds for."""


async def find(tx: Tx, utility_id: int, dn: Dn) -> Node | None:
    """Give one object, if it is this utility's."""
    row = await fetch_one(
        tx,
        f"SELECT {COLUMNS} FROM managed_object WHERE utility_id = %(utility)s AND path = %(path)s",
        {"utility": utility_id, "path": path_of(dn)},
    )
    return node_of(row) if row else None


async def within(tx: Tx, utility_id: int, base: Dn, scope: Scope, condition: Compiled) -> list[int]:
    """Give the keys of the objects in a scope that a condition holds for, parents before their children.

    The keys are gathered before they are sorted: otherwise a page of few hits may be sought along the whole tree.
    """
    await execute(tx, f"SET LOCAL statement_timeout = {LONGEST_MS}")
    least, most = scope.depths
    path = path_of(base)
    rows = await fetch_all(
        tx,
        f"""WITH hit AS MATERIALIZED (
                SELECT m.id, m.path FROM managed_object AS m
                WHERE m.utility_id = %(utility)s AND m.path >= %(low)s AND m.path < %(high)s
                  AND m.depth BETWEEN %(least)s AND %(most)s AND {condition.sql})
            SELECT id FROM hit ORDER BY path""",
        {
            **condition.params,
            "utility": utility_id,
            "low": path,
            "high": path + AFTER_SEPARATOR,
            "least": len(base) + least,
            "most": 32767 if most is None else len(base) + most,
        },
    )
    return [row["id"] for row in rows]


async def contents(tx: Tx, ids: Sequence[int]) -> list[Node]:
    """Give objects by key in the order of their names; those that went away meanwhile are left out."""
    rows = await fetch_all(tx, f"SELECT {COLUMNS} FROM managed_object WHERE id = ANY(%s) ORDER BY path", [list(ids)])
    return [node_of(row) for row in rows]
