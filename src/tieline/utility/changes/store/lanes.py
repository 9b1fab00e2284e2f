"""Lanes of changes, and what moves many items at once on a person's word."""

from collections.abc import Sequence
from datetime import datetime

from psycopg.rows import DictRow

from tieline.platform.db import Tx, execute, fetch_all, fetch_one
from tieline.platform.scope import Scope, within
from tieline.utility.changes.model import Lane, LaneState, WaveTally
from tieline.utility.changes.policy.states import Step, sources, target


async def lanes(tx: Tx, change_id: int) -> list[Lane]:
    """The lanes of a change."""
    text = """
        SELECT l.operator_id, o.code AS operator, l.state, l.wave, l.forgiven, l.why, l.at
        FROM change_lane l JOIN operator o ON o.id = l.operator_id WHERE l.change_id = %(id)s ORDER BY o.code"""
    rows = await fetch_all(tx, text, {"id": change_id})
    return [Lane(**{**row, "state": LaneState(row["state"])}) for row in rows]


async def open_lanes(tx: Tx, change_id: int) -> int:
    """Make a running lane, at its first wave, for every operator that has items to do; returns how many."""
    text = """
        INSERT INTO change_lane (change_id, operator_id, state, wave)
        SELECT change_id, operator_id, 'running', min(wave) FROM change_item
        WHERE change_id = %(id)s AND state IN ('waiting', 'planned') GROUP BY 1, 2
        ON CONFLICT (change_id, operator_id) DO UPDATE
            SET state = 'running', wave = excluded.wave, forgiven = 0, why = '', at = now()"""
    return await execute(tx, text, {"id": change_id})


async def set_lane(tx: Tx, change_id: int, operator_id: int, state: LaneState, *, wave: int, why: str = "") -> None:
    """Move a lane on; a lane that goes to another wave begins it with nothing forgiven."""
    text = """
        UPDATE change_lane SET forgiven = CASE WHEN wave = %(wave)s THEN forgiven ELSE 0 END,
            state = %(state)s, wave = %(wave)s, why = %(why)s, at = now()
        WHERE change_id = %(id)s AND operator_id = %(operator_id)s"""
    bound = {"id": change_id, "operator_id": operator_id, "state": state.value, "wave": wave, "why": why}
    await execute(tx, text, bound)


async def set_lanes(tx: Tx, change_id: int, state: LaneState, *, of: Sequence[LaneState], why: str = "") -> int:
    """Put every lane that is in one of some states into another."""
    text = """
        UPDATE change_lane SET state = %(state)s, why = %(why)s, at = now()
        WHERE change_id = %(id)s AND state = ANY(%(of)s)"""
    bound = {"id": change_id, "state": state.value, "of": [one.value for one in of], "why": why}
    return await execute(tx, text, bound)


async def forgive(tx: Tx, change_id: int) -> None:
    """Somebody has seen the failures of the present waves and goes on in spite of them."""
    text = """
        UPDATE change_lane l SET forgiven = (
            SELECT count(*) FROM change_item i WHERE i.change_id = l.change_id AND i.operator_id = l.operator_id
                AND i.wave = l.wave AND i.state = 'failed')
        WHERE l.change_id = %(id)s"""
    await execute(tx, text, {"id": change_id})


async def tally(tx: Tx, change_id: int, operator_id: int, wave: int) -> WaveTally:
    """How a wave is doing in a lane."""
    text = """
        SELECT count(*) FILTER (WHERE state NOT IN ('blocked', 'conflict')) AS total,
            count(*) FILTER (WHERE state = 'verified') AS verified,
            count(*) FILTER (WHERE state = 'failed') AS failed,
            count(*) FILTER (WHERE state IN ('queued', 'sent', 'accepted')) AS open,
            count(*) FILTER (WHERE state IN ('waiting', 'planned')) AS waiting,
            count(*) FILTER (WHERE state = 'cancelled') AS cancelled
        FROM change_item WHERE change_id = %(id)s AND operator_id = %(operator_id)s AND wave = %(wave)s"""
    row = await fetch_one(tx, text, {"id": change_id, "operator_id": operator_id, "wave": wave})
    return WaveTally(**row) if row else WaveTally(0, 0, 0, 0, 0)


