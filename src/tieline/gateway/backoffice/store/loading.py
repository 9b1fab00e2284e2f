"""SQL of bulk loading."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from tieline.gateway.model import Consumer, path_of
from tieline.platform.db import Tx, copy_in, execute, fetch_all
from tieline.standards.mns.dn import Dn

_encode = msgspec.json.Encoder().encode


async def stage(tx: Tx, rows: Iterable[tuple[Dn, dict[str, Any], dict[str, Any]]]) -> int:
    """Copy new objects (name, attributes, what is observed) into a table of this transaction; gives how many."""
    await execute(
        tx,
        """CREATE TEMPORARY TABLE IF NOT EXISTS incoming (n bigint GENERATED ALWAYS AS IDENTITY, path text COLLATE "C",
               class text, name text, depth smallint, attributes jsonb, observed jsonb) ON COMMIT DROP""",
    )
    return await copy_in(
        tx,
        "incoming (path, class, name, depth, attributes, observed)",
        (
            (path_of(dn), dn.class_name, dn.id, len(dn), _encode(own).decode(), _encode(observed).decode())
            for dn, own, observed in rows
        ),
    )


async def take_staged(tx: Tx, consumer: Consumer, source: str, now: datetime) -> dict[str, int]:
    """Make the objects that were copied in, log and notify them; those that are there already stay as they are.

    Gives how many were made of each class.
    """
    rows = await fetch_all(
        tx,
        """WITH made AS (
               INSERT INTO managed_object (utility_id, path, class, name, depth, attributes, observed,
                   last_modified_at, last_modified_by)
               SELECT %(utility)s, path, class, name, depth, attributes, observed, %(now)s, %(source)s
               FROM incoming ORDER BY n
               ON CONFLICT (utility_id, path) DO NOTHING
               RETURNING class, name, path, attributes),
           logged AS (
               INSERT INTO change_log (utility_id, at, party, source, operation, dn, version, after, reason)
               SELECT %(utility)s, %(now)s, 'staff', %(source)s, 'created',
                   'SubNetwork=' || %(code)s || ',' || class || '=' || name, 1, attributes, 'bulk load' FROM made),
           told AS (
               INSERT INTO notification (recipient_id, type, path, source, body, event_at, due_at)
               SELECT r.object_id, 'created', made.path, 'MANAGEMENT_OPERATION',
                   json_build_object('after', made.attributes), %(now)s, %(now)s
               FROM made CROSS JOIN recipient r WHERE r.utility_id = %(utility)s)
           SELECT class, count(*) AS n FROM made GROUP BY class""",
        {"utility": consumer.id, "code": consumer.code, "now": now, "source": source},
    )
    await execute(tx, "TRUNCATE incoming")
    return {row["class"]: row["n"] for row in rows}


async def refresh_statistics(tx: Tx) -> None:
    """Have the planner know of what was loaded."""
    await execute(tx, "ANALYZE managed_object")
