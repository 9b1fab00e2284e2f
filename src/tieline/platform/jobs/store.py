"""SQL of watching and mending jobs."""

from collections.abc import Sequence
from datetime import datetime

from psycopg.rows import DictRow

from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value
from tieline.platform.jobs.model import JobRecord, JobState
from tieline.platform.metrics import LaneFigures

_STATES = {
    "todo": JobState.WAITING,
    "doing": JobState.RUNNING,
    "succeeded": JobState.SUCCEEDED,
    "failed": JobState.FAILED,
    "cancelled": JobState.CANCELLED,
    "aborting": JobState.RUNNING,
    "aborted": JobState.CANCELLED,
}

_LIST = """
SELECT j.id, j.task_name AS name, j.queue_name AS lane, j.status::text AS status, j.attempts, j.scheduled_at AS due_at,
       e.error, v.created_at, v.started_at, v.ended_at
  FROM procrastinate_jobs j
  LEFT JOIN job_error e ON e.job_id = j.id
  LEFT JOIN LATERAL (
       SELECT min(at) FILTER (WHERE type = 'deferred') AS created_at,
              max(at) FILTER (WHERE type = 'started') AS started_at,
              max(at) FILTER (WHERE type IN ('succeeded', 'failed', 'cancelled', 'aborted')) AS ended_at
         FROM procrastinate_events v WHERE v.job_id = j.id) v ON true
 WHERE j.id < %(before)s
   AND (%(lane)s::text IS NULL OR j.queue_name = %(lane)s OR starts_with(j.queue_name, %(lane)s || '.'))
   AND (%(name)s::text IS NULL OR j.task_name = %(name)s)
   AND (%(states)s::text[] IS NULL OR j.status::text = ANY(%(states)s::text[]))
 ORDER BY j.id DESC LIMIT %(limit)s
"""

_LANES = """
SELECT queue_name AS lane,
       count(*) FILTER (WHERE status = 'todo') AS waiting,
       count(*) FILTER (WHERE status = 'doing') AS running,
       count(*) FILTER (WHERE status = 'failed') AS failed,
       coalesce(max(extract(epoch FROM now() - coalesce(j.scheduled_at, v.at)))
           FILTER (WHERE status = 'todo' AND (j.scheduled_at IS NULL OR j.scheduled_at <= now())), 0)::float AS oldest
  FROM procrastinate_jobs j
  LEFT JOIN LATERAL (
       SELECT min(at) AS at FROM procrastinate_events e WHERE e.job_id = j.id AND j.status = 'todo') v ON true
 GROUP BY queue_name ORDER BY queue_name
"""


async def page(
    tx: Tx, *, lane: str | None, name: str | None, state: JobState | None, before: int, limit: int
) -> list[JobRecord]:
    """Jobs below the number ``before``, the latest first."""
    states = None if state is None else [word for word, meaning in _STATES.items() if meaning is state]
    params = {"lane": lane, "name": name, "states": states, "before": before, "limit": limit}
    return [_record(row) for row in await fetch_all(tx, _LIST, params)]


async def lanes(tx: Tx) -> list[LaneFigures]:
    """The figures of every lane."""
    return [LaneFigures(**row) for row in await fetch_all(tx, _LANES)]


async def waiting_lanes(tx: Tx) -> list[str]:
    """Lanes in which something waits."""
    rows = await fetch_all(tx, "SELECT DISTINCT queue_name AS lane FROM procrastinate_jobs WHERE status = 'todo'")
    return [row["lane"] for row in rows]


async def heartbeat_age(tx: Tx) -> float | None:
    """Seconds since the worker heard last was heard; None when there is none."""
    text = "SELECT extract(epoch FROM now() - max(last_heartbeat))::float AS age FROM procrastinate_workers"
    age: float | None = await fetch_value(tx, text)
    return age


