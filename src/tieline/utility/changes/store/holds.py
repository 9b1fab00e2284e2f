"""Holds: freezes, storm mode, vetoes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow

from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value
from tieline.platform.scope import Scope, within
from tieline.utility.changes.store.guarding import LIVE, moments

_COLUMNS = f"""h.id, h.kind, h.group_id, h.reason, o.code AS operator, h.region, h.change_id, v.title AS change_title,
    v.type AS change_type, h.starts_at, h.ends_at, h.yearly_zone, h.spares_released, h.emergency_too, h.created_by,
    h.created_at, h.insisted_by, h.insisted_at, h.insisted_why, h.lifted_by, h.lifted_at, h.lifted_why,
    {LIVE} AS live,
    h.lifted_at IS NOT NULL OR (h.yearly_zone IS NULL AND coalesce(h.ends_at <= %(now)s, false)) AS over"""
_FROM = """change_hold h LEFT JOIN operator o ON o.id = h.operator_id LEFT JOIN change v ON v.id = h.change_id"""


async def page(
    tx: Tx,
    *,
    now: datetime,
    kinds: Sequence[str],
    change_id: int | None,
    only_live: bool,
    before: int | None,
    limit: int,
) -> list[DictRow]:
    """Holds, the newest first; ``only_live``: those that hold now or will."""
    text = f"""
        SELECT {_COLUMNS} FROM {_FROM}
        WHERE (cardinality(%(kinds)s::text[]) = 0 OR h.kind = ANY(%(kinds)s))
            AND (%(change_id)s::bigint IS NULL OR h.change_id = %(change_id)s)
            AND (%(before)s::bigint IS NULL OR h.id < %(before)s)
            AND (NOT %(live)s OR (h.lifted_at IS NULL
                AND (h.yearly_zone IS NOT NULL OR h.ends_at IS NULL OR h.ends_at > %(now)s)))
        ORDER BY h.id DESC LIMIT %(limit)s"""
    bound = {"kinds": list(kinds), "change_id": change_id, "before": before, "live": only_live, "limit": limit}
    return await fetch_all(tx, text, {**bound, **moments(now)})


async def get(tx: Tx, hold_id: int, *, now: datetime, lock: bool = False) -> DictRow | None:
    """A hold, locked if asked; None where there is none."""
    text = f"SELECT {_COLUMNS} FROM {_FROM} WHERE h.id = %(id)s {'FOR UPDATE OF h' if lock else ''}"
    return await fetch_one(tx, text, {"id": hold_id, **moments(now)})


async def group(tx: Tx, group_id: int, *, now: datetime) -> list[DictRow]:
    """The holds of a storm that were not lifted, locked."""
    text = f"""
        SELECT {_COLUMNS} FROM {_FROM}
        WHERE h.group_id = %(id)s AND h.kind = 'storm' AND h.lifted_at IS NULL ORDER BY h.id FOR UPDATE OF h"""
    return await fetch_all(tx, text, {"id": group_id, **moments(now)})


async def add(tx: Tx, scope: Scope, values: Mapping[str, Any]) -> int:
    """Add a hold; one without a group begins its own."""
    text = """
        INSERT INTO change_hold (kind, reason, operator_id, region, change_id, group_id, starts_at, ends_at,
            yearly_zone, spares_released, created_by)
        VALUES (%(kind)s, %(reason)s, (SELECT id FROM operator WHERE code = %(operator)s), %(region)s, %(change_id)s,
            %(group_id)s, %(starts_at)s, %(ends_at)s, %(yearly_zone)s, %(spares_released)s, %(actor)s)
        RETURNING id"""
    nothing = dict.fromkeys(("operator", "region", "change_id", "group_id", "ends_at", "yearly_zone"))
    bound = {**nothing, "spares_released": False, **values, "actor": scope.actor}
    made: int = await fetch_value(tx, text, bound)
    await execute(tx, "UPDATE change_hold SET group_id = id WHERE id = %(id)s AND group_id IS NULL", {"id": made})
    return made


async def insist(tx: Tx, scope: Scope, hold_id: int, why: str, at: datetime) -> None:
    """A veto holds an emergency change, too."""
    text = """
        UPDATE change_hold SET emergency_too = true, insisted_by = %(actor)s, insisted_at = %(at)s,
            insisted_why = %(why)s WHERE id = %(id)s AND kind = 'veto'"""
    await execute(tx, text, {"id": hold_id, "actor": scope.actor, "at": at, "why": why})


async def lift(tx: Tx, scope: Scope, hold_ids: Sequence[int], why: str, at: datetime) -> None:
    """End holds."""
    text = """
        UPDATE change_hold SET lifted_by = %(actor)s, lifted_at = %(at)s, lifted_why = %(why)s
        WHERE id = ANY(%(ids)s) AND lifted_at IS NULL"""
    await execute(tx, text, {"ids": list(hold_ids), "actor": scope.actor, "at": at, "why": why})


async def storms(tx: Tx, now: datetime) -> list[DictRow]:
    """The storms that last now, the oldest first, each with its regions; none named means everywhere."""
    text = f"""
        SELECT h.group_id AS id, min(h.reason) AS reason, min(h.starts_at) AS starts_at, max(h.ends_at) AS ends_at,
            bool_or(h.spares_released) AS spares_released, min(h.created_by) AS created_by,
            coalesce(array_agg(h.region ORDER BY h.region) FILTER (WHERE h.region IS NOT NULL), '{{}}') AS regions
        FROM change_hold h WHERE h.kind = 'storm' AND {LIVE} GROUP BY h.group_id ORDER BY h.group_id"""
    return await fetch_all(tx, text, moments(now))


async def over_change(tx: Tx, change_id: int, now: datetime) -> list[DictRow]:
    """Every hold that holds some of a change now, or that its room would make it meet; vetoes first.

    A veto of an emergency change that was not insisted on is among them, though it does not hold yet.
    """
    text = f"""
        SELECT {_COLUMNS} FROM {_FROM}, change c
        WHERE c.id = %(id)s AND {LIVE} AND (h.change_id = c.id OR (h.change_id IS NULL AND c.type <> 'emergency'
            AND EXISTS (SELECT FROM change_item i WHERE i.change_id = c.id
                AND i.state IN ('waiting', 'planned', 'queued', 'sent', 'accepted')
                AND (h.operator_id IS NULL OR i.operator_id = h.operator_id)
                AND (h.region IS NULL OR i.region = h.region))))
        ORDER BY (h.kind = 'veto') DESC, h.id"""
    return await fetch_all(tx, text, {"id": change_id, **moments(now)})


async def during(tx: Tx, start: datetime, end: datetime) -> list[DictRow]:
    """When holds hold within a span of time, each occurrence of those that return every year by itself."""
    text = """
        WITH shown AS (
            SELECT h.*, s.starts, least(s.ends, h.lifted_at) AS ends FROM change_hold h, LATERAL (
                SELECT h.starts_at AS starts, h.ends_at AS ends WHERE h.yearly_zone IS NULL
                UNION ALL
                SELECT (h.starts_at AT TIME ZONE h.yearly_zone + make_interval(years => n)) AT TIME ZONE h.yearly_zone,
                    (h.ends_at AT TIME ZONE h.yearly_zone + make_interval(years => n)) AT TIME ZONE h.yearly_zone
                FROM generate_series(
                    greatest(0, extract(year FROM %(start)s)::integer - extract(year FROM h.starts_at)::integer - 1),
                    extract(year FROM %(end)s)::integer - extract(year FROM h.starts_at)::integer + 1) n
                WHERE h.yearly_zone IS NOT NULL
            ) s
            WHERE h.lifted_at IS NULL OR s.starts < h.lifted_at
        )
        SELECT h.id, h.kind, h.group_id, h.reason, o.code AS operator, h.region, h.change_id, h.created_by, h.lifted_at,
            h.spares_released, h.emergency_too, h.yearly_zone, h.starts AS starts_at, h.ends AS ends_at
        FROM shown h LEFT JOIN operator o ON o.id = h.operator_id
        WHERE h.starts < %(end)s AND (h.ends IS NULL OR h.ends > %(start)s) ORDER BY h.starts, h.id LIMIT 1000"""
    return await fetch_all(tx, text, {"start": start, "end": end})


async def regions(tx: Tx, scope: Scope) -> list[str]:
    """The names of the regions in which there are sites, within the scope."""
    text = f"SELECT DISTINCT region FROM site WHERE region <> '' AND {within('region')} ORDER BY region"
    return [row["region"] for row in await fetch_all(tx, text, scope.params())]


async def would_hold(tx: Tx, scope: Scope, regions: Sequence[str], operator: str | None) -> list[DictRow]:
    """Changes that a hold would hold if it began now, with how many of their items are still to be sent there."""
    text = f"""
        SELECT c.id, c.title, c.state, count(*) AS items FROM change c JOIN change_item i ON i.change_id = c.id
        LEFT JOIN operator o ON o.id = i.operator_id
        WHERE c.state IN ('submitted', 'approved', 'running', 'paused') AND c.type <> 'emergency'
            AND i.state IN ('planned', 'waiting')
            AND (%(operator)s::text IS NULL OR o.code = %(operator)s)
            AND (cardinality(%(regions)s::text[]) = 0 OR i.region = ANY(%(regions)s))
            AND {within("i.region", "o.code")}
        GROUP BY c.id ORDER BY c.state = 'running' DESC, c.id DESC"""
    return await fetch_all(tx, text, {**scope.params(), "regions": list(regions), "operator": operator})


async def missing_regions(tx: Tx, names: Sequence[str]) -> list[str]:
    """Those of some regions in which there is no site: a hold over them would hold nothing."""
    text = """
        SELECT w.wanted FROM unnest(%(names)s::text[]) w(wanted)
        WHERE NOT EXISTS (SELECT FROM site s WHERE s.region = w.wanted)"""
    return [row["wanted"] for row in await fetch_all(tx, text, {"names": list(names)})]
