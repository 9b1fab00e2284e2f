"""Notices, their revisions, and what was answered."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value
from tieline.platform.scope import Scope, within
from tieline.utility.notices.model import (
    ASKING,
    OVER,
    Answer,
    AnswerState,
    Content,
    Filter,
    Kind,
    Notice,
    Origin,
    Phase,
    Revision,
    Source,
    Told,
)

_COLUMNS = """n.id, o.code AS operator, o.name AS operator_name, n.ref, n.kind, n.title, n.description, n.status,
    n.status_reason, n.technology, n.revision, n.updated_at, n.starts_at, n.ends_at, n.phases, n.asks, n.first_at,
    n.seen_at, n.answer, n.answer_state, n.answer_revision, n.answer_words, n.answer_by, n.answer_at, n.answer_error,
    n.gone_at"""
_FROM = "FROM notice n JOIN operator o ON o.id = n.operator_id"
_SEEN = within(None, "o.code")
_COMING = "(n.status <> ALL(%(over)s) AND n.gone_at IS NULL AND coalesce(n.ends_at, 'infinity') > %(now)s)"
_WAITS = """(n.status = ANY(%(asking)s) AND n.gone_at IS NULL AND NOT (n.answer_revision IS NOT DISTINCT FROM n.revision
    AND n.answer_state IS DISTINCT FROM 'refused'))"""
_FILTERED = f"""{_SEEN}
    AND (%(f_operators)s::text[] IS NULL OR o.code = ANY(%(f_operators)s::text[]))
    AND (%(f_kinds)s::text[] IS NULL OR n.kind = ANY(%(f_kinds)s::text[]))
    AND (%(f_statuses)s::text[] IS NULL OR n.status = ANY(%(f_statuses)s::text[]))
    AND (%(f_technologies)s::text[] IS NULL OR n.technology = ANY(%(f_technologies)s::text[]))
    AND (%(f_open)s::boolean IS NULL OR
        {_COMING} = %(f_open)s)
    AND (%(f_waits)s::boolean IS NULL OR {_WAITS} = %(f_waits)s)
    AND (%(f_start)s::timestamptz IS NULL OR
        (n.starts_at < %(f_end)s AND coalesce(n.ends_at, n.starts_at) > %(f_start)s))"""


def _bound(scope: Scope, wanted: Filter, now: datetime) -> dict[str, Any]:
    return {**scope.params(), **wanted.bound(), "over": sorted(OVER), "asking": sorted(ASKING), "now": now}


async def page(
    tx: Tx, scope: Scope, wanted: Filter, now: datetime, *, after: tuple[datetime, int] | None, limit: int
) -> list[Notice]:
    """Notices that fit a filter, the latest to come in first, after the one at a place (``first_at``, id)."""
    text = f"""
        SELECT {_COLUMNS} {_FROM} WHERE {_FILTERED}
            AND (%(at)s::timestamptz IS NULL OR (n.first_at, n.id) < (%(at)s, %(after)s))
        ORDER BY n.first_at DESC, n.id DESC LIMIT %(limit)s"""
    place = {"at": after[0] if after else None, "after": after[1] if after else None, "limit": limit}
    return [_notice(row) for row in await fetch_all(tx, text, {**_bound(scope, wanted, now), **place})]


async def count(tx: Tx, scope: Scope, wanted: Filter, now: datetime) -> int:
    """How many notices fit a filter."""
    found: int = await fetch_value(tx, f"SELECT count(*) {_FROM} WHERE {_FILTERED}", _bound(scope, wanted, now))
    return found


async def some(tx: Tx, scope: Scope, ids: Sequence[int]) -> list[Notice]:
    """Notices by number, those within the scope; in order of their numbers."""
    text = f"SELECT {_COLUMNS} {_FROM} WHERE {_SEEN} AND n.id = ANY(%(ids)s) ORDER BY n.id"
    return [_notice(row) for row in await fetch_all(tx, text, {**scope.params(), "ids": list(ids)})]


async def titles(tx: Tx, scope: Scope, ids: Sequence[int]) -> dict[int, str]:
    """What notices are called and who gave them, by number; those within the scope."""
    text = f"SELECT n.id, n.title, o.name {_FROM} WHERE {_SEEN} AND n.id = ANY(%(ids)s)"
    rows = await fetch_all(tx, text, {**scope.params(), "ids": list(ids)})
    return {row["id"]: f"{row['title']} ({row['name']})" for row in rows}


async def coming(tx: Tx, scope: Scope, now: datetime, limit: int) -> list[Notice]:
    """Notices of which something is still to come, those that begin or end next first."""
    text = f"""
        SELECT {_COLUMNS} {_FROM} WHERE {_SEEN} AND {_COMING} AND n.ends_at IS NOT NULL
        ORDER BY CASE WHEN n.starts_at > %(now)s THEN n.starts_at ELSE n.ends_at END, n.id LIMIT %(limit)s"""
    bound = {**scope.params(), "over": sorted(OVER), "now": now, "limit": limit}
    return [_notice(row) for row in await fetch_all(tx, text, bound)]


async def revisions(tx: Tx, notice_id: int) -> list[Revision]:
    """Every revision of a notice, the newest first."""
    text = """
        SELECT id, revision, updated_at, received_at, source, content FROM notice_revision
        WHERE notice_id = %(id)s ORDER BY revision DESC, updated_at DESC, id DESC"""
    return [
        Revision(
            row["id"],
            row["revision"],
            row["updated_at"],
            row["received_at"],
            Source(row["source"]),
            msgspec.convert(row["content"], Content),
        )
        for row in await fetch_all(tx, text, {"id": notice_id})
    ]


# ── what comes in ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def held(tx: Tx, operator_id: int, ref: str) -> Notice | None:
    """The notice that an operator calls so; nobody else changes it until the transaction ends."""
    text = f"SELECT {_COLUMNS} {_FROM} WHERE n.operator_id = %(operator)s AND n.ref = %(ref)s FOR UPDATE OF n"
    row = await fetch_one(tx, text, {"operator": operator_id, "ref": ref})
    return None if row is None else _notice(row)


async def add(tx: Tx, origin: Origin, told: Told) -> int | None:
    """Keep a notice that is new; None when somebody else was quicker."""
    text = """
        INSERT INTO notice (operator_id, ref, kind, title, description, status, status_reason, technology, revision,
            updated_at, starts_at, ends_at, phases, asks, first_at, seen_at)
        VALUES (%(operator)s, %(ref)s, %(kind)s, %(title)s, %(description)s, %(status)s, %(status_reason)s,
            %(technology)s, %(revision)s, %(updated_at)s, %(starts_at)s, %(ends_at)s, %(phases)s, %(asks)s, %(at)s,
            %(at)s)
        ON CONFLICT (operator_id, ref) DO NOTHING RETURNING id"""
    found: int | None = await fetch_value(
        tx, text, {**_values(told), "operator": origin.operator_id, "ref": told.ref, "at": origin.at}
    )
    return found


async def replace(tx: Tx, notice_id: int, told: Told, at: datetime) -> None:
    """Put what is told in the place of what the notice was."""
    text = """
        UPDATE notice SET kind = %(kind)s, title = %(title)s, description = %(description)s, status = %(status)s,
            status_reason = %(status_reason)s, technology = %(technology)s, revision = %(revision)s,
            updated_at = %(updated_at)s, starts_at = %(starts_at)s, ends_at = %(ends_at)s, phases = %(phases)s,
            asks = asks OR %(asks)s, seen_at = greatest(seen_at, %(at)s), gone_at = NULL
        WHERE id = %(id)s"""
    await execute(tx, text, {**_values(told), "id": notice_id, "at": at})


async def seen(tx: Tx, notice_id: int, at: datetime) -> None:
    """Note when a notice was last confirmed as it is kept."""
    await execute(tx, "UPDATE notice SET seen_at = greatest(seen_at, %s) WHERE id = %s", [at, notice_id])


async def unlisted(tx: Tx, operator_id: int, began: datetime, now: datetime, most: int) -> list[str]:
    """What an operator calls the notices still to come that nobody confirmed since its list began to be read."""
    text = f"""
        SELECT n.ref FROM notice n WHERE n.operator_id = %(operator)s AND n.seen_at < %(began)s AND {_COMING}
        ORDER BY n.seen_at, n.id LIMIT %(most)s"""
    bound = {"operator": operator_id, "began": began, "over": sorted(OVER), "now": now, "most": most}
    return [row["ref"] for row in await fetch_all(tx, text, bound)]


async def gone(tx: Tx, notice_id: int, at: datetime | None) -> None:
    """Note since when the operator does not know a notice any more; None: it lists it again."""
    await execute(tx, "UPDATE notice SET gone_at = %s WHERE id = %s", [at, notice_id])


async def add_revision(tx: Tx, notice_id: int, origin: Origin, told: Told, digest: bytes) -> bool:
    """Keep what a revision says; False when it was kept before."""
    text = """
        INSERT INTO notice_revision (notice_id, revision, digest, updated_at, received_at, source, content)
        VALUES (%(notice)s, %(revision)s, %(digest)s, %(updated_at)s, %(at)s, %(source)s, %(content)s)
        ON CONFLICT DO NOTHING"""
    bound = {
        "notice": notice_id,
        "revision": told.revision,
        "digest": digest,
        "updated_at": told.updated_at,
        "at": origin.at,
        "source": origin.source.value,
        "content": Jsonb(msgspec.to_builtins(told.content)),
    }
    return await execute(tx, text, bound) == 1


def _values(told: Told) -> dict[str, Any]:
    content = told.content
    return {
        "kind": content.kind.value,
        "title": content.title,
        "description": content.description,
        "status": told.status,
        "status_reason": told.status_reason,
        "technology": content.technology,
        "revision": told.revision,
        "updated_at": told.updated_at,
        "starts_at": min((phase.starts_at for phase in content.phases), default=content.starts_at),
        "ends_at": max((phase.ends_at for phase in content.phases), default=content.ends_at),
        "phases": Jsonb(msgspec.to_builtins(content.phases)),
        "asks": told.status in ASKING,
    }


# ── answers ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def hold(tx: Tx, scope: Scope, notice_id: int) -> Notice | None:
    """A notice within the scope; nobody else changes it until the transaction ends."""
    text = f"SELECT {_COLUMNS} {_FROM} WHERE {_SEEN} AND n.id = %(id)s FOR UPDATE OF n"
    row = await fetch_one(tx, text, {**scope.params(), "id": notice_id})
    return None if row is None else _notice(row)


async def put_answer(tx: Tx, notice_id: int, answer: Answer, *, words: str, by: str, at: datetime) -> int:
    """Keep an answer to the revision that there is, to be sent; gives which one of the notice's answers it is."""
    text = """
        UPDATE notice SET answer = %(answer)s, answer_state = 'pending', answer_revision = revision,
            answer_words = %(words)s, answer_by = %(by)s, answer_at = %(at)s, answer_error = '',
            answer_number = answer_number + 1
        WHERE id = %(id)s RETURNING answer_number"""
    number: int = await fetch_value(
        tx, text, {"id": notice_id, "answer": answer.value, "words": words, "by": by, "at": at}
    )
    return number


