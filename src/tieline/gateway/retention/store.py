"""All SQL of forgetting: each statement takes a few rows that nothing needs any more, and says how many it took.

Rows that somebody holds at the moment are passed over: their turn comes with the next round.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tieline.gateway.retention.policy import Cutoffs
from tieline.platform.db import Tx, execute, fetch_all, fetch_one

_OPEN = "('NOT_STARTED', 'QUEUED', 'RUNNING', 'CANCELLING')"
_OVER = "('CANCELLED', 'COMPLETED', 'FAILED')"

# The index over parts finds jobs with the number anywhere in a part (a size may be the same); then it is looked at.
_USED_BY_A_JOB = """EXISTS (
    SELECT 1 FROM plan_job j WHERE j.parts @> jsonb_build_array(jsonb_build_array({content}))
      AND EXISTS (SELECT 1 FROM jsonb_array_elements(j.parts) AS part WHERE (part -> 0)::bigint = {content}))"""


@dataclass(frozen=True, slots=True)
class Walked:
    """A stretch of the change log that was looked at: up to which row, whether younger rows follow, what went."""

    last: int
    is_end: bool
    gone: int


async def answers(tx: Tx, cutoffs: Cutoffs, most: int) -> int:
    """Forget answers kept for repeated calls."""
    return await execute(
        tx,
        """DELETE FROM answered_call WHERE (utility_id, key) IN (
               SELECT utility_id, key FROM answered_call WHERE at < %(before)s ORDER BY at LIMIT %(most)s
               FOR UPDATE SKIP LOCKED)""",
        {"before": cutoffs.answers, "most": most},
    )


async def triggers(tx: Tx, cutoffs: Cutoffs, most: int) -> int:
    """Forget triggers that have fired, or can no longer fire, since long."""
    return await execute(
        tx,
        """DELETE FROM trigger_descriptor WHERE id IN (
               SELECT id FROM trigger_descriptor WHERE coalesce(fired_at, ends_at) < %(before)s ORDER BY id
               LIMIT %(most)s FOR UPDATE SKIP LOCKED)""",
        {"before": cutoffs.jobs, "most": most},
    )


async def fallbacks(tx: Tx, cutoffs: Cutoffs, most: int) -> int:
    """Give up ways back that are too old, unless a job is about to go one."""
    return await execute(
        tx,
        f"""UPDATE plan_job SET fallback = 'deleted' WHERE id IN (
                SELECT j.id FROM plan_job j WHERE j.fallback = 'kept' AND j.stopped_at < %(before)s
                  AND NOT EXISTS (SELECT 1 FROM plan_job u WHERE u.fallback_of = j.id AND u.state IN {_OPEN})
                ORDER BY j.id LIMIT %(most)s FOR UPDATE SKIP LOCKED)""",
        {"before": cutoffs.fallbacks, "most": most},
    )


async def doomed_jobs(tx: Tx, cutoffs: Cutoffs, most: int) -> list[int]:
    """Give jobs that are over since long, or wait in vain: no trigger will start them.

    One that can still be taken back, or that another one takes back, is none of them.
    """
    rows = await fetch_all(
        tx,
        f"""SELECT j.id FROM plan_job j
            WHERE j.fallback <> 'kept' AND NOT EXISTS (SELECT 1 FROM plan_job u WHERE u.fallback_of = j.id)
              AND (j.state IN {_OVER} AND j.stopped_at < %(before)s
                OR j.state = 'NOT_STARTED' AND j.created_at < %(before)s AND NOT EXISTS (
                    SELECT 1 FROM trigger_descriptor t WHERE t.fired_at IS NULL AND j.id = ANY(t.job_ids)
                      AND (t.ends_at IS NULL OR t.ends_at >= %(now)s)))
            ORDER BY j.id LIMIT %(most)s""",
        {"before": cutoffs.jobs, "now": cutoffs.now, "most": most},
    )
    return [row["id"] for row in rows]


async def failures(tx: Tx, jobs: Sequence[int], most: int) -> int:
    """Forget the failed changes of jobs that are about to go."""
    return await execute(
        tx,
        """DELETE FROM plan_failure WHERE (job_id, position) IN (
               SELECT job_id, position FROM plan_failure WHERE job_id = ANY(%(jobs)s) LIMIT %(most)s)""",
        {"jobs": list(jobs), "most": most},
    )


async def jobs(tx: Tx, doomed: Sequence[int]) -> int:
    """Forget jobs, but for those that were started or undone since they were chosen."""
    return await execute(
        tx,
        f"""DELETE FROM plan_job WHERE id IN (
                SELECT id FROM plan_job WHERE id = ANY(%(jobs)s) AND fallback <> 'kept'
                  AND state IN ('NOT_STARTED', {_OVER[1:]}
                  AND NOT EXISTS (SELECT 1 FROM plan_job u WHERE u.fallback_of = plan_job.id)
                FOR UPDATE SKIP LOCKED)""",
        {"jobs": list(doomed)},
    )


async def groups(tx: Tx, cutoffs: Cutoffs, most: int) -> int:
    """Forget plan groups that nobody changed or used, and that no other group has as a member."""
    return await execute(
        tx,
        """DELETE FROM plan_group WHERE id IN (
               SELECT g.id FROM plan_group g WHERE g.last_modified_at < %(before)s
                 AND NOT EXISTS (
                     SELECT 1 FROM plan_group outer_group WHERE outer_group.utility_id = g.utility_id
                       AND outer_group.members @> jsonb_build_array(
                           jsonb_build_object('planConfigGroupDescrId', 'pg-' || g.id)))
                 AND NOT EXISTS (
                     SELECT 1 FROM plan_job j WHERE j.request ->> 'planConfigGroupDescrId' = 'pg-' || g.id)
               ORDER BY g.id LIMIT %(most)s FOR UPDATE SKIP LOCKED)""",
        {"before": cutoffs.plans, "most": most},
    )


async def plans(tx: Tx, cutoffs: Cutoffs, most: int) -> int:
    """Forget plans that were deleted, and those that nobody changed or used and that are in no group.

    A request that makes a job of a plan holds it meanwhile (``descriptors.hold``), so that its changes stay.
    """
    return await execute(
        tx,
        f"""DELETE FROM plan_descriptor WHERE id IN (
                SELECT d.id FROM plan_descriptor d
                WHERE d.deleted OR (d.last_modified_at < %(before)s
                  AND NOT EXISTS (
                      SELECT 1 FROM plan_group g WHERE g.utility_id = d.utility_id
                        AND g.members @> jsonb_build_array(jsonb_build_object('planConfigDescrId', 'pd-' || d.id)))
                  AND NOT {_USED_BY_A_JOB.format(content="d.content_id")})
                ORDER BY d.id LIMIT %(most)s FOR UPDATE SKIP LOCKED)""",
        {"before": cutoffs.plans, "most": most},
    )


async def contents(tx: Tx, after: int, most: int) -> Walked:
    """Walk along the changes of plans, forgetting those that no plan and no job has."""
    row = await fetch_one(
        tx,
        f"""WITH page AS (SELECT id FROM plan_content WHERE id > %(after)s ORDER BY id LIMIT %(most)s),
                 gone AS (
                     DELETE FROM plan_content c USING page WHERE c.id = page.id
                       AND NOT EXISTS (SELECT 1 FROM plan_descriptor d WHERE d.content_id = c.id)
                       AND NOT {_USED_BY_A_JOB.format(content="c.id")}
                     RETURNING 1)
            SELECT max(id) AS last, count(*) < %(most)s AS is_end, (SELECT count(*) FROM gone) AS gone FROM page""",
        {"after": after, "most": most},
    )
    return _walked(row, after)


async def log(tx: Tx, cutoffs: Cutoffs, after: int, most: int) -> Walked:
    """Walk along the change log from its oldest row, forgetting what is old and no fallback is read out of."""
    row = await fetch_one(
        tx,
        f"""WITH page AS (SELECT id, at, job_id FROM change_log WHERE id > %(after)s ORDER BY id LIMIT %(most)s),
                 gone AS (
                     DELETE FROM change_log l USING page p WHERE l.id = p.id AND p.at < %(before)s
                       AND NOT EXISTS (
                           SELECT 1 FROM plan_job j WHERE j.id = p.job_id AND (
                               j.fallback IN ('wanted', 'kept') OR EXISTS (
                                   SELECT 1 FROM plan_job u WHERE u.fallback_of = j.id AND u.state IN {_OPEN})))
                     RETURNING 1)
            SELECT max(id) AS last, count(*) < %(most)s OR max(at) >= %(before)s AS is_end,
                (SELECT count(*) FROM gone) AS gone FROM page""",
        {"before": cutoffs.log, "after": after, "most": most},
    )
    return _walked(row, after)


def _walked(row: dict[str, int] | None, after: int) -> Walked:
    if row is None or row["last"] is None:
        return Walked(after, is_end=True, gone=0)
    return Walked(row["last"], is_end=bool(row["is_end"]), gone=row["gone"])
