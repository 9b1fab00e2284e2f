"""What is asked right before something is sent, and what is looked for once nothing more will be."""

from collections.abc import Sequence
from datetime import datetime

from psycopg.rows import DictRow

from tieline.platform.db import Tx, execute, fetch_all, fetch_one, lock_key
from tieline.utility.changes.model import ItemState
from tieline.utility.changes.policy import windows
from tieline.utility.changes.store.openings import windows_of

_START_LOCK = lock_key("changes.start")

_YEAR = """((h.{end} AT TIME ZONE h.yearly_zone) + make_interval(years => y.years)) AT TIME ZONE h.yearly_zone"""
_YEARLY = f"""EXISTS (
        SELECT FROM generate_series(0, 1) back, LATERAL (SELECT (extract(year FROM %(now)s AT TIME ZONE h.yearly_zone)
            - extract(year FROM h.starts_at AT TIME ZONE h.yearly_zone))::integer - back AS years) y
        WHERE y.years >= 0 AND {_YEAR.format(end="starts_at")} <= %(seen)s
            AND {_YEAR.format(end="ends_at")} > %(now)s)"""

LIVE = f"""h.lifted_at IS NULL AND CASE
        WHEN h.yearly_zone IS NULL THEN h.starts_at <= %(seen)s AND (h.ends_at IS NULL OR h.ends_at > %(now)s)
        ELSE {_YEARLY} END"""
"""When a hold holds; one that returns every year does so at the same local times. Bind :func:`moments`."""

OVER = """(h.change_id IS NULL OR h.change_id = c.id) AND (c.type <> 'emergency' OR h.emergency_too)"""
"""Which changes a hold holds: a veto its own one. An emergency change only a veto that was insisted on."""

OPEN = """coalesce((c.time_window ->> 'opens')::timestamptz, '-infinity') <= %(now)s
    AND coalesce((c.time_window ->> 'closes')::timestamptz, 'infinity') > %(seen)s
    AND (c.opens_at IS NULL OR (c.opens_at <= %(now)s AND c.closes_at > %(seen)s))
    AND (c.type = 'emergency' OR NOT EXISTS (SELECT FROM operator_window w
        WHERE w.operator_id = l.operator_id AND NOT (w.opens_at <= %(now)s AND w.closes_at > %(seen)s)))"""
"""When a change's window is open, and its operator's: of those that recur, the openings that were worked out."""


def moments(now: datetime, seen: datetime | None = None) -> dict[str, datetime]:
    """What :data:`LIVE` and :data:`OPEN` are asked with.

    ``seen`` is the latest moment that was ever seen: by it holds begin and windows close, so that a clock that goes
    back neither ends a hold that began nor opens a window that closed. By ``now`` holds end and windows open.
    """
    return {"now": now, "seen": now if seen is None else max(now, seen)}


async def sendable(tx: Tx, batch_id: int, now: datetime, seen: datetime | None = None) -> bool:
    """Whether a batch that was committed to may still be sent: its change and lane run, nothing holds its items.

    Windows that recur are worked out once more: what was kept of them may be as old as the last job.
    """
    text = f"""
        SELECT c.time_window, p.windows AS policy_rules, w.rules AS operator_rules,
            c.state = 'running' AND l.state = 'running' AND {OPEN} AND NOT EXISTS (
            SELECT FROM change_hold h
            WHERE {LIVE} AND {OVER} AND (h.operator_id IS NULL OR h.operator_id = b.operator_id)
                AND ((h.region IS NULL AND NOT h.spares_released) OR EXISTS (
                    SELECT FROM change_item i WHERE i.batch_id = b.id AND (h.region IS NULL OR i.region = h.region)
                        AND NOT (h.spares_released AND i.awaits <> '')))) AS free
        FROM change_batch b JOIN change c ON c.id = b.change_id
        JOIN change_lane l ON l.change_id = b.change_id AND l.operator_id = b.operator_id
        LEFT JOIN standard_policy p ON p.id = c.policy_id
        LEFT JOIN operator_window w ON w.operator_id = b.operator_id AND c.type <> 'emergency'
        WHERE b.id = %(id)s"""
    row = await fetch_one(tx, text, {"id": batch_id, **moments(now, seen)})
    return row is not None and row["free"] and windows.is_open(windows_of(row), now)


async def vetoed(tx: Tx, change_id: int, now: datetime) -> DictRow | None:
    """A veto that holds the whole of a change, so that it may not begin: who and why; None without one."""
    text = f"""
        SELECT h.id, h.reason, h.created_by FROM change_hold h JOIN change c ON c.id = %(id)s
        WHERE h.kind = 'veto' AND {LIVE} AND {OVER} AND h.region IS NULL AND h.operator_id IS NULL
        ORDER BY h.id LIMIT 1"""
    return await fetch_one(tx, text, {"id": change_id, **moments(now)})


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
