"""Triggers, and the jobs that they start."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.gateway.plans.model import LISTED
from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value
from tieline.standards.mns.plans import Timing

_COLUMNS = "id, request, last_modified_at, begins_at, fires_at, ends_at, fired_at"


async def add(
    tx: Tx, utility_id: int, request: Mapping[str, Any], jobs: Sequence[int], *, times: Timing, now: datetime
) -> DictRow:
    """Keep a new trigger."""
    row = await fetch_one(
        tx,
        f"""INSERT INTO trigger_descriptor (utility_id, name, request, job_ids, last_modified_at, begins_at, fires_at,
                ends_at)
            VALUES (%(utility)s, %(name)s, %(request)s, %(jobs)s, %(now)s, %(begins)s, %(fires)s, %(ends)s)
            RETURNING {_COLUMNS}""",
        _values(utility_id, request, jobs, times, now),
    )
    if row is None:
        raise LookupError("the database gave no row back")
    return row


async def replace(
    tx: Tx,
    utility_id: int,
    number: int,
    request: Mapping[str, Any],
    jobs: Sequence[int],
    *,
    times: Timing,
    now: datetime,
) -> bool:
    """Give a trigger other contents; it is then evaluated anew. False if there is none."""
    count = await execute(
        tx,
        """UPDATE trigger_descriptor SET name = %(name)s, request = %(request)s, job_ids = %(jobs)s,
               last_modified_at = %(now)s, begins_at = %(begins)s, fires_at = %(fires)s, ends_at = %(ends)s,
               fired_at = NULL
           WHERE id = %(id)s AND utility_id = %(utility)s""",
        {**_values(utility_id, request, jobs, times, now), "id": number},
    )
    return count == 1


async def find(tx: Tx, utility_id: int, number: int) -> DictRow | None:
    """Give a trigger."""
    return await fetch_one(
        tx, f"SELECT {_COLUMNS} FROM trigger_descriptor WHERE id = %s AND utility_id = %s", [number, utility_id]
    )


async def listed(tx: Tx, utility_id: int, name: str | None) -> list[DictRow]:
    """Give the newest triggers, of a name if one is given."""
    return await fetch_all(
        tx,
        """SELECT id, name, request FROM trigger_descriptor
           WHERE utility_id = %(utility)s AND (%(name)s::text IS NULL OR name = %(name)s)
           ORDER BY id DESC LIMIT %(most)s""",
        {"utility": utility_id, "name": name, "most": LISTED},
    )


async def count(tx: Tx, utility_id: int) -> int:
    """Count a utility's triggers."""
    found: int = await fetch_value(tx, "SELECT count(*) FROM trigger_descriptor WHERE utility_id = %s", [utility_id])
    return found


async def remove(tx: Tx, utility_id: int, number: int) -> bool:
    """Delete a trigger; False if there is none."""
    return (
        await execute(tx, "DELETE FROM trigger_descriptor WHERE id = %s AND utility_id = %s", [number, utility_id]) == 1
    )


async def waiting(tx: Tx, utility_id: int, jobs: Sequence[int]) -> dict[int, bool]:
    """Give those of these activation jobs that exist: whether each still waits to be started."""
    rows = await fetch_all(
        tx,
        """SELECT id, state = 'NOT_STARTED' AS waits FROM plan_job
           WHERE utility_id = %s AND kind = 'activation' AND id = ANY(%s)""",
        [utility_id, list(jobs)],
    )
    return {row["id"]: row["waits"] for row in rows}


async def fire(tx: Tx, now: datetime) -> int:
    """Start what is due: jobs of the trigger's own utility that still wait. Gives how many.

    A trigger whose evaluation has stopped meanwhile (the gateway was down) no longer starts anything.
    """
    return await execute(
        tx,
        """WITH due AS (
               UPDATE trigger_descriptor SET fired_at = %(now)s
               WHERE fired_at IS NULL AND fires_at <= %(now)s AND (ends_at IS NULL OR ends_at >= %(now)s)
               RETURNING utility_id, job_ids)
           UPDATE plan_job j SET state = 'QUEUED' FROM due
           WHERE j.id = ANY(due.job_ids) AND j.utility_id = due.utility_id AND j.kind = 'activation'
             AND j.state = 'NOT_STARTED'""",
        {"now": now},
    )


async def next_due(tx: Tx, now: datetime) -> datetime | None:
    """Say when the next trigger starts something, if one will."""
    found: datetime | None = await fetch_value(
        tx,
        """SELECT min(fires_at) FROM trigger_descriptor
           WHERE fired_at IS NULL AND (ends_at IS NULL OR ends_at >= %s)""",
        [now],
    )
    return found


def _values(
    utility_id: int, request: Mapping[str, Any], jobs: Sequence[int], times: Timing, now: datetime
) -> dict[str, Any]:
    return {
        "utility": utility_id,
        "name": request.get("name"),
        "request": Jsonb(dict(request)),
        "jobs": list(jobs),
        "now": now,
        "begins": times.begins_at,
        "fires": times.fires_at,
        "ends": times.ends_at,
    }
