"""What items of changes did, or are doing, to some subscriptions: what explains a value that is not the desired one."""

from collections.abc import Sequence
from datetime import datetime

from psycopg.rows import class_row

from tieline.platform.db import Tx, fetch_all, sql
from tieline.utility.changes.model import Trace

# An item that waits for its turn explains nothing. One that failed does while its change goes on: people see it there.
_TRACES = """
SELECT i.subscription_id, i.change_id, c.title, c.kind, c.state IN ('running', 'paused') AS going_on, i.state, i.before,
    i.desired, i.accepted_at, i.ended_at, coalesce(b.reference, '') AS reference
FROM change_item i JOIN change c ON c.id = i.change_id LEFT JOIN change_batch b ON b.id = i.batch_id
WHERE i.subscription_id = ANY(%(ids)s::bigint[]) AND i.queued_at IS NOT NULL AND (
    i.state IN ('queued', 'sent', 'accepted') OR i.ended_at >= %(since)s OR i.accepted_at >= %(since)s
    OR (i.state = 'failed' AND c.state IN ('running', 'paused')) OR b.reference = ANY(%(plans)s::text[]))
ORDER BY i.subscription_id, i.id
"""


async def traces(tx: Tx, ids: Sequence[int], *, since: datetime, plans: Sequence[str]) -> list[Trace]:
    """Items under way on some subscriptions, those that ended since a moment, and those of some batches."""
    async with tx.cursor(row_factory=class_row(Trace)) as cursor:
        await cursor.execute(sql(_TRACES), {"ids": list(ids), "since": since, "plans": list(plans)})
        return await cursor.fetchall()


async def under_way(tx: Tx, ids: Sequence[int], since: datetime) -> set[int]:
    """Those of some subscriptions on which an item is at the operator, or was accepted since a moment."""
    text = """
        SELECT subscription_id FROM change_item WHERE subscription_id = ANY(%(ids)s::bigint[])
            AND (state IN ('queued', 'sent') OR (state = 'accepted' AND accepted_at >= %(since)s))"""
    return {row["subscription_id"] for row in await fetch_all(tx, text, {"ids": list(ids), "since": since})}