async def answer_to_send(tx: Tx, notice_id: int, number: int) -> DictRow | None:
    """An answer that waits to be sent, unless a later one was given since."""
    text = """
        SELECT o.id AS operator_id, o.code AS operator, n.ref, n.answer, n.answer_revision, n.answer_words, n.answer_by
        FROM notice n JOIN operator o ON o.id = n.operator_id
        WHERE n.id = %(id)s AND n.answer_number = %(number)s AND n.answer_state = 'pending'"""
    return await fetch_one(tx, text, {"id": notice_id, "number": number})


async def settle_answer(tx: Tx, notice_id: int, number: int, state: AnswerState, error: str = "") -> bool:
    """Note what came of an answer, unless a later one was given since."""
    text = """
        UPDATE notice SET answer_state = %(state)s, answer_error = %(error)s
        WHERE id = %(id)s AND answer_number = %(number)s AND answer_state = 'pending'"""
    bound = {"id": notice_id, "number": number, "state": state.value, "error": error[:1000]}
    return await execute(tx, text, bound) == 1


def _notice(row: DictRow) -> Notice:
    return Notice(
        **{
            **row,
            "kind": Kind(row["kind"]),
            "phases": msgspec.convert(row["phases"], tuple[Phase, ...]),
            "answer": Answer(row["answer"]) if row["answer"] else None,
            "answer_state": AnswerState(row["answer_state"]) if row["answer_state"] else None,
        }
    )
