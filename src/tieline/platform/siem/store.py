"""All SQL of the export: cursors, and the audit trail in the order of its numbers."""

from collections.abc import Sequence
from datetime import datetime

from psycopg.rows import DictRow

from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value, lock_key
from tieline.platform.siem.model import Cursor, Event

_LOCK = lock_key("platform.siem")


async def take_lock(tx: Tx) -> bool:
    """Be the one process that exports, for as long as this connection lives."""
    return bool(await fetch_value(tx, "SELECT pg_try_advisory_lock(%s) AS taken", [_LOCK]))


async def drop_lock(tx: Tx) -> None:
    """Let another process export."""
    await fetch_value(tx, "SELECT pg_advisory_unlock(%s) AS dropped", [_LOCK])


async def ensure(tx: Tx, sources: Sequence[str]) -> None:
    """Have a cursor for each trail; a new one begins with the first entry."""
    await execute(
        tx,
        "INSERT INTO siem_cursor (source) SELECT s FROM unnest(%s::text[]) AS s ON CONFLICT DO NOTHING",
        [list(sources)],
    )


async def cursor(tx: Tx, source: str) -> Cursor:
    """How far a trail was sent."""
    row = await fetch_one(tx, "SELECT * FROM siem_cursor WHERE source = %s", [source])
    return _cursor(row) if row else Cursor(source, 0, None, "", None)


async def advance(tx: Tx, source: str, before: int, sent: int, now: datetime) -> bool:
    """Move a cursor on, unless it was set elsewhere meanwhile."""
    text = "UPDATE siem_cursor SET sent = %s, sent_at = %s WHERE source = %s AND sent = %s"
    return await execute(tx, text, [sent, now, source, before]) == 1


async def go_back(tx: Tx, source: str, sent: int) -> None:
    """Set a cursor back, never on: what may have been lost is sent again."""
    await execute(tx, "UPDATE siem_cursor SET sent = least(sent, %s) WHERE source = %s", [sent, source])


async def failed(tx: Tx, error: str, now: datetime) -> None:
    """Note what went wrong; it is the receiver that all trails go to."""
    await execute(tx, "UPDATE siem_cursor SET error = %s, error_at = %s", [error[:1000], now])


async def replay(tx: Tx, source: str, first: int) -> bool:
    """Have a trail sent again from an entry on; False where there is no such trail."""
    return await execute(tx, "UPDATE siem_cursor SET sent = %s WHERE source = %s", [first - 1, source]) == 1


async def audit_after(tx: Tx, seq: int, limit: int) -> list[Event]:
    """Entries of the audit trail behind a number."""
    text = """
        SELECT seq, at, actor, action, subject, detail, request_id, encode(hash, 'hex') AS hash
        FROM audit WHERE seq > %s ORDER BY seq LIMIT %s"""
    rows = await fetch_all(tx, text, [seq, limit])
    return [
        Event(
            "audit",
            row["seq"],
            row["at"],
            row["actor"],
            row["action"],
            row["subject"],
            row["detail"],
            row["request_id"],
            row["hash"],
        )
        for row in rows
    ]


async def audit_end(tx: Tx) -> int:
    """The number of the last entry of the audit trail."""
    return int(await fetch_value(tx, "SELECT seq FROM audit_head") or 0)


def _cursor(row: DictRow) -> Cursor:
    return Cursor(row["source"], row["sent"], row["sent_at"], row["error"], row["error_at"])
