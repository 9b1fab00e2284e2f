"""All SQL of event subscriptions and of what is to be told about them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.gateway.exposure.monitoring.policy import Recipient
from tieline.gateway.model import LONGEST_WAIT
from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value

_COLUMNS = "id, document, subscription, lan_group, destination, reports_left, expires_at"


async def add(tx: Tx, utility_id: int, values: Mapping[str, Any], now: datetime) -> int:
    """Keep an event subscription; gives its number."""
    return int(
        await fetch_value(
            tx,
            """INSERT INTO event_subscription (utility_id, document, subscription, lan_group, destination, reports_left,
                   expires_at, retry_at, created_at)
               VALUES (%(utility)s, %(document)s, %(subscription)s, %(lan_group)s, %(destination)s, %(reports_left)s,
                   %(expires_at)s, %(now)s, %(now)s) RETURNING id""",
            {**values, "document": Jsonb(values["document"]), "utility": utility_id, "now": now},
        )
    )


async def replace(tx: Tx, number: int, values: Mapping[str, Any]) -> None:
    """Give an event subscription other terms."""
    await execute(
        tx,
        """UPDATE event_subscription SET document = %(document)s, subscription = %(subscription)s,
               lan_group = %(lan_group)s, destination = %(destination)s, reports_left = %(reports_left)s,
               expires_at = %(expires_at)s, attempts = 0 WHERE id = %(id)s""",
        {**values, "document": Jsonb(values["document"]), "id": number},
    )


async def count(tx: Tx, utility_id: int) -> int:
    """Count a utility's event subscriptions."""
    return int(await fetch_value(tx, "SELECT count(*) FROM event_subscription WHERE utility_id = %s", [utility_id]))


async def find(tx: Tx, utility_id: int, number: int, now: datetime) -> DictRow | None:
    """Give an event subscription of a utility that is still in force; held until the transaction ends."""
    return await fetch_one(
        tx,
        f"""SELECT {_COLUMNS} FROM event_subscription WHERE utility_id = %s AND id = %s AND {_IN_FORCE}
            FOR UPDATE""",
        [utility_id, number, now],
    )


async def listed(tx: Tx, utility_id: int, now: datetime) -> list[DictRow]:
    """Give a utility's event subscriptions in force, the oldest first."""
    return await fetch_all(
        tx,
        f"SELECT {_COLUMNS} FROM event_subscription WHERE utility_id = %s AND {_IN_FORCE} ORDER BY id",
        [utility_id, now],
    )


async def watching(tx: Tx, utility_id: int, now: datetime) -> list[DictRow]:
    """Give the event subscriptions that a change may concern, held so that reports are counted one by one."""
    return await fetch_all(
        tx,
        f"""SELECT {_COLUMNS} FROM event_subscription WHERE utility_id = %s AND {_IN_FORCE} ORDER BY id
            FOR NO KEY UPDATE""",
        [utility_id, now],
    )


async def is_watched(tx: Tx, utility_id: int) -> bool:
    """Tell whether a utility has any event subscription: most changes are over with this question."""
    return (
        await fetch_one(tx, "SELECT 1 FROM event_subscription WHERE utility_id = %s LIMIT 1", [utility_id]) is not None
    )


async def delete(tx: Tx, number: int) -> None:
    """Forget an event subscription, and what was still to be told about it."""
    await execute(tx, "DELETE FROM event_subscription WHERE id = %s", [number])


async def queue(tx: Tx, rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Have reports sent: ``subscription`` (its number), ``report`` (None: a test), ``copies``, ``late`` seconds."""
    await execute(
        tx,
        """INSERT INTO event_notification (event_subscription_id, report, copies, due_at, at)
           SELECT subscription, nullif(report, 'null'), copies, %(now)s::timestamptz + late * interval '1 second',
               %(now)s
           FROM ROWS FROM (jsonb_to_recordset(%(rows)s) AS (subscription bigint, report jsonb, copies smallint,
               late double precision)) WITH ORDINALITY AS r(subscription, report, copies, late, n) ORDER BY n""",
        {"rows": Jsonb([dict(row) for row in rows]), "now": now},
    )


async def count_down(tx: Tx, reports: Mapping[int, int]) -> None:
    """Count reports off those that were asked for."""
    await execute(
        tx,
        """UPDATE event_subscription e SET reports_left = reports_left - r.n
           FROM jsonb_to_recordset(%s) AS r(id bigint, n integer) WHERE e.id = r.id AND reports_left IS NOT NULL""",
        [Jsonb([{"id": number, "n": n} for number, n in reports.items()])],
    )


async def ready(tx: Tx, now: datetime) -> list[Recipient]:
    """Give the event subscriptions for which something is to be sent, and whose recipient is not left alone."""
    rows = await fetch_all(
        tx,
        """SELECT e.id, e.destination, e.attempts, u.code, u.notification_hosts
           FROM event_subscription e JOIN utility u ON u.id = e.utility_id
           WHERE (e.retry_at <= %(now)s OR e.retry_at > %(latest)s) AND EXISTS (
               SELECT 1 FROM event_notification n WHERE n.event_subscription_id = e.id AND n.due_at <= %(now)s)
           ORDER BY e.id""",
        {"now": now, "latest": now + LONGEST_WAIT},
    )
    return [
        Recipient(row["id"], row["code"], row["destination"], frozenset(row["notification_hosts"]), row["attempts"])
        for row in rows
    ]


async def pending(tx: Tx, number: int, now: datetime, most: int) -> list[DictRow]:
    """Give what is to be sent next about an event subscription, in order."""
    return await fetch_all(
        tx,
        """SELECT id, report, copies FROM event_notification
           WHERE event_subscription_id = %s AND due_at <= %s ORDER BY id LIMIT %s""",
        [number, now, most],
    )


async def delivered(tx: Tx, number: int, ids: Sequence[int]) -> None:
    """Take off the list what was taken."""
    await execute(tx, "DELETE FROM event_notification WHERE id = ANY(%s)", [list(ids)])
    await execute(
        tx,
        """UPDATE event_subscription SET attempts = 0, last_error = NULL, delivered = delivered + %s WHERE id = %s""",
        [len(ids), number],
    )


async def failed(tx: Tx, number: int, error: str, retry_at: datetime) -> None:
    """Leave a recipient alone for a while."""
    await execute(
        tx,
        "UPDATE event_subscription SET attempts = attempts + 1, last_error = %s, retry_at = %s WHERE id = %s",
        [error[:500], retry_at, number],
    )


async def next_due(tx: Tx) -> datetime | None:
    """Say when something is next to be sent, if anything is waiting."""
    found: datetime | None = await fetch_value(
        tx,
        """SELECT min(greatest(n.due_at, e.retry_at)) FROM event_notification n
           JOIN event_subscription e ON e.id = n.event_subscription_id""",
    )
    return found


async def give_up(tx: Tx, oldest: datetime) -> int:
    """Drop reports from before a moment that nobody ever took; gives how many."""
    return await execute(tx, "DELETE FROM event_notification WHERE at < %s", [oldest])


async def forget_over(tx: Tx, now: datetime) -> None:
    """Forget event subscriptions that have run out and have nothing left to tell."""
    await execute(
        tx,
        """DELETE FROM event_subscription e WHERE (e.expires_at <= %s OR e.reports_left = 0)
           AND NOT EXISTS (SELECT 1 FROM event_notification n WHERE n.event_subscription_id = e.id)""",
        [now],
    )


_IN_FORCE = "(expires_at IS NULL OR expires_at > %s) AND reports_left IS DISTINCT FROM 0"
