"""The change log: one row for each effective change of an object, whoever made it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.gateway.model import Actor
from tieline.gateway.objects.model import Effect
from tieline.platform.db import Tx, execute, fetch_all, fetch_one


async def append(tx: Tx, utility_id: int, effects: Sequence[Effect], actor: Actor, now: datetime) -> None:
    """Write down what happened, in order."""
    if not effects:
        return
    rows = [
        {
            "operation": effect.happened,
            "dn": str(effect.dn),
            "version": effect.version,
            "before": effect.before,
            "after": effect.after,
            "change": effect.change,
        }
        for effect in effects
    ]
    await execute(
        tx,
        """INSERT INTO change_log (utility_id, at, party, source, client, reason, job_id, operation, dn, version,
               before, after, change)
           SELECT %(utility)s, %(at)s, %(party)s, %(source)s, %(client)s, %(reason)s, %(job)s, operation, dn, version,
               nullif(before, 'null'), nullif(after, 'null'), change
           FROM ROWS FROM (jsonb_to_recordset(%(rows)s) AS (operation text, dn text, version integer, before jsonb,
               after jsonb, change text)) WITH ORDINALITY AS r(operation, dn, version, before, after, change, n)
           ORDER BY n""",
        {
            "utility": utility_id,
            "at": now,
            "party": actor.party,
            "source": actor.source,
            "client": actor.client,
            "reason": actor.reason,
            "job": actor.job_id,
            "rows": Jsonb(rows),
        },
    )


async def page(tx: Tx, *, after: int, limit: int, filters: dict[str, Any]) -> list[DictRow]:
    """Give log rows after a row number, oldest first; ``filters`` may hold utility, party, client, dn, job, upto."""
    return await fetch_all(
        tx,
        """SELECT l.id, u.code AS utility, l.at, l.party, l.source, l.client, a.name AS client_name, l.operation, l.dn,
               l.version, l.before, l.after, l.reason, l.job_id, l.change
           FROM change_log l JOIN utility u ON u.id = l.utility_id LEFT JOIN api_client a ON a.client_id = l.client
           WHERE l.id > %(after)s
             AND (%(utility)s::text IS NULL OR u.code = %(utility)s)
             AND (%(party)s::text IS NULL OR l.party = %(party)s)
             AND (%(client)s::text IS NULL OR l.client = %(client)s)
             AND (%(dn)s::text IS NULL OR l.dn = %(dn)s)
             AND (%(job)s::bigint IS NULL OR l.job_id = %(job)s)
             AND (%(upto)s::bigint IS NULL OR l.id <= %(upto)s)
           ORDER BY l.id LIMIT %(limit)s""",
        {
            "after": after,
            "limit": limit,
            **dict.fromkeys(("utility", "party", "client", "dn", "job", "upto")),
            **filters,
        },
    )


@dataclass(frozen=True, slots=True)
class Horizon:
    """The last row that is seen, the oldest transaction under way, and the next that will begin."""

    last: int
    lowest: int
    next: int


async def horizon(tx: Tx) -> Horizon:
    """How far the log is, and which transactions may still add to it."""
    row = await fetch_one(
        tx,
        """SELECT (SELECT coalesce(max(id), 0) FROM change_log) AS last,
               pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS lowest,
               pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next""",
    )
    if row is None:
        raise LookupError("the database gave no row back")
    return Horizon(row["last"], row["lowest"], row["next"])


async def of_job(tx: Tx, utility_id: int, job_id: int) -> list[DictRow]:
    """Give what a job brought about, the last first: the order in which it is undone."""
    return await fetch_all(
        tx,
        """SELECT dn, operation, before, after, version, change FROM change_log
           WHERE job_id = %(job)s AND utility_id = %(utility)s ORDER BY id DESC""",
        {"job": job_id, "utility": utility_id},
    )
