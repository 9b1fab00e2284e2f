"""All SQL of notifications: who is to be told, the queue, and how deliveries went."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from tieline.gateway.model import LONGEST_WAIT, dn_of
from tieline.gateway.notify.model import Pending, Recipient
from tieline.platform.db import Tx, execute, fetch_all, fetch_value


async def watches(tx: Tx, utility_id: int) -> list[tuple[int, str, dict[str, Any]]]:
    """Give a utility's recipients: key, path and attributes of each subscription."""
    rows = await fetch_all(
        tx,
        """SELECT r.object_id, m.path, m.attributes FROM recipient r JOIN managed_object m ON m.id = r.object_id
           WHERE r.utility_id = %s""",
        [utility_id],
    )
    return [(row["object_id"], row["path"], row["attributes"]) for row in rows]


async def add(tx: Tx, rows: Sequence[dict[str, Any]], now: datetime) -> None:
    """Put notifications into the queue, in order."""
    await execute(
        tx,
        """INSERT INTO notification (recipient_id, type, path, source, body, copies, event_at, due_at)
           SELECT recipient, type, path, source, body, copies, %(now)s,
               %(now)s::timestamptz + late * interval '1 second'
           FROM ROWS FROM (jsonb_to_recordset(%(rows)s) AS (recipient bigint, type text, path text, source text,
               body json, copies smallint, late double precision))
               WITH ORDINALITY AS r(recipient, type, path, source, body, copies, late, n)
           ORDER BY n""",
        {"rows": Jsonb(list(rows)), "now": now},
    )


async def add_recipients(tx: Tx, utility_id: int, object_ids: Sequence[int], now: datetime) -> None:
    """Begin to keep notifications for new subscriptions."""
    await execute(
        tx,
        """INSERT INTO recipient (object_id, utility_id, retry_at) SELECT id, %(utility)s, %(now)s
           FROM unnest(%(ids)s::bigint[]) AS id""",
        {"utility": utility_id, "ids": list(object_ids), "now": now},
    )


async def set_heartbeat(tx: Tx, utility_id: int, path: str, period_s: int, now: datetime) -> None:
    """Start, change or (0) stop the heartbeat of the subscription at a path; a changed period starts anew."""
    await execute(
        tx,
        """UPDATE recipient r SET heartbeat_s = %(period)s,
               heartbeat_due_at = CASE WHEN %(period)s > 0 THEN %(now)s + %(period)s * interval '1 second' END
           FROM managed_object m
           WHERE m.id = r.object_id AND m.utility_id = %(utility)s AND m.path = %(path)s
             AND r.heartbeat_s <> %(period)s""",
        {"utility": utility_id, "path": path, "period": period_s, "now": now},
    )


async def heartbeat_now(tx: Tx, utility_id: int, path: str, heartbeat_path: str, now: datetime) -> None:
    """Send one heartbeat at once, leaving the timer alone."""
    await execute(
        tx,
        """INSERT INTO notification (recipient_id, type, path, source, body, event_at, due_at)
           SELECT r.object_id, 'heartbeat', %(heartbeat)s, '', '{}', %(now)s, %(now)s
           FROM recipient r JOIN managed_object m ON m.id = r.object_id
           WHERE m.utility_id = %(utility)s AND m.path = %(path)s""",
        {"utility": utility_id, "path": path, "heartbeat": heartbeat_path, "now": now},
    )


async def beat(tx: Tx, now: datetime) -> int:
    """Queue the heartbeats whose countdown has reached 0, unless one still waits; gives how many recipients."""
    return await execute(
        tx,
        """WITH beating AS (
               UPDATE recipient SET heartbeat_due_at = %(now)s + heartbeat_s * interval '1 second'
               WHERE heartbeat_s > 0 AND (heartbeat_due_at <= %(now)s
                   OR heartbeat_due_at > %(now)s + 2 * heartbeat_s * interval '1 second') RETURNING object_id)
           INSERT INTO notification (recipient_id, type, path, source, body, event_at, due_at)
           SELECT b.object_id, 'heartbeat', h.path, '', '{}', %(now)s, %(now)s
           FROM beating b JOIN managed_object m ON m.id = b.object_id
           JOIN managed_object h ON h.utility_id = m.utility_id AND h.class = 'HeartbeatControl'
               AND h.path > m.path || E'\\x1f' AND h.path < m.path || ' '
           WHERE NOT EXISTS (
               SELECT 1 FROM notification n WHERE n.recipient_id = b.object_id AND n.type = 'heartbeat')""",
        {"now": now},
    )


