"""Validation and activation jobs, and the changes of theirs that failed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.gateway.plans.model import LISTED, Job, Part
from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value
from tieline.standards.mns.errors import ErrorDetail
from tieline.standards.mns.plans import JobState, MemberConflict

_COLUMNS = """id, utility_id, kind, name, request, requested_by, client, mode, parts, fallback_of, fallback, state,
    cancel_requested, message, total, position, failed, rolled_back, conflicts, created_at, started_at, stopped_at"""


async def add(tx: Tx, utility_id: int, job: Mapping[str, Any], parts: Sequence[Part], now: datetime) -> Job:
    """Keep a new job, to be carried out now or when a trigger says so, as its ``state`` tells."""
    row = await fetch_one(
        tx,
        f"""INSERT INTO plan_job (utility_id, kind, name, request, requested_by, client, mode, parts, fallback_of,
                fallback, state, total, conflicts, created_at)
            VALUES (%(utility)s, %(kind)s, %(name)s, %(request)s, %(by)s, %(client)s, %(mode)s, %(parts)s,
                %(fallback_of)s, %(fallback)s, %(state)s, %(total)s, %(conflicts)s, %(now)s)
            RETURNING {_COLUMNS}""",
        {
            **job,
            "request": Jsonb(job["request"]),
            "parts": Jsonb([[part.content_id, part.size, part.plan] for part in parts]),
            "conflicts": Jsonb(msgspec.to_builtins(job["conflicts"])),
            "utility": utility_id,
            "now": now,
        },
    )
    if row is None:
        raise LookupError("the database gave no row back")
    return _job(row)


async def find(tx: Tx, utility_id: int, kind: str, number: int) -> Job | None:
    """Give a job."""
    row = await fetch_one(
        tx,
        f"SELECT {_COLUMNS} FROM plan_job WHERE id = %s AND utility_id = %s AND kind = %s",
        [number, utility_id, kind],
    )
    return _job(row) if row else None


async def lock(tx: Tx, number: int) -> Job | None:
    """Give a job and hold it until the transaction ends."""
    row = await fetch_one(tx, f"SELECT {_COLUMNS} FROM plan_job WHERE id = %s FOR NO KEY UPDATE", [number])
    return _job(row) if row else None


async def listed(tx: Tx, utility_id: int, kind: str, *, state: str | None, name: str | None) -> list[DictRow]:
    """Give the newest jobs, in a state and of a name if these are given."""
    return await fetch_all(
        tx,
        """SELECT id, name, request, state FROM plan_job
           WHERE utility_id = %(utility)s AND kind = %(kind)s AND (%(state)s::text IS NULL OR state = %(state)s)
             AND (%(name)s::text IS NULL OR name = %(name)s)
           ORDER BY id DESC LIMIT %(most)s""",
        {"utility": utility_id, "kind": kind, "state": state, "name": name, "most": LISTED},
    )


async def next_of_each(tx: Tx) -> list[Job]:
    """Give the oldest job that is to be carried out of each utility, so that none waits for another's."""
    rows = await fetch_all(
        tx,
        f"""SELECT DISTINCT ON (utility_id) {_COLUMNS} FROM plan_job
            WHERE state IN ('QUEUED', 'RUNNING', 'CANCELLING') ORDER BY utility_id, id""",
    )
    return [_job(row) for row in rows]


async def count_open(tx: Tx, utility_id: int) -> int:
    """Count a utility's jobs that are to be carried out."""
    found: int = await fetch_value(
        tx,
        """SELECT count(*) FROM plan_job
           WHERE utility_id = %s AND state IN ('QUEUED', 'RUNNING', 'CANCELLING')""",
        [utility_id],
    )
    return found


async def is_open_for(tx: Tx, utility_id: int, content_id: int) -> bool:
    """Tell whether a job that is not over uses these changes."""
    row = await fetch_one(
        tx,
        """SELECT 1 FROM plan_job WHERE utility_id = %s
             AND state IN ('NOT_STARTED', 'QUEUED', 'RUNNING', 'CANCELLING')
             AND EXISTS (SELECT 1 FROM jsonb_array_elements(parts) AS p WHERE (p -> 0)::bigint = %s) LIMIT 1""",
        [utility_id, content_id],
    )
    return row is not None


