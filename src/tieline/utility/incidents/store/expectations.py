"""What is expected for a while, and how full reads compared."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, execute, fetch_all, sql
from tieline.platform.scope import Scope, within
from tieline.utility.incidents.model import Expectation, Expected, Reconciliation

_COLUMNS = """e.id, e.origin, e.site_ids, e.subscription_ids, e.operator, e.region, e.fields, e.starts_at, e.ends_at,
    e.why, e.made_by, e.made_at, e.ended_at"""


async def add(tx: Tx, scope: Scope, every: Sequence[Expectation], at: datetime) -> list[int]:
    """Record expectations; returns their numbers in the order given."""
    text = """
        INSERT INTO incident_expectation (origin, site_ids, subscription_ids, operator, region, fields, starts_at,
            ends_at, why, made_by, made_at)
        SELECT n.origin, ARRAY(SELECT jsonb_array_elements_text(n.sites)::bigint),
            ARRAY(SELECT jsonb_array_elements_text(n.subscriptions)::bigint), n.operator, n.region,
            CASE WHEN n.fields <> 'null' THEN ARRAY(SELECT jsonb_array_elements_text(nullif(n.fields, 'null'))) END,
            n.starts_at, n.ends_at, n.why, %(actor)s, %(at)s
        FROM unnest(%(origin)s::text[], %(sites)s::jsonb[], %(subscriptions)s::jsonb[], %(operator)s::text[],
            %(region)s::text[], %(fields)s::jsonb[], %(starts_at)s::timestamptz[], %(ends_at)s::timestamptz[],
            %(why)s::text[]) WITH ORDINALITY
            AS n (origin, sites, subscriptions, operator, region, fields, starts_at, ends_at, why, place)
        ORDER BY n.place RETURNING id"""
    plain = ("origin", "operator", "region", "starts_at", "ends_at", "why")
    bound: dict[str, Any] = {name: [getattr(one, name) for one in every] for name in plain}
    bound |= {
        "sites": [Jsonb(list(one.site_ids)) for one in every],
        "subscriptions": [Jsonb(list(one.subscription_ids)) for one in every],
        "fields": [Jsonb(None if one.fields is None else list(one.fields)) for one in every],
        "actor": scope.actor,
        "at": at,
    }
    return sorted(row["id"] for row in await fetch_all(tx, text, bound))


async def end(tx: Tx, ends: Mapping[str, datetime]) -> dict[str, int]:
    """End the expectations of some origins that are not over, each at its moment; how many those of each were."""
    text = """
        UPDATE incident_expectation e SET ended_at = n.at
        FROM unnest(%(origins)s::text[], %(ats)s::timestamptz[]) AS n (origin, at)
        WHERE e.origin = n.origin AND e.ended_at IS NULL AND e.ends_at > n.at RETURNING e.origin"""
    rows = await fetch_all(tx, text, {"origins": list(ends), "ats": list(ends.values())})
    return Counter(row["origin"] for row in rows)


async def end_one(tx: Tx, identity: int, at: datetime) -> None:
    """End one expectation."""
    text = "UPDATE incident_expectation SET ended_at = %(at)s WHERE id = %(id)s"
    await execute(tx, text, {"id": identity, "at": at})


async def live(tx: Tx, now: datetime) -> list[Expected]:
    """Expectations in force."""
    text = f"""
        SELECT {_COLUMNS} FROM incident_expectation e
        WHERE e.ended_at IS NULL AND e.starts_at <= %(now)s AND e.ends_at > %(now)s ORDER BY e.id"""
    return await _expected(tx, text, {"now": now})


async def coming(tx: Tx, scope: Scope, now: datetime, *, limit: int) -> list[Expected]:
    """Expectations in force or to come, within the scope's operators and regions."""
    text = f"""
        SELECT {_COLUMNS} FROM incident_expectation e
        WHERE e.ended_at IS NULL AND e.ends_at > %(now)s AND (e.operator IS NULL OR {within(None, "e.operator")})
            AND (e.region IS NULL OR {within("e.region")}) ORDER BY e.starts_at, e.id LIMIT %(limit)s"""
    return await _expected(tx, text, {"now": now, "limit": limit, **scope.params()})


async def one(tx: Tx, identity: int) -> Expected | None:
    """An expectation."""
    found = await _expected(tx, f"SELECT {_COLUMNS} FROM incident_expectation e WHERE e.id = %(id)s", {"id": identity})
    return found[0] if found else None


async def seen(tx: Tx, scope: Scope, identity: int) -> Expected | None:
    """An expectation that lies within the scope as a whole."""
    text = f"""
        SELECT {_COLUMNS} FROM incident_expectation e WHERE e.id = %(id)s AND {within("e.region", "e.operator")}"""
    found = await _expected(tx, text, {"id": identity, **scope.params()})
    return found[0] if found else None


async def touched(tx: Tx, *, since: datetime, now: datetime) -> list[int]:
    """Open incidents found here, about something that has come to be expected since a moment."""
    text = """
        SELECT DISTINCT i.id FROM incident_expectation e
        JOIN incident_member m ON m.ended_at IS NULL AND (m.site_id = ANY(e.site_ids)
            OR m.subscription_id = ANY(e.subscription_ids) OR (e.site_ids = '{}' AND e.subscription_ids = '{}'))
        JOIN incident i ON i.id = m.incident_id
        WHERE e.ended_at IS NULL AND e.starts_at <= %(now)s AND e.ends_at > %(now)s
            AND greatest(e.starts_at, e.made_at) >= %(since)s AND i.state = 'open' AND i.detected
        ORDER BY i.id"""
    return [row["id"] for row in await fetch_all(tx, text, {"since": since, "now": now})]


async def _expected(tx: Tx, text: str, bound: dict[str, Any]) -> list[Expected]:
    async with tx.cursor(row_factory=class_row(Expected)) as cursor:
        await cursor.execute(sql(text), bound)
        return await cursor.fetchall()


async def add_reconciliation(tx: Tx, values: dict[str, Any]) -> None:
    """Record how a full read compared; the same read again changes nothing."""
    text = """
        INSERT INTO reconciliation (operator, sync_id, began_at, at, read, equal, differing, explained, missing,
            unknown, fields)
        VALUES (%(operator)s, %(sync_id)s, %(began_at)s, %(at)s, %(read)s, %(equal)s, %(differing)s, %(explained)s,
            %(missing)s, %(unknown)s, %(fields)s)
        ON CONFLICT (sync_id) DO NOTHING"""
    await execute(tx, text, {**values, "fields": Jsonb(dict(values["fields"]))})


async def reconciliations(
    tx: Tx, scope: Scope, operators: Sequence[str], *, latest: bool, limit: int
) -> list[Reconciliation]:
    """How full reads compared, the newest first; ``latest``: only the last of each operator."""
    text = f"""
        SELECT r.id, r.operator, r.sync_id, r.began_at, r.at, r.read, r.equal, r.differing, r.explained, r.missing,
            r.unknown, r.fields
        FROM reconciliation r
        WHERE {within(None, "r.operator")} AND (%(operators)s::text[] = '{{}}' OR r.operator = ANY(%(operators)s))
            AND (NOT %(latest)s OR NOT EXISTS (SELECT FROM reconciliation n WHERE n.operator = r.operator
                AND n.id > r.id))
        ORDER BY r.id DESC LIMIT %(limit)s"""
    bound = {"operators": list(operators), "latest": latest, "limit": limit, **scope.params()}
    async with tx.cursor(row_factory=class_row(Reconciliation)) as cursor:
        await cursor.execute(sql(text), bound)
        return await cursor.fetchall()
