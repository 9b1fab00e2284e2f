"""Programmes themselves, the changes that they made, and their log."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value
from tieline.platform.errors import NotFound
from tieline.platform.scope import Scope, within
from tieline.utility.programmes.model import Opening, Programme, ProgrammeState, Terms
from tieline.utility.programmes.policy.states import FIELD_DONE

_COLUMNS = """p.id, p.title, p.technology, p.state, p.state_why, p.notice_ids, p.terms, p.created_by, p.created_by_user,
    p.created_at, p.started_at, p.closed_at"""

JUMPED = "clock-jumped"


async def insert(tx: Tx, scope: Scope, opening: Opening, at: datetime) -> int:
    """Make a programme in draft."""
    text = """
        INSERT INTO programme (title, technology, notice_ids, terms, created_by, created_by_user, created_at)
        VALUES (%(title)s, %(technology)s, %(notices)s, %(terms)s, %(actor)s, %(user)s, %(at)s) RETURNING id"""
    bound = {
        "title": opening.title,
        "technology": opening.technology,
        "notices": list(opening.notice_ids),
        "terms": Jsonb(msgspec.to_builtins(opening.terms)),
        "actor": scope.actor,
        "user": scope.user_id,
        "at": at,
    }
    made: int = await fetch_value(tx, text, bound)
    return made


async def get(tx: Tx, programme_id: int, *, lock: bool = False) -> Programme:
    """A programme; raises ``NotFound``."""
    text = f"SELECT {_COLUMNS} FROM programme p WHERE p.id = %(id)s {'FOR UPDATE' if lock else ''}"
    row = await fetch_one(tx, text, {"id": programme_id})
    if row is None:
        raise NotFound(f"There is no programme {programme_id}.")
    return _programme(row)


async def page(tx: Tx, scope: Scope, *, before: int | None, limit: int) -> list[Programme]:
    """Programmes, the newest first, with how many of their sites within the scope there are, and how far they are."""
    text = f"""
        SELECT {_COLUMNS}, c.sites, c.field_done, c.done FROM programme p
        LEFT JOIN LATERAL (
            SELECT count(*) FILTER (WHERE s.state <> 'left_out') AS sites,
                count(*) FILTER (WHERE s.state = ANY(%(field_done)s)) AS field_done,
                count(*) FILTER (WHERE s.state = 'done') AS done
            FROM programme_site s WHERE s.programme_id = p.id AND {within("s.region")}) c ON true
        WHERE %(before)s::bigint IS NULL OR p.id < %(before)s
        ORDER BY p.id DESC LIMIT %(limit)s"""
    rows = await fetch_all(
        tx, text, {"before": before, "limit": limit + 1, "field_done": sorted(FIELD_DONE), **scope.params()}
    )
    return [_programme(row) for row in rows]


def _programme(row: DictRow) -> Programme:
    return Programme(
        **{
            **row,
            "state": ProgrammeState(row["state"]),
            "notice_ids": tuple(row["notice_ids"]),
            "terms": msgspec.convert(row["terms"], Terms),
        }
    )


async def set_state(tx: Tx, programme_id: int, state: ProgrammeState, *, why: str, at: datetime) -> None:
    """Move a programme to another state."""
    text = """
        UPDATE programme SET state = %(state)s, state_why = %(why)s,
            started_at = CASE WHEN %(state)s = 'running' THEN coalesce(started_at, %(at)s) ELSE started_at END,
            closed_at = CASE WHEN %(state)s = 'closed' THEN %(at)s::timestamptz END
        WHERE id = %(id)s"""
    await execute(tx, text, {"id": programme_id, "state": state.value, "why": why, "at": at})


async def add_terms(tx: Tx, programme_id: int, terms: Mapping[str, Any]) -> None:
    """Add to the terms of a programme, which otherwise stay what they were when it was opened."""
    text = "UPDATE programme SET terms = terms || %(terms)s WHERE id = %(id)s"
    await execute(tx, text, {"id": programme_id, "terms": Jsonb(dict(terms))})


async def add_change(tx: Tx, programme_id: int, change_id: int, *, part: str, title: str, at: datetime) -> None:
    """Note that a change is a programme's."""
    text = """
        INSERT INTO programme_change (programme_id, change_id, part, title, at)
        VALUES (%(id)s, %(change)s, %(part)s, %(title)s, %(at)s)"""
    await execute(tx, text, {"id": programme_id, "change": change_id, "part": part, "title": title, "at": at})


