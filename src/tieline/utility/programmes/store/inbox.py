"""What has happened in the field and waits to be taken, in its order; one conductor takes it at a time."""

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, execute, fetch_all, fetch_value, lock_key

_LOCK = lock_key("programmes.conductor")


async def put(tx: Tx, programme_id: int, site_id: int, kind: str, payload: Mapping[str, Any]) -> None:
    """Leave something that has happened at the visit that is a site's now; what is told of an earlier one is over."""
    text = """
        INSERT INTO programme_inbox (programme_id, site_id, kind, payload)
        SELECT s.programme_id, s.site_id, %(kind)s, %(payload)s FROM programme_site s
        WHERE s.programme_id = %(id)s AND s.site_id = %(site)s AND s.visit_id = %(visit)s"""
    visit = payload["visit_id"]
    bound = {"id": programme_id, "site": site_id, "visit": visit, "kind": kind, "payload": Jsonb(dict(payload))}
    await execute(tx, text, bound)


async def alone(tx: Tx) -> bool:
    """Whether nobody else conducts until the transaction ends."""
    return bool(await fetch_value(tx, "SELECT pg_try_advisory_xact_lock(%(lock)s)", {"lock": _LOCK}))


async def next_of_each(tx: Tx, limit: int) -> list[DictRow]:
    """The oldest that waits for each site, of at most ``limit`` sites."""
    text = """
        SELECT DISTINCT ON (programme_id, site_id) id, programme_id, site_id, kind, payload
        FROM (SELECT * FROM programme_inbox ORDER BY id LIMIT %(limit)s) oldest
        ORDER BY programme_id, site_id, id"""
    return await fetch_all(tx, text, {"limit": limit})


async def done(tx: Tx, ids: Sequence[int]) -> None:
    """These were taken."""
    await execute(tx, "DELETE FROM programme_inbox WHERE id = ANY(%(ids)s)", {"ids": list(ids)})
