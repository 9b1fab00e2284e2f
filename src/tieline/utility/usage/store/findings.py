"""What stands out: kept by key, so that nothing is told twice."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value
from tieline.platform.scope import Scope, within
from tieline.utility.usage.model import Finding, FindingFilter, FindingKind, Found

_COLUMNS = """f.id, o.code AS operator, f.kind, f.subscription_id, f.ref, f.plan, f.evidence, f.cost, k.currency,
    f.first_at, f.seen_at, f.gone_at, f.acknowledged_by, f.acknowledged_at, f.words, s.site_id, t.name AS site_name"""
_FROM = """FROM usage_finding f JOIN operator o ON o.id = f.operator_id
    LEFT JOIN usage_contract k ON k.operator_id = f.operator_id
    LEFT JOIN subscription s ON s.id = f.subscription_id LEFT JOIN site t ON t.id = s.site_id"""
# A finding about a plan names no subscription, and is for whoever may see the operator.
_SEEN = f"{within(None, 'o.code')} AND (f.kind = 'pool' OR {within('t.region')})"
_FILTERED = f"""{_SEEN} AND (%(kinds)s::text[] IS NULL OR f.kind = ANY(%(kinds)s::text[]))
    AND (%(operators)s::text[] IS NULL OR o.code = ANY(%(operators)s::text[]))
    AND (%(open)s::boolean IS NULL OR (f.gone_at IS NULL AND f.acknowledged_at IS NULL) = %(open)s)"""


def _bound(scope: Scope, wanted: FindingFilter) -> dict[str, Any]:
    return {
        **scope.params(),
        "kinds": list(wanted.kinds) or None,
        "operators": list(wanted.operators) or None,
        "open": wanted.open,
    }


async def put(tx: Tx, operator_id: int, found: Sequence[Found], at: datetime) -> list[DictRow]:
    """Keep what was found; gives what is new, or is so again: {id, kind, key}. What is no longer so is over."""
    rows = [
        {
            "kind": one.kind.value,
            "key": one.key,
            "subscription": one.subscription_id,
            "ref": one.ref,
            "plan": one.plan,
            "evidence": dict(one.evidence),
            "cost": None if one.cost is None else str(one.cost),
        }
        for one in found
    ]
    bound = {"operator": operator_id, "rows": Jsonb(rows), "at": at}
    news = await fetch_all(
        tx,
        """WITH told AS MATERIALIZED (
               SELECT * FROM jsonb_to_recordset(%(rows)s) AS r(kind text, key text, subscription bigint, ref text,
                   plan text, evidence jsonb, cost numeric)),
           had AS MATERIALIZED (
               SELECT f.key, f.gone_at FROM usage_finding f WHERE f.operator_id = %(operator)s),
           put AS (
               INSERT INTO usage_finding AS f (operator_id, kind, key, subscription_id, ref, plan, evidence, cost,
                   first_at, seen_at)
               SELECT %(operator)s, kind, key, subscription, ref, plan, evidence, cost, %(at)s, %(at)s FROM told
               ORDER BY key
               ON CONFLICT (operator_id, key) DO UPDATE SET evidence = excluded.evidence, cost = excluded.cost,
                   plan = excluded.plan, seen_at = excluded.seen_at, gone_at = NULL
               RETURNING f.id, f.kind, f.key)
           SELECT p.id, p.kind, p.key FROM put p LEFT JOIN had h ON h.key = p.key
           WHERE h.key IS NULL OR h.gone_at IS NOT NULL ORDER BY p.id""",
        bound,
    )
    await execute(
        tx,
        "UPDATE usage_finding SET gone_at = %(at)s WHERE operator_id = %(operator)s AND gone_at IS NULL"
        " AND seen_at < %(at)s",
        bound,
    )
    return news


async def page(tx: Tx, scope: Scope, wanted: FindingFilter, *, before: int, limit: int) -> list[Finding]:
    """Findings, the latest first."""
    rows = await fetch_all(
        tx,
        f"SELECT {_COLUMNS} {_FROM} WHERE {_FILTERED} AND f.id < %(before)s ORDER BY f.id DESC LIMIT %(limit)s",
        {**_bound(scope, wanted), "before": before, "limit": limit},
    )
    return [_finding(row) for row in rows]


async def counts(tx: Tx, scope: Scope, wanted: FindingFilter) -> dict[str, int]:
    """How many findings there are, by kind."""
    text = f"SELECT f.kind, count(*) AS n {_FROM} WHERE {_FILTERED} GROUP BY f.kind"
    return {row["kind"]: row["n"] for row in await fetch_all(tx, text, _bound(scope, wanted))}


async def one(tx: Tx, scope: Scope, finding_id: int) -> Finding | None:
    """A finding within the scope."""
    row = await fetch_one(
        tx, f"SELECT {_COLUMNS} {_FROM} WHERE {_SEEN} AND f.id = %(id)s", {**scope.params(), "id": finding_id}
    )
    return None if row is None else _finding(row)


async def of_subscription(tx: Tx, scope: Scope, subscription_id: int) -> list[Finding]:
    """What stands out of a subscription now."""
    rows = await fetch_all(
        tx,
        f"""SELECT {_COLUMNS} {_FROM} WHERE {_SEEN} AND f.subscription_id = %(id)s AND f.gone_at IS NULL
            ORDER BY f.id DESC LIMIT 20""",
        {**scope.params(), "id": subscription_id},
    )
    return [_finding(row) for row in rows]


async def acknowledge(tx: Tx, scope: Scope, finding_id: int, *, words: str, at: datetime) -> bool:
    """Note that somebody sees to a finding; False when somebody does already, or it is not within the scope."""
    found = await fetch_value(
        tx,
        f"""WITH seen AS (SELECT f.id {_FROM} WHERE {_SEEN} AND f.id = %(id)s)
            UPDATE usage_finding f SET acknowledged_by = %(actor)s, acknowledged_at = %(at)s, words = %(words)s
            FROM seen WHERE f.id = seen.id AND f.acknowledged_at IS NULL RETURNING f.id""",
        {**scope.params(), "id": finding_id, "actor": scope.actor, "at": at, "words": words},
    )
    return found is not None


# ── what is looked at ─────────────────────────────────────────────────────────────────────────────────────────────────


async def silent(tx: Tx, operator_id: int, *, since: date, until: date, limit: int) -> list[DictRow]:
    """Subscriptions that are paid and that used nothing from one day to another, though their records came in."""
    return await fetch_all(
        tx,
        """SELECT b.subscription_id, b.ref, b.plan, b.from_day,
               (SELECT max(m.month + (m.last_used - 1)) FROM usage_month m WHERE m.operator_id = b.operator_id
                    AND m.ref = b.ref AND m.month < %(since)s) AS last_used
           FROM usage_member b
           WHERE b.operator_id = %(operator)s AND b.to_day IS NULL AND b.from_day <= %(since)s
               AND NOT EXISTS (SELECT FROM usage_month m WHERE m.operator_id = b.operator_id AND m.ref = b.ref
                   AND m.month >= date_trunc('month', %(since)s::date)::date AND m.month <= %(until)s
                   AND m.last_used IS NOT NULL AND m.month + (m.last_used - 1) >= %(since)s)
           ORDER BY b.ref LIMIT %(limit)s""",
        {"operator": operator_id, "since": since, "until": until, "limit": limit},
    )


async def unexpected(tx: Tx, operator_id: int, *, months: Sequence[date], limit: int) -> list[DictRow]:
    """What was used by subscriptions that should use nothing: not in the inventory, or not alive on the day.

    A day's grace is given: what ends in the course of a day was used on it. Only octets after the end are counted.
    """
    return await fetch_all(
        tx,
        """SELECT m.ref, s.id AS subscription_id, s.state, sum(x.octets)::bigint AS octets, max(x.day) AS last_day
           FROM usage_month m LEFT JOIN subscription s ON s.operator_id = m.operator_id AND s.operator_ref = m.ref
           LEFT JOIN LATERAL (SELECT max(coalesce(b.to_day, 'infinity')) AS ended FROM usage_member b
               WHERE b.subscription_id = s.id) e ON true
           CROSS JOIN LATERAL (
               SELECT m.month + i::integer - 1 AS day, coalesce(u, 0) + coalesce(d, 0) AS octets
               FROM unnest(m.up, m.down) WITH ORDINALITY AS v(u, d, i)) x
           WHERE m.operator_id = %(operator)s AND m.month = ANY(%(months)s) AND m.octets > 0 AND x.octets > 0
               AND (s.id IS NULL OR (s.state IN ('INVENTORY', 'RETIRED')
                   AND x.day > coalesce(e.ended, '-infinity'::date)))
           GROUP BY 1, 2, 3 ORDER BY octets DESC, m.ref LIMIT %(limit)s""",
        {"operator": operator_id, "months": list(months), "limit": limit},
    )


def _finding(row: DictRow) -> Finding:
    return Finding(**{**row, "kind": FindingKind(row["kind"])})
