"""All SQL of the audit trail."""

from collections.abc import AsyncIterator
from typing import Any

from psycopg.rows import DictRow

from tieline.platform.audit.chain import Head, Link
from tieline.platform.audit.model import Filter, Record
from tieline.platform.db import Tx, fetch_all, fetch_one, fetch_value, sql

_APPEND = "SELECT audit_append(%(actor)s, %(request_id)s, %(entries)s::jsonb) AS seq"

_LINKS = """
SELECT seq, actor, action, subject, detail::text AS detail, request_id, prev, hash,
       CASE WHEN isfinite(at) THEN (extract(epoch FROM at) * 1000000)::bigint::text ELSE at::text END AS micros
  FROM audit ORDER BY seq
"""

_LIST = """
SELECT seq, at, actor, action, subject, detail, request_id, encode(hash, 'hex') AS hash
  FROM audit
 WHERE seq < %(before)s
   AND (%(actor)s::text IS NULL OR actor = %(actor)s OR starts_with(actor, %(actor)s || '/')
        OR split_part(split_part(actor, ':', 2), '/', 1) = %(actor)s)
   AND (%(action)s::text IS NULL OR action = %(action)s)
   AND (%(prefix)s::text IS NULL OR starts_with(action, %(prefix)s))
   AND (%(subject)s::text IS NULL OR subject = %(subject)s)
   AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)
   AND (%(until)s::timestamptz IS NULL OR at < %(until)s)
 ORDER BY seq DESC LIMIT %(limit)s
"""

_ROWS_AT_ONCE = 5000


async def append(tx: Tx, actor: str, request_id: str, entries: str) -> int:
    """Continue the chain with a JSON array of [action, subject, detail]; gives the number of the last entry."""
    return int(await fetch_value(tx, _APPEND, {"actor": actor, "request_id": request_id, "entries": entries}))


async def page(tx: Tx, wanted: Filter, before: int, limit: int) -> list[Record]:
    """Entries below the number ``before``, the newest first."""
    prefix = wanted.action[:-1] if wanted.action and wanted.action.endswith(".*") else None
    params = {
        "before": before,
        "limit": limit,
        "actor": wanted.actor,
        "action": None if prefix else wanted.action,
        "prefix": prefix,
        "subject": wanted.subject,
        "since": wanted.since,
        "until": wanted.until,
    }
    return [Record(**row) for row in await fetch_all(tx, _LIST, params)]


async def links(tx: Tx) -> AsyncIterator[Link]:
    """The whole chain in order, a few thousand rows at a time."""
    async with tx.cursor(name="audit_links") as cursor:
        cursor.itersize = _ROWS_AT_ONCE
        await cursor.execute(sql(_LINKS))
        async for row in cursor:
            yield Link(**row)


async def head(tx: Tx) -> Head | None:
    """The head that the database keeps; None when somebody removed it."""
    row = await fetch_one(tx, "SELECT seq, hash FROM audit_head")
    return _head(row)


async def hash_at(tx: Tx, seq: int) -> bytes | None:
    """The hash of one entry."""
    value: bytes | None = await fetch_value(tx, "SELECT hash FROM audit WHERE seq = %s", (seq,))
    return value


async def neighbours(tx: Tx, link: Link, good: Head) -> tuple[bool, bool]:
    """Whether another row continues the good part, and whether ``link`` continues another row."""
    row: dict[str, Any] | None = await fetch_one(
        tx,
        """
        SELECT EXISTS (SELECT FROM audit WHERE prev = %(good)s AND (seq, hash) <> (%(seq)s, %(hash)s)) AS successor,
               EXISTS (SELECT FROM audit WHERE hash = %(prev)s AND (seq, hash) <> (%(seq)s, %(hash)s)) AS predecessor
        """,
        {"good": good.hash, "prev": link.prev, "seq": link.seq, "hash": link.hash},
    )
    return (bool(row["successor"]), bool(row["predecessor"])) if row else (False, False)


def _head(row: DictRow | None) -> Head | None:
    return Head(row["seq"], bytes(row["hash"])) if row else None
