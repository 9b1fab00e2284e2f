"""What came of changes, and reviews after them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow

from tieline.platform.db import Tx, execute, fetch_all
from tieline.platform.scope import Scope

# A site is hurt where a link that the change touched failed, or is reported as not attached when the change ends.
_COUNT = """
    INSERT INTO change_outcome (change_id, ended_at, planned, verified, failed, conflict, cancelled, left_out, seconds,
        least_seconds, most_seconds, sites_expected, sites_hurt, by_operator, regions, reasons)
    SELECT c.id, c.ended_at, sum(n.planned), sum(n.verified), sum(n.failed), sum(n.conflict), sum(n.cancelled),
        sum(n.left_out), extract(epoch FROM c.ended_at - c.started_at),
        coalesce((e.detail #>> '{expected,0}')::double precision, (c.summary #>> '{seconds,0}')::double precision),
        coalesce((e.detail #>> '{expected,1}')::double precision, (c.summary #>> '{seconds,1}')::double precision),
        coalesce(max(h.expected), 0), coalesce(max(h.hurt), 0),
        jsonb_object_agg(n.operator, jsonb_build_object('planned', n.planned, 'verified', n.verified)),
        coalesce(max(h.regions), '{}'),
        coalesce((SELECT jsonb_object_agg(r.reason_code, r.items) FROM (
            SELECT reason_code, count(*) AS items FROM change_item
            WHERE change_id = c.id AND reason_code <> '' AND state <> 'verified' GROUP BY 1) r), '{}')
    FROM change c
    LEFT JOIN LATERAL (SELECT detail FROM change_event WHERE change_id = c.id AND kind = 'started'
        ORDER BY id DESC LIMIT 1) e ON true
    JOIN LATERAL (SELECT o.code AS operator,
            count(*) FILTER (WHERE i.state <> 'blocked') AS planned,
            count(*) FILTER (WHERE i.state = 'verified') AS verified,
            count(*) FILTER (WHERE i.state = 'failed') AS failed,
            count(*) FILTER (WHERE i.state = 'conflict') AS conflict,
            count(*) FILTER (WHERE i.state = 'cancelled') AS cancelled,
            count(*) FILTER (WHERE i.state = 'blocked') AS left_out
        FROM change_item i JOIN operator o ON o.id = i.operator_id WHERE i.change_id = c.id GROUP BY 1) n ON true
    LEFT JOIN LATERAL (SELECT
            count(DISTINCT i.site_id) FILTER (WHERE i.disruptive AND i.link_id IS NOT NULL) AS expected,
            count(DISTINCT i.site_id) FILTER (WHERE i.disruptive AND i.link_id IS NOT NULL AND i.applied
                AND (i.state = 'failed' OR s.attached IS FALSE)) AS hurt,
            array_agg(DISTINCT i.region) AS regions
        FROM change_item i LEFT JOIN subscription s ON s.id = i.subscription_id
        WHERE i.change_id = c.id AND i.state <> 'blocked') h ON true
    WHERE c.id = ANY(%(ids)s) AND c.started_at IS NOT NULL AND c.ended_at IS NOT NULL
    GROUP BY c.id, e.detail
    ON CONFLICT (change_id) DO UPDATE SET ended_at = excluded.ended_at, planned = excluded.planned,
        verified = excluded.verified, failed = excluded.failed, conflict = excluded.conflict,
        cancelled = excluded.cancelled, left_out = excluded.left_out, seconds = excluded.seconds,
        least_seconds = excluded.least_seconds, most_seconds = excluded.most_seconds,
        sites_expected = excluded.sites_expected, sites_hurt = excluded.sites_hurt,
        by_operator = excluded.by_operator, regions = excluded.regions, reasons = excluded.reasons"""


async def count(tx: Tx, ids: Sequence[int]) -> int:
    """Count what came of changes that have ended; returns how many those were."""
    return await execute(tx, _COUNT, {"ids": list(ids)})


async def uncounted(tx: Tx, limit: int) -> list[int]:
    """Changes that have ended, or ended anew, since they were counted."""
    text = """
        SELECT c.id FROM change c LEFT JOIN change_outcome o ON o.change_id = c.id
        WHERE c.started_at IS NOT NULL AND c.ended_at IS NOT NULL
            AND (o.change_id IS NULL OR o.ended_at <> c.ended_at) AND c.state IN ('completed', 'stopped')
        ORDER BY c.id LIMIT %(limit)s"""
    return [row["id"] for row in await fetch_all(tx, text, {"limit": limit})]


_SEEN = """(%(scope_operators)s::text[] IS NULL OR EXISTS (
        SELECT FROM jsonb_object_keys(o.by_operator) k WHERE k = ANY(%(scope_operators)s::text[])))
    AND (%(scope_regions)s::text[] IS NULL OR o.regions && %(scope_regions)s::text[])"""
_WANTED = f"""{_SEEN}
    AND (cardinality(%(kinds)s::text[]) = 0 OR c.kind = ANY(%(kinds)s))
    AND (cardinality(%(types)s::text[]) = 0 OR c.type = ANY(%(types)s))
    AND (%(since)s::timestamptz IS NULL OR o.ended_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR o.ended_at < %(until)s)"""
_FROM = """change_outcome o JOIN change c ON c.id = o.change_id
    LEFT JOIN LATERAL (SELECT worked, note, actor, at FROM change_review WHERE change_id = c.id
        ORDER BY id DESC LIMIT 1) r ON true"""
_COLUMNS = """o.change_id, c.title, c.kind, c.type, c.state, c.started_at, o.ended_at, o.planned, o.verified, o.failed,
    o.conflict, o.cancelled, o.left_out, o.seconds, o.least_seconds, o.most_seconds, o.sites_expected, o.sites_hurt,
    o.by_operator, o.reasons, r.worked, r.note, r.actor AS reviewed_by, r.at AS reviewed_at,
    c.type = 'emergency' AND r.worked IS NULL AS review_due"""


def _bound(scope: Scope, wanted: Mapping[str, Any]) -> dict[str, Any]:
    nothing: dict[str, Any] = {"kinds": [], "types": [], "since": None, "until": None, "due": False}
    return {**nothing, **wanted, **scope.params()}


async def page(
    tx: Tx, scope: Scope, wanted: Mapping[str, Any], *, before: tuple[datetime, int] | None, limit: int
) -> list[DictRow]:
    """What came of changes, the latest end first."""
    text = f"""
        SELECT {_COLUMNS} FROM {_FROM}
        WHERE {_WANTED} AND (NOT %(due)s OR (c.type = 'emergency' AND r.worked IS NULL))
            AND (%(at)s::timestamptz IS NULL OR (o.ended_at, o.change_id) < (%(at)s, %(id)s))
        ORDER BY o.ended_at DESC, o.change_id DESC LIMIT %(limit)s"""
    at, identity = before or (None, None)
    return await fetch_all(tx, text, {**_bound(scope, wanted), "at": at, "id": identity, "limit": limit})


async def of_change(tx: Tx, scope: Scope, change_id: int) -> DictRow | None:
    """What came of one change; None before it was counted."""
    text = f"SELECT {_COLUMNS} FROM {_FROM} WHERE o.change_id = %(change)s AND {_SEEN}"
    rows = await fetch_all(tx, text, {**_bound(scope, {}), "change": change_id})
    return rows[0] if rows else None


_KEYS: Mapping[str, tuple[str, str]] = {
    "kind": ("c.kind", ""),
    "type": ("c.type", ""),
    "month": ("to_char(o.ended_at AT TIME ZONE %(zone)s, 'YYYY-MM')", ""),
    "operator": ("p.key", "CROSS JOIN LATERAL jsonb_each(o.by_operator) p"),
}


async def report(tx: Tx, scope: Scope, by: str, wanted: Mapping[str, Any], zone: str) -> list[DictRow]:
    """How changes did, in groups: by kind, type, month or operator."""
    key, join = _KEYS[by]
    of_operator = by == "operator"
    planned = "(p.value ->> 'planned')::integer" if of_operator else "o.planned"
    verified = "(p.value ->> 'verified')::integer" if of_operator else "o.verified"
    text = f"""
        SELECT {key} AS key, count(*) AS changes, sum({planned}) AS planned, sum({verified}) AS verified,
            count(*) FILTER (WHERE {verified} = {planned}) AS whole,
            count(*) FILTER (WHERE c.type = 'emergency') AS emergencies,
            count(*) FILTER (WHERE o.most_seconds IS NOT NULL) AS estimated,
            count(*) FILTER (WHERE o.seconds <= o.most_seconds * 1.05 + 5) AS in_time,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY o.seconds / greatest(o.most_seconds, 1)) AS of_estimate,
            count(*) FILTER (WHERE r.worked = 'yes') AS worked,
            count(*) FILTER (WHERE r.worked IS NOT NULL) AS reviewed,
            sum(o.sites_expected) AS sites_expected, sum(o.sites_hurt) AS sites_hurt
        FROM {_FROM} {join} WHERE {_WANTED}
            AND (NOT {of_operator} OR %(scope_operators)s::text[] IS NULL OR {key} = ANY(%(scope_operators)s::text[]))
        GROUP BY 1 ORDER BY 1 DESC LIMIT 500"""
    return await fetch_all(tx, text, {**_bound(scope, wanted), "zone": zone})


async def add_review(tx: Tx, scope: Scope, change_id: int, *, worked: str, note: str, at: datetime) -> None:
    """Keep a review; earlier ones stay."""
    text = """
        INSERT INTO change_review (change_id, worked, note, actor, at)
        VALUES (%(id)s, %(worked)s, %(note)s, %(actor)s, %(at)s)"""
    await execute(tx, text, {"id": change_id, "worked": worked, "note": note, "actor": scope.actor, "at": at})


async def reviews(tx: Tx, change_id: int) -> list[DictRow]:
    """Every review of a change, the latest first."""
    text = "SELECT id, worked, note, actor, at FROM change_review WHERE change_id = %(id)s ORDER BY id DESC LIMIT 100"
    return await fetch_all(tx, text, {"id": change_id})


async def calendar(tx: Tx, start: datetime, end: datetime) -> list[int]:
    """Changes that are, were, or may be at work between two moments; those in draft are not."""
    text = """
        SELECT id FROM change
        WHERE state IN ('planned', 'submitted', 'approved', 'running', 'paused')
            OR (started_at < %(end)s AND ended_at > %(start)s)
        ORDER BY id DESC LIMIT 300"""
    return [row["id"] for row in await fetch_all(tx, text, {"start": start, "end": end})]


async def at_one_site(tx: Tx, ids: Sequence[int]) -> list[DictRow]:
    """Pairs of changes that have something to do at the same site, and at how many."""
    text = """
        SELECT a.change_id AS one, b.change_id AS other, count(DISTINCT a.site_id) AS sites
        FROM change_item a JOIN change_item b ON b.site_id = a.site_id AND b.change_id > a.change_id
        WHERE a.change_id = ANY(%(ids)s) AND b.change_id = ANY(%(ids)s)
            AND a.state IN ('waiting', 'planned', 'queued', 'sent', 'accepted')
            AND b.state IN ('waiting', 'planned', 'queued', 'sent', 'accepted')
        GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 200"""
    return await fetch_all(tx, text, {"ids": list(ids)})