async def change(tx: Tx, change_id: int) -> DictRow | None:
    """Whose programme's a change is, and which part of it."""
    text = """
        SELECT g.programme_id, g.part, g.taken_at, p.state, p.terms FROM programme_change g
        JOIN programme p ON p.id = g.programme_id WHERE g.change_id = %(id)s"""
    return await fetch_one(tx, text, {"id": change_id})


async def changes(tx: Tx, programme_id: int) -> list[DictRow]:
    """The changes of a programme, the newest first, as they stand."""
    text = """
        SELECT g.change_id, g.part, g.title, g.at, g.taken_at, c.state, c.type
        FROM programme_change g JOIN change c ON c.id = g.change_id
        WHERE g.programme_id = %(id)s ORDER BY g.change_id DESC LIMIT 500"""
    return await fetch_all(tx, text, {"id": programme_id})


async def take_change(tx: Tx, change_id: int, at: datetime) -> bool:
    """Mark that what came of a change was taken over; False if it was before."""
    text = "UPDATE programme_change SET taken_at = %(at)s WHERE change_id = %(id)s AND taken_at IS NULL"
    return bool(await execute(tx, text, {"id": change_id, "at": at}))


async def give_change_back(tx: Tx, change_id: int) -> None:
    """What comes of a change is to be taken over anew: it goes on after its end."""
    await execute(tx, "UPDATE programme_change SET taken_at = NULL WHERE change_id = %(id)s", {"id": change_id})


async def going_by(tx: Tx, notice_id: int) -> list[int]:
    """Programmes that go by a notice and are not closed."""
    text = "SELECT id FROM programme WHERE %(notice)s = ANY(notice_ids) AND state <> 'closed' ORDER BY id"
    return [row["id"] for row in await fetch_all(tx, text, {"notice": notice_id})]


async def jumped(tx: Tx, programme_id: int, jump: timedelta, *, since: datetime) -> bool:
    """Whether a jump of the clock was noted for a programme already, by another conductor."""
    text = """
        SELECT count(*) > 0 AS noted FROM programme_event
        WHERE programme_id = %(id)s AND kind = %(kind)s AND at >= %(since)s
            AND abs((detail ->> 'seconds')::float - %(seconds)s) < 30"""
    bound = {"id": programme_id, "kind": JUMPED, "since": since, "seconds": jump.total_seconds()}
    return bool(await fetch_value(tx, text, bound))


async def add_event(
    tx: Tx, programme_id: int, kind: str, detail: Mapping[str, Any], *, actor: str, at: datetime
) -> None:
    """Add to a programme's own log."""
    text = """
        INSERT INTO programme_event (programme_id, at, actor, kind, detail)
        VALUES (%(id)s, %(at)s, %(actor)s, %(kind)s, %(detail)s)"""
    await execute(tx, text, {"id": programme_id, "at": at, "actor": actor, "kind": kind, "detail": Jsonb(dict(detail))})


async def events(tx: Tx, programme_id: int, *, limit: int) -> Sequence[DictRow]:
    """A programme's log, the newest first."""
    text = """
        SELECT id, at, actor, kind, detail FROM programme_event
        WHERE programme_id = %(id)s ORDER BY id DESC LIMIT %(limit)s"""
    return await fetch_all(tx, text, {"id": programme_id, "limit": limit})


async def last_change(tx: Tx, programme_id: int, part: str) -> datetime | None:
    """When the last change of a part of a programme was made."""
    text = "SELECT max(at) FROM programme_change WHERE programme_id = %(id)s AND part = %(part)s"
    found: datetime | None = await fetch_value(tx, text, {"id": programme_id, "part": part})
    return found


async def live(tx: Tx) -> list[int]:
    """Programmes that are not closed."""
    return [row["id"] for row in await fetch_all(tx, "SELECT id FROM programme WHERE state <> 'closed' ORDER BY id")]


async def untaken(tx: Tx) -> list[int]:
    """Changes of programmes that are not closed, whose outcome is not taken yet."""
    text = """
        SELECT g.change_id FROM programme_change g JOIN programme p ON p.id = g.programme_id
        WHERE g.taken_at IS NULL AND p.state <> 'closed' ORDER BY 1"""
    return [row["change_id"] for row in await fetch_all(tx, text)]