async def next_wave(tx: Tx, change_id: int, operator_id: int) -> int | None:
    """The first wave of a lane in which something waits, or None."""
    text = """
        SELECT min(wave) AS wave FROM change_item
        WHERE change_id = %(id)s AND operator_id = %(operator_id)s AND state IN ('waiting', 'planned')"""
    row = await fetch_one(tx, text, {"id": change_id, "operator_id": operator_id})
    return row["wave"] if row else None


async def cancel_waiting(tx: Tx, change_id: int, at: datetime) -> int:
    """Cancel what was not sent yet; returns how many items that were."""
    text = """
        UPDATE change_item SET state = %(to)s, ended_at = %(at)s, reason_code = 'stopped',
            reason = 'The change was stopped before this was sent.'
        WHERE change_id = %(id)s AND state = ANY(%(from)s) AND state <> 'queued'"""
    bound = {"id": change_id, "to": target(Step.CANCEL).value, "at": at}
    return await execute(tx, text, {**bound, "from": [state.value for state in sources(Step.CANCEL)]})


async def release(tx: Tx, change_id: int, source_ids: Sequence[int]) -> int:
    """Waiting items of some selected subscriptions need wait no longer; returns how many there were."""
    text = """
        UPDATE change_item SET state = %(to)s
        WHERE change_id = %(id)s AND source_id = ANY(%(sources)s) AND state = ANY(%(from)s)"""
    bound = {"id": change_id, "sources": list(source_ids), "to": target(Step.RELEASE).value}
    return await execute(tx, text, {**bound, "from": [state.value for state in sources(Step.RELEASE)]})


async def let_go(tx: Tx, change_id: int, source_ids: Sequence[int] | None, why: str, at: datetime) -> int:
    """Waiting items, of some selected subscriptions or all, will not be done; returns how many there were."""
    text = """
        UPDATE change_item SET state = %(to)s, ended_at = %(at)s, reason_code = 'let-go', reason = %(why)s
        WHERE change_id = %(id)s AND state = 'waiting'
            AND (%(sources)s::bigint[] IS NULL OR source_id = ANY(%(sources)s))"""
    chosen = None if source_ids is None else list(source_ids)
    bound = {"id": change_id, "sources": chosen, "to": target(Step.CANCEL).value, "why": why[:1000], "at": at}
    return await execute(tx, text, bound)


RETRIED = ("other-link", "step-before")
"""Reasons for which an item was blocked while the change ran; a plan's own reasons are not among them."""


async def retry(tx: Tx, change_id: int) -> int:
    """Plan the failed items, and those blocked while running, once more; returns how many.

    What was taken back by an undo is not tried again: its card and address may be somebody else's by now.
    """
    text = """
        UPDATE change_item SET state = %(to)s, reason_code = '', reason = '', ended_at = NULL, batch_id = NULL
        WHERE change_id = %(id)s AND undone_by IS NULL
            AND (state = 'failed' OR (state = 'blocked' AND reason_code = ANY(%(codes)s)))
            AND state = ANY(%(from)s)"""
    bound = {
        "id": change_id,
        "to": target(Step.RETRY).value,
        "from": [state.value for state in sources(Step.RETRY)],
        "codes": list(RETRIED),
    }
    return await execute(tx, text, bound)


async def batches(tx: Tx, scope: Scope, change_id: int, *, only_open: bool, limit: int = 200) -> list[DictRow]:
    """The batches of a change at the operators within the scope, the newest first."""
    text = f"""
        SELECT b.id, o.code AS operator, b.wave, b.state, b.key, b.reference, b.items, b.attempts, b.intended_at,
            b.sent_at, b.settled_at, b.closed_at, b.retry_at, b.error
        FROM change_batch b JOIN operator o ON o.id = b.operator_id
        WHERE b.change_id = %(id)s AND (NOT %(open)s OR b.state <> 'closed') AND {within(None, "o.code")}
        ORDER BY b.id DESC LIMIT %(limit)s"""
    return await fetch_all(tx, text, {"id": change_id, "open": only_open, "limit": limit, **scope.params()})
