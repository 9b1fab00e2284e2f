"""SQL of enqueuing: procrastinate's own function, called in the transaction of whoever enqueues."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, fetch_value
from tieline.platform.errors import Unavailable

_DEFER = """
SELECT unnest(procrastinate_defer_jobs_v1(ARRAY[ROW(
    %(lane)s, %(name)s, 0, NULL, %(once)s, %(args)s, %(at)s)]::procrastinate_job_to_defer_v1[])) AS id
"""
_WAITING = "SELECT id FROM procrastinate_jobs WHERE queueing_lock = %s AND status = 'todo'"
_TRIES = 3


async def add(
    tx: Tx, name: str, lane: str, arguments: Mapping[str, Any], *, once: str | None, at: datetime | None
) -> int:
    """Enqueue a job; with ``once``, give the number of the one that waits with the same word if there is one."""
    params = {"lane": lane, "name": name, "once": once, "args": Jsonb(dict(arguments)), "at": at}
    if once is None:
        return int(await fetch_value(tx, _DEFER, params))
    for _ in range(_TRIES):
        waiting = await fetch_value(tx, _WAITING, (once,))
        if waiting is not None:
            return int(waiting)
        try:
            async with tx.transaction():
                return int(await fetch_value(tx, _DEFER, params))
        except psycopg.errors.UniqueViolation:
            continue  # somebody else enqueued it just now; unless it was also taken just now, it is found next
    raise Unavailable("The same job is being enqueued by several at once. Try again.", retry_after=1)
