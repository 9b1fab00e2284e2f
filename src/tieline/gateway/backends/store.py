"""All SQL of what the network has still to do, and of what the simulated one has done to whom."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, execute, fetch_all, fetch_value


async def order(tx: Tx, utility_id: int, orders: Sequence[tuple[int, str, int, float]], now: datetime) -> None:
    """Have objects brought into line: (object, subscription, version, seconds until it is worth asking).

    An object has one order at most: a newer one takes the older one's place, since only the newest state is wanted.
    """
    if not orders:
        return
    rows = [{"id": i, "name": name, "version": v, "due": now + timedelta(seconds=s)} for i, name, v, s in orders]
    await execute(
        tx,
        """INSERT INTO network_order (object_id, utility_id, subscription, version, due_at)
           SELECT id, %(utility)s, name, version, due
           FROM jsonb_to_recordset(%(rows)s) AS r(id bigint, name text, version integer, due timestamptz)
           ON CONFLICT (object_id) DO UPDATE SET version = excluded.version, due_at = excluded.due_at, attempts = 0""",
        {"utility": utility_id, "rows": Jsonb(rows)},
    )


async def due(tx: Tx, now: datetime, limit: int) -> list[DictRow]:
    """Give orders whose time has come, with what is wanted."""
    return await fetch_all(
        tx,
        """SELECT o.object_id, o.utility_id, o.subscription, o.version, o.attempts, m.attributes
           FROM network_order o JOIN managed_object m ON m.id = o.object_id
           WHERE o.due_at <= %(now)s ORDER BY o.due_at LIMIT %(limit)s""",
        {"now": now, "limit": limit},
    )


async def next_due(tx: Tx) -> datetime | None:
    """Say when the next order is due, if there is one."""
    found: datetime | None = await fetch_value(tx, "SELECT min(due_at) FROM network_order")
    return found


async def settle(tx: Tx, done: Sequence[tuple[int, int]]) -> set[int]:
    """Take orders off the list: (object, version). One that was renewed meanwhile stays; gives those taken off."""
    rows = await fetch_all(
        tx,
        """DELETE FROM network_order o USING jsonb_to_recordset(%(rows)s) AS r(id bigint, version integer)
           WHERE o.object_id = r.id AND o.version = r.version RETURNING o.object_id""",
        {"rows": Jsonb([{"id": i, "version": v} for i, v in done])},
    )
    return {row["object_id"] for row in rows}


async def postpone(tx: Tx, orders: Sequence[tuple[int, float]], now: datetime) -> None:
    """Ask again later: (object, seconds)."""
    if orders:
        rows = [{"id": i, "due": now + timedelta(seconds=s)} for i, s in orders]
        await execute(
            tx,
            """UPDATE network_order o SET due_at = r.due, attempts = o.attempts + 1
               FROM jsonb_to_recordset(%(rows)s) AS r(id bigint, due timestamptz) WHERE o.object_id = r.id""",
            {"rows": Jsonb(rows)},
        )


async def read_faults(tx: Tx) -> object | None:
    """Give the faults that were set through the back office, if any were."""
    found: object | None = await fetch_value(tx, "SELECT document FROM simulated_faults")
    return found


async def write_faults(tx: Tx, document: object) -> None:
    """Keep faults over restarts, and forget whom the former ones had chosen."""
    await execute(
        tx,
        """INSERT INTO simulated_faults (document) VALUES (%s)
           ON CONFLICT (singleton) DO UPDATE SET document = excluded.document""",
        [Jsonb(document)],
    )
    await execute(tx, "DELETE FROM simulated_strike")


async def read_strikes(tx: Tx) -> list[tuple[int, str]]:
    """Give whom the faults have chosen so far."""
    rows = await fetch_all(tx, "SELECT rule, subscription FROM simulated_strike")
    return [(row["rule"], row["subscription"]) for row in rows]


async def add_strikes(tx: Tx, strikes: Sequence[tuple[int, str]]) -> None:
    """Write down whom the faults have newly chosen."""
    await execute(
        tx,
        """INSERT INTO simulated_strike (rule, subscription)
           SELECT rule, subscription FROM jsonb_to_recordset(%s) AS r(rule integer, subscription text)
           ON CONFLICT DO NOTHING""",
        [Jsonb([{"rule": rule, "subscription": subscription} for rule, subscription in strikes])],
    )
