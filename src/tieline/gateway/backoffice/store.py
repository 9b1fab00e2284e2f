"""SQL of the back office: bulk loading, listing, counting."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from psycopg.rows import DictRow

from tieline.gateway.model import SEPARATOR, Consumer, path_of
from tieline.gateway.objects.store.objects import COLUMNS
from tieline.platform.db import Tx, copy_in, execute, fetch_all, fetch_value
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


async def children(
    tx: Tx, consumer: Consumer, class_name: str, *, after: str, limit: int, state: str | None
) -> list[DictRow]:
    """Give objects of one class below the root, by identifier."""
    low = f"{path_of(consumer.root)}{SEPARATOR}{class_name}="
    return await fetch_all(
        tx,
        f"""SELECT {COLUMNS} FROM managed_object
            WHERE utility_id = %(utility)s AND path > %(after)s AND path < %(high)s
              AND (%(state)s::text IS NULL OR attributes -> 'state' = to_jsonb(%(state)s::text))
            ORDER BY path LIMIT %(limit)s""",
        {"utility": consumer.id, "after": low + after, "high": low[:-1] + ">", "limit": limit, "state": state},
    )


async def counts(tx: Tx, utility_id: int, desired: tuple[str, ...]) -> dict[str, Any]:
    """Count what there is of one utility."""
    states = await fetch_all(
        tx,
        """SELECT attributes ->> 'state' AS state, observed -> 'operational' ->> 'state' AS operational, count(*) AS n,
               count(*) FILTER (WHERE EXISTS (
                   SELECT 1 FROM unnest(%(desired)s::text[]) AS name
                   WHERE attributes -> name IS DISTINCT FROM observed -> 'operational' -> name)) AS lagging
           FROM managed_object WHERE utility_id = %(utility)s AND class = 'UtilitySubscription'
           GROUP BY 1, 2""",
        {"utility": utility_id, "desired": list(desired)},
    )
    changes = await fetch_all(
        tx, "SELECT party, count(*) AS n FROM change_log WHERE utility_id = %s GROUP BY party", [utility_id]
    )
    jobs = await fetch_all(
        tx,
        "SELECT state, count(*) AS n FROM plan_job WHERE utility_id = %s AND kind = 'activation' GROUP BY state",
        [utility_id],
    )
    cards = "SELECT count(*) FROM managed_object WHERE utility_id = %s AND class = 'UtilityCard'"
    waiting = (
        "SELECT count(*) FROM notification n JOIN recipient r ON r.object_id = n.recipient_id WHERE r.utility_id = %s"
    )
    return {
        "subscriptions": sum(row["n"] for row in states),
        "cards": await fetch_value(tx, cards, [utility_id]),
        "by_state": _summed(states, "state"),
        "by_operational_state": _summed(states, "operational"),
        "lagging": sum(row["lagging"] for row in states),
        "changes": {row["party"]: row["n"] for row in changes},
        "activation_jobs": {row["state"]: row["n"] for row in jobs},
        "notifications_waiting": await fetch_value(tx, waiting, [utility_id]),
        "orders_waiting": await fetch_value(
            tx, "SELECT count(*) FROM network_order WHERE utility_id = %s", [utility_id]
        ),
    }


def _summed(rows: Iterable[DictRow], name: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        key = row[name] or "none"
        found[key] = found.get(key, 0) + row["n"]
    return dict(sorted(found.items()))