async def advance(
    tx: Tx, number: int, *, position: int, failed: int, failures: Sequence[tuple[int, Sequence[ErrorDetail]]]
) -> None:
    """Note that the changes before ``position`` were dealt with, ``failed`` more of which failed, and why."""
    await execute(
        tx,
        """UPDATE plan_job SET position = %(position)s, failed = failed + %(failed)s WHERE id = %(id)s""",
        {"id": number, "position": position, "failed": failed},
    )
    if failures:
        rows = [{"at": place, "errors": msgspec.to_builtins(errors)} for place, errors in failures]
        await execute(
            tx,
            """INSERT INTO plan_failure (job_id, position, errors)
               SELECT %(id)s, at, errors FROM jsonb_to_recordset(%(rows)s) AS r(at integer, errors jsonb)""",
            {"id": number, "rows": Jsonb(rows)},
        )


async def begin(tx: Tx, number: int, now: datetime) -> None:
    """Note that a job is being carried out."""
    await execute(
        tx,
        "UPDATE plan_job SET state = 'RUNNING', started_at = %s WHERE id = %s AND state = 'QUEUED'",
        [now, number],
    )


async def end(
    tx: Tx, number: int, state: JobState, now: datetime, *, message: str | None = None, rolled_back: int = 0
) -> None:
    """Note how a job ended; what undoes it is kept from now on, if that was wanted."""
    await execute(
        tx,
        """UPDATE plan_job SET state = %(state)s, stopped_at = %(now)s, message = %(message)s,
               rolled_back = %(rolled_back)s, fallback = CASE fallback WHEN 'wanted' THEN 'kept' ELSE fallback END
           WHERE id = %(id)s""",
        {"id": number, "state": state, "now": now, "message": message, "rolled_back": rolled_back},
    )


async def request_cancel(tx: Tx, number: int, state: JobState, now: datetime) -> None:
    """Note that a job is to stop; one that has not begun is over at once."""
    await execute(
        tx,
        """UPDATE plan_job SET cancel_requested = true, state = %(state)s,
               stopped_at = CASE WHEN %(state)s = 'CANCELLED' THEN %(now)s END WHERE id = %(id)s""",
        {"id": number, "state": state, "now": now},
    )


async def failures(tx: Tx, number: int) -> dict[int, list[ErrorDetail]]:
    """Give the errors of the changes that failed, by their place."""
    rows = await fetch_all(tx, "SELECT position, errors FROM plan_failure WHERE job_id = %s", [number])
    return {row["position"]: msgspec.convert(row["errors"], list[ErrorDetail]) for row in rows}


async def remove(tx: Tx, number: int) -> None:
    """Delete a job that is over and that nothing refers to."""
    await execute(tx, "DELETE FROM plan_job WHERE id = %s", [number])


async def is_undone_by_another(tx: Tx, number: int) -> bool:
    """Tell whether a job refers to the fallback of this one."""
    return await fetch_one(tx, "SELECT 1 FROM plan_job WHERE fallback_of = %s LIMIT 1", [number]) is not None


async def listed_fallbacks(tx: Tx, utility_id: int) -> list[DictRow]:
    """Give the newest jobs that can be taken back."""
    return await fetch_all(
        tx,
        """SELECT id, name FROM plan_job WHERE utility_id = %s AND fallback = 'kept' ORDER BY id DESC LIMIT %s""",
        [utility_id, LISTED],
    )


async def drop_fallback(tx: Tx, number: int) -> None:
    """Give up the way back of a job."""
    await execute(tx, "UPDATE plan_job SET fallback = 'deleted' WHERE id = %s", [number])


def _job(row: DictRow) -> Job:
    values = {
        **row,
        "parts": tuple(Part(*part) for part in row["parts"]),
        "state": JobState(row["state"]),
        "conflicts": tuple(msgspec.convert(row["conflicts"], list[MemberConflict])),
    }
    return Job(**values)
