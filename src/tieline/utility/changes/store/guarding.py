"""What is asked right before something is sent, and what is looked for once nothing more will be."""

from collections.abc import Sequence
from datetime import datetime

from psycopg.rows import DictRow

from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value, lock_key
from tieline.utility.changes.model import ItemState

_START_LOCK = lock_key("changes.start")

LIVE = """h.lifted_at IS NULL AND h.starts_at <= %(now)s AND (h.ends_at IS NULL OR h.ends_at > %(now)s)"""
"""When a hold holds."""

OPEN = """coalesce((c.time_window ->> 'opens')::timestamptz, '-infinity') <= %(now)s
    AND coalesce((c.time_window ->> 'closes')::timestamptz, 'infinity') > %(now)s"""
"""When a change's window is open."""


async def sendable(tx: Tx, batch_id: int, now: datetime) -> bool:
    """Whether a batch that was committed to may still be sent: its change and lane run, nothing holds its items."""
    text = f"""
        SELECT c.state = 'running' AND l.state = 'running' AND {OPEN}
            AND (c.type = 'emergency' OR NOT EXISTS (
                SELECT FROM change_hold h WHERE {LIVE} AND (h.operator_id IS NULL OR h.operator_id = b.operator_id)
                    AND (h.region IS NULL OR EXISTS (
                        SELECT FROM change_item i WHERE i.batch_id = b.id AND i.region = h.region))))
        FROM change_batch b JOIN change c ON c.id = b.change_id
        JOIN change_lane l ON l.change_id = b.change_id AND l.operator_id = b.operator_id
        WHERE b.id = %(id)s"""
    return bool(await fetch_value(tx, text, {"id": batch_id, "now": now}))


async def unneeded(tx: Tx, change_id: int, states: Sequence[ItemState]) -> list[int]:
    """The selected subscriptions for whose items something was taken that will not be used.

    Of failed items only those that surely had no effect: the operator refused them, or cancelled them in time.
    """
    text = """
        SELECT source_id FROM change_item
        WHERE change_id = %(id)s AND (card_id IS NOT NULL OR reservation_id IS NOT NULL) AND NOT applied
            AND state = ANY(%(states)s) AND (state <> 'failed' OR reason_code IN ('refused', 'cancelled'))"""
    rows = await fetch_all(tx, text, {"id": change_id, "states": [state.value for state in states]})
    return [row["source_id"] for row in rows]


async def lock_starting(tx: Tx) -> None:
    """One change at a time starts: two that start side by side would not see one another."""
    await execute(tx, "SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": _START_LOCK})


async def overlap(tx: Tx, change_id: int) -> DictRow | None:
    """Another change that is under way with something that this one is planned to do, and an example; None: no other.

    Either it will write to one of the same subscriptions, or it prepares, or has prepared, a successor for one.
    """
    text = """
        SELECT change_id, ref, written FROM (
            SELECT o.change_id, m.ref, m.position, true AS written
            FROM change_item m JOIN change_item o ON o.subscription_id = m.subscription_id
            JOIN change c ON c.id = o.change_id
            WHERE m.change_id = %(id)s AND m.state IN ('waiting', 'planned') AND o.change_id <> m.change_id
                AND (o.state IN ('queued', 'sent', 'accepted')
                    OR (o.state IN ('waiting', 'planned') AND c.state IN ('running', 'paused')))
            UNION ALL
            SELECT o.change_id, m.ref, m.position, false
            FROM change_item m JOIN change_item o ON o.source_id = m.source_id
            JOIN change c ON c.id = o.change_id
            WHERE m.change_id = %(id)s AND m.state IN ('waiting', 'planned') AND m.subscription_id <> m.source_id
                AND o.change_id <> m.change_id AND o.subscription_id NOT IN (o.source_id, m.subscription_id)
                AND o.undone_by IS NULL
                AND (o.state IN ('queued', 'sent', 'accepted', 'verified')
                    OR (o.state IN ('waiting', 'planned') AND c.state IN ('running', 'paused')))
        ) found ORDER BY position, change_id LIMIT 1"""
    return await fetch_one(tx, text, {"id": change_id})
