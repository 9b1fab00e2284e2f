"""Managed objects in the database: locked loading, and writing many at once.

Rows go in as one JSON array a statement: one parameter to bind however many there are.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.gateway.model import AFTER_SEPARATOR, SEPARATOR, dn_of, path_of
from tieline.gateway.objects.model import Node
from tieline.platform.db import Tx, execute, fetch_all
from tieline.standards.mns.dn import Dn

COLUMNS = "id, path, attributes, observed, version, last_modified_at, last_modified_by, last_plan"


def node_of(row: DictRow) -> Node:
    """Make an object of a row with ``COLUMNS``."""
    return Node(
        dn=dn_of(row["path"]),
        attributes=row["attributes"],
        observed=row["observed"],
        modified_at=row["last_modified_at"],
        modified_by=row["last_modified_by"],
        last_plan=row["last_plan"],
        version=row["version"],
        id=row["id"],
    )


async def load(tx: Tx, utility_id: int, names: Iterable[Dn]) -> list[Node]:
    """Load those of the objects that exist, as they are now."""
    rows = await fetch_all(
        tx,
        f"SELECT {COLUMNS} FROM managed_object WHERE utility_id = %(utility)s AND path = ANY(%(paths)s)",
        {"utility": utility_id, "paths": [path_of(dn) for dn in names]},
    )
    return [node_of(row) for row in rows]


async def lock(tx: Tx, utility_id: int, names: Iterable[Dn]) -> list[Node]:
    """Load those of the objects that exist and hold them until the transaction ends; always in one order."""
    rows = await fetch_all(
        tx,
        f"""SELECT {COLUMNS} FROM managed_object WHERE utility_id = %(utility)s AND path = ANY(%(paths)s)
            ORDER BY id FOR NO KEY UPDATE""",
        {"utility": utility_id, "paths": [path_of(dn) for dn in names]},
    )
    return [node_of(row) for row in rows]


async def below(tx: Tx, utility_id: int, base: Dn, *, lock: bool) -> list[Node]:
    """Load everything below an object, to be deleted if it is locked."""
    path = path_of(base)
    rows = await fetch_all(
        tx,
        f"""SELECT {COLUMNS} FROM managed_object
            WHERE utility_id = %(utility)s AND path > %(low)s AND path < %(high)s
            ORDER BY id {"FOR UPDATE" if lock else ""}""",
        {"utility": utility_id, "low": path + SEPARATOR, "high": path + AFTER_SEPARATOR},
    )
    return [node_of(row) for row in rows]


async def hold(tx: Tx, utility_id: int, names: Collection[Dn]) -> list[Node]:
    """Load objects that others are to be made below: they may change meanwhile, but not go away."""
    if not names:
        return []
    rows = await fetch_all(
        tx,
        f"""SELECT {COLUMNS} FROM managed_object WHERE utility_id = %(utility)s AND path = ANY(%(paths)s)
            ORDER BY id FOR KEY SHARE""",
        {"utility": utility_id, "paths": [path_of(dn) for dn in names]},
    )
    return [node_of(row) for row in rows]


async def lock_ids(tx: Tx, ids: Sequence[int]) -> list[Node]:
    """Load objects by their key and hold them; those that are gone are left out."""
    rows = await fetch_all(
        tx, f"SELECT {COLUMNS} FROM managed_object WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [list(ids)]
    )
    return [node_of(row) for row in rows]


async def count_children(tx: Tx, utility_id: int, parent: Dn, class_name: str) -> int:
    """Count an object's children of one class."""
    path = path_of(parent) + SEPARATOR + class_name
    rows = await fetch_all(
        tx,
        """SELECT count(*) AS n FROM managed_object
           WHERE utility_id = %(utility)s AND path > %(low)s AND path < %(high)s AND depth = %(depth)s""",
        {"utility": utility_id, "low": f"{path}=", "high": f"{path}>", "depth": len(parent) + 1},
    )
    return int(rows[0]["n"])


async def insert(tx: Tx, utility_id: int, nodes: Sequence[Node]) -> dict[Dn, int]:
    """Write new objects; gives their keys."""
    if not nodes:
        return {}
    rows = await fetch_all(
        tx,
        """INSERT INTO managed_object (utility_id, path, class, name, depth, attributes, observed, version,
               last_modified_at, last_modified_by, last_plan)
           SELECT %(utility)s, path, class, name, depth, attributes, observed, version, at, by, plan
           FROM jsonb_to_recordset(%(rows)s) AS r(path text, class text, name text, depth smallint, attributes jsonb,
               observed jsonb, version integer, at timestamptz, by text, plan text)
           RETURNING id, path""",
        {"utility": utility_id, "rows": Jsonb([_new_row(node) for node in nodes])},
    )
    return {dn_of(row["path"]): row["id"] for row in rows}


async def update(tx: Tx, nodes: Sequence[Node]) -> None:
    """Write objects that changed."""
    if nodes:
        await execute(
            tx,
            """UPDATE managed_object AS m
               SET attributes = r.attributes, observed = r.observed, version = r.version, last_modified_at = r.at,
                   last_modified_by = r.by, last_plan = r.plan
               FROM jsonb_to_recordset(%(rows)s) AS r(id bigint, attributes jsonb, observed jsonb, version integer,
                   at timestamptz, by text, plan text)
               WHERE m.id = r.id""",
            {"rows": Jsonb([{"id": node.id, **_row(node)} for node in nodes])},
        )


async def update_observed(tx: Tx, nodes: Sequence[Node]) -> None:
    """Write what the network says of objects, and nothing else: no index is touched."""
    if nodes:
        await execute(
            tx,
            """UPDATE managed_object AS m SET observed = r.observed, version = r.version
               FROM jsonb_to_recordset(%(rows)s) AS r(id bigint, observed jsonb, version integer) WHERE m.id = r.id""",
            {"rows": Jsonb([{"id": n.id, "observed": n.observed, "version": n.version} for n in nodes])},
        )


async def delete(tx: Tx, ids: Sequence[int]) -> None:
    """Remove objects."""
    if ids:
        await execute(tx, "DELETE FROM managed_object WHERE id = ANY(%s)", [list(ids)])


def _row(node: Node) -> dict[str, Any]:
    return {
        "attributes": node.attributes,
        "observed": node.observed,
        "version": node.version,
        "at": node.modified_at,
        "by": node.modified_by,
        "plan": node.last_plan,
    }


def _new_row(node: Node) -> dict[str, Any]:
    dn = node.dn
    return {"path": path_of(dn), "class": dn.class_name, "name": dn.id, "depth": len(dn), **_row(node)}