async def ready(tx: Tx, now: datetime) -> list[Recipient]:
    """Give the recipients for whom something is due and who are not being left alone."""
    rows = await fetch_all(
        tx,
        """SELECT r.object_id, r.utility_id, r.attempts, r.delivered, r.heartbeat_s, m.path, m.attributes,
               u.notification_hosts
           FROM recipient r JOIN managed_object m ON m.id = r.object_id JOIN utility u ON u.id = r.utility_id
           WHERE (r.retry_at <= %(now)s OR r.retry_at > %(latest)s) AND EXISTS (
               SELECT 1 FROM notification n WHERE n.recipient_id = r.object_id AND n.due_at <= %(now)s)""",
        {"now": now, "latest": now + LONGEST_WAIT},
    )
    return [
        Recipient(
            id=row["object_id"],
            utility_id=row["utility_id"],
            dn=dn_of(row["path"]),
            attributes=row["attributes"],
            hosts=frozenset(row["notification_hosts"]),
            attempts=row["attempts"],
            delivered=row["delivered"],
            heartbeat_s=row["heartbeat_s"],
        )
        for row in rows
    ]


async def pending(tx: Tx, recipient_id: int, now: datetime, limit: int) -> list[Pending]:
    """Give what a recipient is to be told next, in order."""
    rows = await fetch_all(
        tx,
        """SELECT id, type, path, source, body, copies, event_at FROM notification
           WHERE recipient_id = %(recipient)s AND due_at <= %(now)s ORDER BY id LIMIT %(limit)s""",
        {"recipient": recipient_id, "now": now, "limit": limit},
    )
    return [
        Pending(
            id=row["id"],
            kind=row["type"],
            dn=dn_of(row["path"]),
            source=row["source"],
            before=row["body"].get("before"),
            after=row["body"].get("after"),
            copies=row["copies"],
            event_at=row["event_at"],
        )
        for row in rows
    ]


async def delivered(tx: Tx, recipient_id: int, ids: Sequence[int], posts: int, now: datetime) -> None:
    """Take notifications that were taken off the queue."""
    await execute(tx, "DELETE FROM notification WHERE id = ANY(%s)", [list(ids)])
    await execute(
        tx,
        """UPDATE recipient SET delivered = delivered + %(posts)s, delivered_at = %(now)s, attempts = 0,
               last_error = NULL WHERE object_id = %(recipient)s""",
        {"recipient": recipient_id, "posts": posts, "now": now},
    )


async def failed(tx: Tx, recipient_id: int, error: str, retry_at: datetime) -> None:
    """Leave a recipient alone for a while; what it is to be told stays in the queue."""
    await execute(
        tx,
        """UPDATE recipient SET attempts = attempts + 1, last_error = %(error)s, retry_at = %(retry)s
           WHERE object_id = %(recipient)s""",
        {"recipient": recipient_id, "error": error[:500], "retry": retry_at},
    )


async def next_due(tx: Tx) -> datetime | None:
    """Say when something may next be sent, if anything is waiting."""
    found: datetime | None = await fetch_value(
        tx,
        """SELECT min(at) FROM (
               SELECT min(greatest(n.due_at, r.retry_at)) AS at
               FROM recipient r CROSS JOIN LATERAL (
                   SELECT due_at FROM notification WHERE recipient_id = r.object_id ORDER BY due_at LIMIT 1) n
               UNION ALL SELECT min(heartbeat_due_at) FROM recipient WHERE heartbeat_s > 0) AS moments""",
    )
    return found


async def overflow(tx: Tx, most: int, now: datetime, retention: timedelta) -> int:
    """Replace a queue that is too long or too old by one advice to read the tree again."""
    return await execute(
        tx,
        """WITH late AS (
               SELECT r.object_id, m.path FROM recipient r JOIN managed_object m ON m.id = r.object_id
               WHERE (SELECT count(*) FROM (SELECT 1 FROM notification n WHERE n.recipient_id = r.object_id
                          LIMIT %(most)s::bigint + 1) AS queued) > %(most)s
                  OR EXISTS (SELECT 1 FROM notification n WHERE n.recipient_id = r.object_id AND n.type <> 'resync'
                          AND n.event_at < %(oldest)s::timestamptz)),
             gone AS (DELETE FROM notification n USING late WHERE n.recipient_id = late.object_id)
           INSERT INTO notification (recipient_id, type, path, source, body, event_at, due_at)
           SELECT object_id, 'resync', regexp_replace(path, E'\\x1f[^\\x1f]*$', ''), '', '{}', %(now)s, %(now)s
           FROM late""",
        {"most": most, "oldest": now - retention, "now": now},
    )