async def note_error(tx: Tx, job_id: int, error: str) -> None:
    """Keep why the last attempt failed."""
    text = """
        INSERT INTO job_error (job_id, error) SELECT id, %(error)s FROM procrastinate_jobs WHERE id = %(id)s
        ON CONFLICT (job_id) DO UPDATE SET error = excluded.error, at = excluded.at
    """
    await execute(tx, text, {"id": job_id, "error": error})


async def revive_stalled(tx: Tx, seconds: float, most: int) -> Sequence[DictRow]:
    """Put back the running jobs whose worker was not heard for so long; those put back too often fail instead.

    A beat that is yet to come is from before the clock went back: it counts from now on.
    """
    await execute(tx, "UPDATE procrastinate_workers SET last_heartbeat = now() WHERE last_heartbeat > now()")
    return await fetch_all(
        tx,
        """
        WITH lost AS (
            SELECT j.id FROM procrastinate_jobs j LEFT JOIN procrastinate_workers w ON w.id = j.worker_id
             WHERE j.status = 'doing'
               AND (w.id IS NULL OR w.last_heartbeat < now() - make_interval(secs => %(seconds)s))
               FOR UPDATE OF j SKIP LOCKED)
        UPDATE procrastinate_jobs j
           SET status = CASE WHEN attempts + 1 >= %(most)s OR abort_requested THEN 'failed' ELSE 'todo' END
                   ::procrastinate_job_status,
               attempts = attempts + 1, abort_requested = false, scheduled_at = NULL, worker_id = NULL
          FROM lost WHERE j.id = lost.id
        RETURNING j.id, j.task_name AS name, j.queue_name AS lane,
                  j.status::text AS status, j.attempts, pg_notify('procrastinate_queue_v1#' || j.queue_name,
                  json_build_object('type', 'job_inserted', 'job_id', j.id)::text)
        """,
        {"seconds": seconds, "most": most},
    )


async def drop_dead_workers(tx: Tx, seconds: float) -> int:
    """Forget workers that were not heard for long and hold no job."""
    text = """
        DELETE FROM procrastinate_workers w WHERE last_heartbeat < now() - make_interval(secs => %s)
           AND NOT EXISTS (SELECT FROM procrastinate_jobs j WHERE j.worker_id = w.id AND j.status = 'doing')
    """
    return await execute(tx, text, (seconds,))


async def retry_failed(tx: Tx, job_id: int) -> bool:
    """Let a failed job be tried again; False when there is no such failed job."""
    row = await fetch_one(
        tx,
        """
        UPDATE procrastinate_jobs SET status = 'todo', attempts = 0, scheduled_at = NULL
         WHERE id = %s AND status = 'failed' RETURNING id, queue_name,
               pg_notify('procrastinate_queue_v1#' || queue_name,
                         json_build_object('type', 'job_inserted', 'job_id', id)::text)
        """,
        (job_id,),
    )
    return row is not None


async def forget(tx: Tx, *, succeeded_before: datetime, failed_before: datetime) -> int:
    """Delete jobs that ended long ago; at most 10,000 at a time."""
    return await execute(
        tx,
        """
        DELETE FROM procrastinate_jobs WHERE id IN (
            SELECT j.id FROM procrastinate_jobs j
             WHERE j.status IN ('succeeded', 'failed', 'cancelled', 'aborted')
               AND NOT EXISTS (SELECT FROM procrastinate_periodic_defers p WHERE p.job_id = j.id)
               AND (SELECT max(at) FROM procrastinate_events e WHERE e.job_id = j.id)
                   < CASE j.status WHEN 'succeeded' THEN %(succeeded)s ELSE %(failed)s END
             ORDER BY j.id LIMIT 10000)
        """,
        {"succeeded": succeeded_before, "failed": failed_before},
    )


def _record(row: DictRow) -> JobRecord:
    return JobRecord(
        id=row["id"],
        name=row["name"],
        lane=row["lane"],
        state=_STATES[row["status"]],
        attempts=row["attempts"],
        error=row["error"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        due_at=row["due_at"],
    )
