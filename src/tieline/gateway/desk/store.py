"""All SQL of notices: what staff write, what utilities see and answer, and the hub."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.gateway.desk.model import Answer, Hub, Kind, Notice, State, Waiting
from tieline.gateway.model import LONGEST_WAIT
from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value

_COLUMNS = """n.id, n.ref, n.kind, n.state, n.approval, n.audience, n.draft, n.content, n.revision, n.reason,
    n.published_at, n.updated_at, n.updated_by"""
# The later of two moments of one notice is always later, even when the clock was set back meanwhile.
_LATER = "greatest(%(now)s::timestamptz, {0} + interval '1 microsecond')"


# ── what staff write ──────────────────────────────────────────────────────────────────────────────────────────────────


async def one(tx: Tx, ref: str, *, lock: bool = False) -> Notice | None:
    """Give a notice by its reference."""
    text = f"SELECT {_COLUMNS} FROM notice n WHERE n.ref = %s"
    row = await fetch_one(tx, text + (" FOR UPDATE" if lock else ""), [ref])
    return None if row is None else _notice(row)


async def listed(tx: Tx, *, after: str, limit: int) -> list[Notice]:
    """Give notices by reference."""
    text = f"SELECT {_COLUMNS} FROM notice n WHERE n.ref > %s ORDER BY n.ref LIMIT %s"
    return [_notice(row) for row in await fetch_all(tx, text, [after, limit])]


async def put(tx: Tx, ref: str, values: Mapping[str, Any], now: datetime) -> Notice:
    """Write a notice, or what its next revision is to be."""
    row = await fetch_one(
        tx,
        f"""INSERT INTO notice AS n (ref, kind, approval, audience, draft, updated_at, updated_by)
            VALUES (%(ref)s, %(kind)s, %(approval)s, %(audience)s, %(draft)s, %(now)s, %(by)s)
            ON CONFLICT (ref) DO UPDATE SET kind = excluded.kind, approval = excluded.approval,
                audience = excluded.audience, draft = excluded.draft
            RETURNING {_COLUMNS}""",
        {**values, "draft": Jsonb(values["draft"]), "ref": ref, "now": now},
    )
    return _notice(_there(row))


async def drop_draft(tx: Tx, notice_id: int) -> None:
    """Drop what was written and not published; a notice that never was goes as a whole."""
    await execute(tx, "UPDATE notice SET draft = NULL WHERE id = %s", [notice_id])
    await execute(tx, "DELETE FROM notice WHERE id = %s AND state = 'draft'", [notice_id])


async def publish(tx: Tx, notice_id: int, *, by: str, reason: str, now: datetime) -> Notice:
    """Make what is written the next revision."""
    row = await fetch_one(
        tx,
        f"""UPDATE notice n SET content = draft, draft = NULL, state = 'published', revision = revision + 1,
                reason = %(reason)s, published_at = coalesce(published_at, %(now)s), updated_by = %(by)s,
                updated_at = {_LATER.format("updated_at")}
            WHERE n.id = %(id)s RETURNING {_COLUMNS}""",
        {"id": notice_id, "by": by, "reason": reason, "now": now},
    )
    made = _notice(_there(row))
    await execute(
        tx,
        """INSERT INTO notice_revision (notice_id, revision, content, reason, at, by)
           SELECT id, revision, content, reason, updated_at, updated_by FROM notice WHERE id = %s""",
        [notice_id],
    )
    return made


async def withdraw(tx: Tx, notice_id: int, *, by: str, reason: str, now: datetime) -> Notice:
    """Take a notice back; what was published of it stays readable."""
    row = await fetch_one(
        tx,
        f"""UPDATE notice n SET state = 'withdrawn', draft = NULL, reason = %(reason)s, updated_by = %(by)s,
                updated_at = {_LATER.format("updated_at")}
            WHERE n.id = %(id)s RETURNING {_COLUMNS}""",
        {"id": notice_id, "by": by, "reason": reason, "now": now},
    )
    return _notice(_there(row))


async def revisions(tx: Tx, notice_id: int) -> list[DictRow]:
    """Give every revision, the latest first."""
    text = "SELECT revision, content, reason, at, by FROM notice_revision WHERE notice_id = %s ORDER BY revision DESC"
    return await fetch_all(tx, text, [notice_id])


async def answers(tx: Tx, notice_id: int) -> list[DictRow]:
    """Give what utilities answered."""
    text = """SELECT u.code AS utility, a.status, a.revision, a.reason, a.at
              FROM notice_answer a JOIN utility u ON u.id = a.utility_id WHERE a.notice_id = %s ORDER BY u.code"""
    return await fetch_all(tx, text, [notice_id])


async def known_utilities(tx: Tx, codes: Sequence[str]) -> set[str]:
    """Those of some codes that utilities go by."""
    return {row["code"] for row in await fetch_all(tx, "SELECT code FROM utility WHERE code = ANY(%s)", [list(codes)])}


# ── what utilities see ────────────────────────────────────────────────────────────────────────────────────────────────

_STATUS = """CASE WHEN n.state = 'withdrawn' THEN 'cancelled' WHEN NOT n.approval THEN 'scheduled'
    WHEN a.revision = n.revision THEN a.status ELSE 'waitForApproval' END"""
_SEEN = f"""
    SELECT {_COLUMNS}, {_STATUS} AS status, a.status AS a_status, a.revision AS a_revision, a.reason AS a_reason,
        a.notes AS a_notes, a.at AS a_at
    FROM notice n JOIN utility u ON u.id = %(utility)s
    LEFT JOIN notice_answer a ON a.notice_id = n.id AND a.utility_id = u.id
    WHERE n.revision > 0 AND (n.audience IS NULL OR u.code = ANY(n.audience))"""
_FILTERS = {
    "id": "n.ref = ANY(%(id)s)",
    "status": f"({_STATUS}) = ANY(%(status)s)",
    "requestType": "n.kind = ANY(%(requestType)s)",
    "technology": "n.content ->> 'technology' = ANY(%(technology)s)",
}
FILTERS = tuple(_FILTERS)
"""What a list of change requests may be narrowed by."""


async def seen(
    tx: Tx, utility_id: int, where: Mapping[str, Sequence[str]], *, offset: int, limit: int
) -> tuple[int, list[tuple[Notice, Answer | None]]]:
    """Give how many notices a utility sees, and a page of them, in the order of their making."""
    narrowed = _SEEN + "".join(f" AND {_FILTERS[name]}" for name in where)
    bound: dict[str, Any] = {"utility": utility_id, **{name: list(values) for name, values in where.items()}}
    total: int = await fetch_value(tx, f"SELECT count(*) FROM ({narrowed}) every_one", bound)
    rows = await fetch_all(
        tx,
        f"{narrowed} ORDER BY n.id OFFSET %(offset)s LIMIT %(limit)s",
        {**bound, "offset": offset, "limit": limit},
    )
    return total, [(_notice(row), _answer(row)) for row in rows]


async def seen_one(tx: Tx, utility_id: int, ref: str, *, lock: bool = False) -> tuple[Notice, Answer | None] | None:
    """Give a notice as a utility sees it; None also for one that is for others."""
    text = f"{_SEEN} AND n.ref = %(ref)s" + (" FOR UPDATE OF n" if lock else "")
    row = await fetch_one(tx, text, {"utility": utility_id, "ref": ref})
    return None if row is None else (_notice(row), _answer(row))


async def answer(tx: Tx, notice: Notice, utility_id: int, values: Mapping[str, Any], now: datetime) -> None:
    """Keep what a utility says, in the place of what it said before; its notes add up."""
    await execute(
        tx,
        f"""INSERT INTO notice_answer AS a (notice_id, utility_id, revision, status, reason, notes, at)
            SELECT n.id, %(utility)s, n.revision, %(status)s, %(reason)s, %(notes)s,
                {_LATER.format("n.updated_at")} FROM notice n WHERE n.id = %(notice)s
            ON CONFLICT (notice_id, utility_id) DO UPDATE SET revision = excluded.revision, status = excluded.status,
                reason = excluded.reason, notes = a.notes || excluded.notes,
                at = greatest(excluded.at, a.at + interval '1 microsecond')""",
        {**values, "notes": Jsonb(values["notes"]), "notice": notice.id, "utility": utility_id, "now": now},
    )


# ── the hub ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def add_hub(tx: Tx, utility_id: int, callback: str, query: str | None, now: datetime) -> int:
    """Keep a callback; one that is there already stays what it is."""
    bound = {"utility": utility_id, "callback": callback, "query": query, "now": now}
    same = """utility_id = %(utility)s AND md5(callback) = md5(%(callback)s)
              AND md5(coalesce(query, '')) = md5(coalesce(%(query)s::text, ''))"""
    await execute(
        tx,
        """INSERT INTO hub (utility_id, callback, query, created_at, retry_at)
           VALUES (%(utility)s, %(callback)s, %(query)s, %(now)s, %(now)s) ON CONFLICT DO NOTHING""",
        bound,
    )
    found: int = await fetch_value(tx, f"SELECT id FROM hub WHERE {same}", bound)
    return found


async def hub_count(tx: Tx, utility_id: int) -> int:
    """How many callbacks a utility has."""
    count: int = await fetch_value(tx, "SELECT count(*) FROM hub WHERE utility_id = %s", [utility_id])
    return count


async def drop_hub(tx: Tx, utility_id: int, hub_id: int) -> bool:
    """End a callback with what waits for it; False when the utility has none of this number."""
    return await execute(tx, "DELETE FROM hub WHERE id = %s AND utility_id = %s", [hub_id, utility_id]) == 1


async def audience(tx: Tx, notice: Notice) -> list[DictRow]:
    """Give the callbacks of those whom a notice is for: hub, query, utility."""
    text = """SELECT h.id, h.query, h.utility_id FROM hub h JOIN utility u ON u.id = h.utility_id
              WHERE %(audience)s::text[] IS NULL OR u.code = ANY(%(audience)s::text[]) ORDER BY h.id"""
    codes = None if notice.audience is None else list(notice.audience)
    return await fetch_all(tx, text, {"audience": codes})


async def add_events(tx: Tx, rows: Sequence[tuple[int, str, Mapping[str, Any]]], now: datetime) -> None:
    """Put events into the queues of callbacks, in order."""
    for hub_id, kind, body in rows:
        await execute(
            tx,
            "INSERT INTO hub_event (hub_id, type, body, at) VALUES (%s, %s, %s, %s)",
            [hub_id, kind, Jsonb(body), now],
        )


async def ready(tx: Tx, now: datetime) -> list[Hub]:
    """Give the callbacks for which something waits and which are not being left alone."""
    rows = await fetch_all(
        tx,
        """SELECT h.id, h.callback, h.attempts, u.notification_hosts
           FROM hub h JOIN utility u ON u.id = h.utility_id
           WHERE (h.retry_at <= %(now)s OR h.retry_at > %(latest)s) AND EXISTS (
               SELECT FROM hub_event e WHERE e.hub_id = h.id)""",
        {"now": now, "latest": now + LONGEST_WAIT},
    )
    return [Hub(row["id"], row["callback"], frozenset(row["notification_hosts"]), row["attempts"]) for row in rows]


async def waiting(tx: Tx, hub_id: int, limit: int) -> list[Waiting]:
    """Give what a callback is to be told next, in order."""
    text = "SELECT id, body FROM hub_event WHERE hub_id = %s ORDER BY id LIMIT %s"
    return [Waiting(row["id"], row["body"]) for row in await fetch_all(tx, text, [hub_id, limit])]


async def delivered(tx: Tx, hub_id: int, ids: Sequence[int], now: datetime) -> None:
    """Take events that were taken off the queue."""
    await execute(tx, "DELETE FROM hub_event WHERE id = ANY(%s)", [list(ids)])
    await execute(
        tx,
        """UPDATE hub SET delivered = delivered + %(count)s, delivered_at = %(now)s, attempts = 0, last_error = NULL
           WHERE id = %(hub)s""",
        {"hub": hub_id, "count": len(ids), "now": now},
    )


async def failed(tx: Tx, hub_id: int, error: str, retry_at: datetime) -> None:
    """Leave a callback alone for a while; what waits for it stays."""
    await execute(
        tx,
        "UPDATE hub SET attempts = attempts + 1, last_error = %(error)s, retry_at = %(retry)s WHERE id = %(hub)s",
        {"hub": hub_id, "error": error[:500], "retry": retry_at},
    )


async def next_due(tx: Tx) -> datetime | None:
    """Say when something may next be sent, if anything waits."""
    found: datetime | None = await fetch_value(
        tx,
        "SELECT min(h.retry_at) FROM hub h WHERE EXISTS (SELECT FROM hub_event e WHERE e.hub_id = h.id)",
    )
    return found


async def give_up(tx: Tx, now: datetime, kept: timedelta) -> int:
    """Drop events that nobody has taken for too long; gives how many."""
    return await execute(tx, "DELETE FROM hub_event WHERE at < %s", [now - kept])


def _notice(row: DictRow) -> Notice:
    return Notice(
        id=row["id"],
        ref=row["ref"],
        kind=Kind(row["kind"]),
        state=State(row["state"]),
        approval=row["approval"],
        audience=None if row["audience"] is None else tuple(row["audience"]),
        draft=row["draft"],
        content=row["content"],
        revision=row["revision"],
        reason=row["reason"],
        published_at=row["published_at"],
        updated_at=row["updated_at"],
        updated_by=row["updated_by"],
    )


def _answer(row: DictRow) -> Answer | None:
    if row["a_status"] is None:
        return None
    return Answer(row["a_status"], row["a_revision"], row["a_reason"], tuple(row["a_notes"]), row["a_at"])


def _there(row: DictRow | None) -> DictRow:
    if row is None:
        raise LookupError("the database gave no row back")
    return row
