"""What has happened in the field and waits to be taken, in its order; one conductor takes it at a time."""

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, execute, fetch_all, fetch_value, lock_key

_LOCK = lock_key("programmes.conductor")


async def put(tx: Tx, told: Sequence[tuple[int, int, str, Mapping[str, Any]]]) -> None:
    """Leave what has happened, as (programme, site, kind, payload), at visits that are their sites' now.

    What is told of an earlier visit of a site is over.
    """
    if not told:
        return
    text = """
        INSERT INTO programme_inbox (programme_id, site_id, kind, payload)
        SELECT s.programme_id, s.site_id, n.kind, n.payload
        FROM unnest(%(programmes)s::bigint[], %(sites)s::bigint[], %(visits)s::bigint[], %(kinds)s::text[],
            %(payloads)s::jsonb[]) WITH ORDINALITY AS n (programme_id, site_id, visit_id, kind, payload, place)
        JOIN programme_site s USING (programme_id, site_id, visit_id) ORDER BY n.place"""
    bound = {
        "programmes": [programme for programme, _, _, _ in told],
        "sites": [site for _, site, _, _ in told],
        "visits": [payload["visit_id"] for _, _, _, payload in told],
        "kinds": [kind for _, _, kind, _ in told],
        "payloads": [Jsonb(dict(payload)) for _, _, _, payload in told],
    }
    await execute(tx, text, bound)


async def anything(tx: Tx) -> bool:
    """Whether there is anything that the conductor would look at; asked often, answered from indexes alone."""
    text = """
        SELECT EXISTS (SELECT FROM programme_inbox)
            OR EXISTS (SELECT FROM programme_link WHERE state IN ('fitted', 'testing'))
            OR EXISTS (SELECT FROM programme_link WHERE state IN ('old', 'prepared') AND test_asked_at IS NOT NULL)
            OR EXISTS (SELECT FROM programme_site
                WHERE state IN ('again', 'blocked', 'left_out') AND change_id IS NOT NULL)"""
    return bool(await fetch_value(tx, text))


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
