"""Contracts, tariffs, what they were before, and which subscription is on which plan."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from psycopg.rows import DictRow

from tieline.platform.db import Tx, execute, fetch_all, fetch_one
from tieline.platform.scope import Scope, within
from tieline.utility.usage.model import Contract, Member, Tariff
from tieline.utility.usage.store.volumes import OCTETS

_CONTRACT = """k.operator_id, o.code AS operator, o.name AS operator_name, k.reference, k.currency, k.billing_day,
    k.octets_per_mb, k.minimum_months, k.billed_states, k.silent_days, k.version, k.updated_at, k.updated_by"""
_TARIFF = """plan, valid_from, valid_to, monthly_fee, included_mb, pooled, prorated, overage_per_mb, step_octets,
    usual_mb, apns, groups"""


async def contracts(tx: Tx, scope: Scope, operator: str | None = None) -> list[Contract]:
    """The contracts within the scope, by operator; or that with one operator."""
    rows = await fetch_all(
        tx,
        f"""SELECT {_CONTRACT} FROM usage_contract k JOIN operator o ON o.id = k.operator_id
            WHERE {within(None, "o.code")} AND (%(code)s::text IS NULL OR o.code = %(code)s) ORDER BY o.code""",
        {**scope.params(), "code": operator},
    )
    return [Contract(**row) for row in rows]


async def put_contract(tx: Tx, scope: Scope, operator_id: int, values: Mapping[str, Any]) -> bool:
    """Set what holds for all plans of an operator, with the before-image; False unless ``version`` is the present one.

    A version of None takes whatever there is.
    """
    row = await fetch_one(
        tx,
        """WITH before AS (SELECT * FROM usage_contract WHERE operator_id = %(operator)s FOR UPDATE),
           put AS (
               INSERT INTO usage_contract AS k (operator_id, reference, currency, billing_day, octets_per_mb,
                   minimum_months, billed_states, silent_days, updated_by)
               VALUES (%(operator)s, %(reference)s, %(currency)s, %(billing_day)s, %(octets_per_mb)s,
                   %(minimum_months)s, %(billed_states)s, %(silent_days)s, %(actor)s)
               ON CONFLICT (operator_id) DO UPDATE SET reference = excluded.reference, currency = excluded.currency,
                   billing_day = excluded.billing_day, octets_per_mb = excluded.octets_per_mb,
                   minimum_months = excluded.minimum_months, billed_states = excluded.billed_states,
                   silent_days = excluded.silent_days, version = k.version + 1, updated_at = now(),
                   updated_by = excluded.updated_by
               WHERE %(version)s::integer IS NULL OR k.version = %(version)s
               RETURNING *),
           kept AS (
               INSERT INTO usage_terms_history (operator_id, actor, before, after)
               SELECT p.operator_id, %(actor)s, (SELECT to_jsonb(b) FROM before b), to_jsonb(p) FROM put p)
           SELECT operator_id FROM put""",
        {**values, "operator": operator_id, "actor": scope.actor},
    )
    return row is not None


async def tariffs(tx: Tx, operator_id: int) -> list[Tariff]:
    """Every tariff of an operator, by plan and beginning."""
    text = f"SELECT {_TARIFF} FROM usage_tariff WHERE operator_id = %s ORDER BY plan, valid_from"
    return [Tariff(**row) for row in await fetch_all(tx, text, [operator_id])]


async def put_tariff(tx: Tx, scope: Scope, operator_id: int, tariff: Mapping[str, Any]) -> None:
    """Set what a plan costs from a day on, with the before-image; the one before it ends the day before."""
    await execute(
        tx,
        """WITH before AS (
               SELECT * FROM usage_tariff WHERE operator_id = %(operator)s AND plan = %(plan)s
                   AND valid_from = %(valid_from)s FOR UPDATE),
           put AS (
               INSERT INTO usage_tariff AS t (operator_id, plan, valid_from, valid_to, monthly_fee, included_mb, pooled,
                   prorated, overage_per_mb, step_octets, usual_mb, apns, groups)
               VALUES (%(operator)s, %(plan)s, %(valid_from)s, %(valid_to)s, %(monthly_fee)s, %(included_mb)s,
                   %(pooled)s, %(prorated)s, %(overage_per_mb)s, %(step_octets)s, %(usual_mb)s, %(apns)s, %(groups)s)
               ON CONFLICT (operator_id, plan, valid_from) DO UPDATE SET valid_to = excluded.valid_to,
                   monthly_fee = excluded.monthly_fee, included_mb = excluded.included_mb, pooled = excluded.pooled,
                   prorated = excluded.prorated, overage_per_mb = excluded.overage_per_mb,
                   step_octets = excluded.step_octets, usual_mb = excluded.usual_mb, apns = excluded.apns,
                   groups = excluded.groups
               RETURNING *)
           INSERT INTO usage_terms_history (operator_id, plan, actor, before, after)
           SELECT p.operator_id, p.plan, %(actor)s, (SELECT to_jsonb(b) FROM before b), to_jsonb(p) FROM put p""",
        {**tariff, "operator": operator_id, "actor": scope.actor},
    )
    await execute(
        tx,
        """UPDATE usage_tariff SET valid_to = %(valid_from)s::date - 1
           WHERE operator_id = %(operator)s AND plan = %(plan)s AND valid_from < %(valid_from)s
             AND (valid_to IS NULL OR valid_to >= %(valid_from)s)""",
        {"operator": operator_id, "plan": tariff["plan"], "valid_from": tariff["valid_from"]},
    )


async def drop_tariff(tx: Tx, scope: Scope, operator_id: int, plan: str, valid_from: date) -> bool:
    """Take a tariff back, with the before-image; False when there is none."""
    row = await fetch_one(
        tx,
        """WITH gone AS (DELETE FROM usage_tariff WHERE operator_id = %(operator)s AND plan = %(plan)s
               AND valid_from = %(valid_from)s RETURNING *)
           INSERT INTO usage_terms_history (operator_id, plan, actor, before)
           SELECT operator_id, plan, %(actor)s, to_jsonb(g) FROM gone g RETURNING id""",
        {"operator": operator_id, "plan": plan, "valid_from": valid_from, "actor": scope.actor},
    )
    return row is not None


async def history(tx: Tx, operator_id: int, *, before: int, limit: int) -> list[DictRow]:
    """What was set, the latest first."""
    text = """SELECT id, plan, at, actor, before, after FROM usage_terms_history
              WHERE operator_id = %s AND id < %s ORDER BY id DESC LIMIT %s"""
    return await fetch_all(tx, text, [operator_id, before, limit])


# ── who is on which plan ──────────────────────────────────────────────────────────────────────────────────────────────

# A subscription is on its data plan, or on the plan whose rule fits where it has none. When that changed stands in the
# inventory's history; what is met for the first time is taken to have been so since the plan is known.
_MEANT = """
    SELECT s.id, s.operator_ref AS ref, CASE WHEN s.state = ANY(k.billed_states)
        THEN coalesce(nullif(s.data_plan, ''), r.plan) END AS plan
    FROM subscription s JOIN usage_contract k ON k.operator_id = s.operator_id
    LEFT JOIN LATERAL (
        SELECT t.plan FROM usage_tariff t WHERE s.data_plan IS NULL AND t.operator_id = s.operator_id
            AND t.valid_from <= %(today)s AND (t.valid_to IS NULL OR t.valid_to >= %(today)s)
            AND cardinality(t.apns) + cardinality(t.groups) > 0
            AND (cardinality(t.apns) = 0 OR s.apn = ANY(t.apns))
            AND (cardinality(t.groups) = 0 OR s.subscription_group = ANY(t.groups))
        ORDER BY t.plan LIMIT 1) r ON true
    WHERE s.operator_id = %(operator)s
        AND NOT EXISTS (SELECT FROM usage_member i WHERE i.subscription_id = s.id AND i.imported)"""
_CHANGED = """
    LEFT JOIN LATERAL (
        SELECT h.at::date AS day FROM history h WHERE h.thing = 'subscription' AND h.thing_id = {0}
            AND (h.before ->> 'state' IS DISTINCT FROM h.after ->> 'state'
                OR h.before ->> 'data_plan' IS DISTINCT FROM h.after ->> 'data_plan')
        ORDER BY h.at DESC, h.id DESC LIMIT 1) c ON true"""


async def follow(tx: Tx, operator_id: int, today: date) -> tuple[int, int]:
    """Bring who is on which plan into line with the inventory; gives how many ended, and how many began."""
    await _alone(tx, operator_id)
    bound = {"operator": operator_id, "today": today}
    ended = await execute(
        tx,
        f"""WITH gone AS (
                SELECT b.id, greatest(b.from_day, least(coalesce(c.day, %(today)s), %(today)s)) AS day
                FROM usage_member b JOIN ({_MEANT}) m ON m.id = b.subscription_id
                {_CHANGED.format("b.subscription_id")}
                WHERE b.operator_id = %(operator)s AND b.to_day IS NULL AND b.plan IS DISTINCT FROM m.plan)
            UPDATE usage_member b SET to_day = g.day FROM gone g WHERE b.id = g.id""",
        bound,
    )
    began = await execute(
        tx,
        f"""INSERT INTO usage_member (operator_id, subscription_id, ref, plan, from_day)
            SELECT %(operator)s, m.id, m.ref, m.plan,
                CASE WHEN EXISTS (SELECT FROM usage_member b WHERE b.subscription_id = m.id)
                     THEN least(coalesce(c.day, %(today)s), %(today)s)
                     ELSE coalesce(c.day, (SELECT min(t.valid_from) FROM usage_tariff t
                         WHERE t.operator_id = %(operator)s AND t.plan = m.plan), %(today)s) END
            FROM ({_MEANT}) m {_CHANGED.format("m.id")}
            WHERE m.plan IS NOT NULL
              AND NOT EXISTS (SELECT FROM usage_member b WHERE b.subscription_id = m.id AND b.to_day IS NULL)
            ORDER BY m.id""",
        bound,
    )
    return ended, began


async def _alone(tx: Tx, operator_id: int) -> None:
    """Who is on which plan is made out by one at a time: terms that are just entered are seen, or seen to."""
    await execute(tx, "SELECT FROM usage_contract WHERE operator_id = %s FOR NO KEY UPDATE", [operator_id])


async def follow_anew(tx: Tx, operator_id: int, plan: str) -> None:
    """Forget who is on a plan where that was taken from the inventory before the plan's terms were known."""
    await _alone(tx, operator_id)
    await execute(
        tx,
        """DELETE FROM usage_member b
           WHERE b.operator_id = %s AND b.plan = %s AND b.to_day IS NULL AND NOT b.imported
             AND NOT EXISTS (
                 SELECT FROM usage_member o WHERE o.subscription_id = b.subscription_id AND o.id <> b.id)""",
        [operator_id, plan],
    )


async def assign(tx: Tx, operator_id: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put what a file says of subscriptions in the place of what was known: {id, ref, plan, from, to}."""
    ids = [row["id"] for row in rows]
    await execute(tx, "DELETE FROM usage_member WHERE subscription_id = ANY(%s)", [ids])
    await execute(
        tx,
        """INSERT INTO usage_member (operator_id, subscription_id, ref, plan, from_day, to_day, imported)
           SELECT %(operator)s, * , true FROM unnest(%(ids)s::bigint[], %(refs)s::text[], %(plans)s::text[],
               %(froms)s::date[], %(tos)s::date[])""",
        {
            "operator": operator_id,
            "ids": ids,
            "refs": [row["ref"] for row in rows],
            "plans": [row["plan"] for row in rows],
            "froms": [row["from"] for row in rows],
            "tos": [row["to"] for row in rows],
        },
    )


async def members(
    tx: Tx, operator_id: int, bound: Mapping[str, Any], subscription_ids: Sequence[int] | None = None
) -> list[Member]:
    """Who was on which plan in a period, on how many days, and what they used in them."""
    rows = await fetch_all(
        tx,
        f"""SELECT b.subscription_id, b.ref, b.plan,
                (least(coalesce(b.to_day, %(end)s::date), %(end)s::date)
                    - greatest(b.from_day, %(first)s::date))::integer AS days,
                coalesce((SELECT sum({OCTETS})
                FROM unnest(%(months)s::date[], %(lows)s::integer[], %(highs)s::integer[]) AS w(month, low, high)
                CROSS JOIN LATERAL (SELECT w.month, greatest(w.low, b.from_day - w.month + 1) AS low,
                    least(w.high, coalesce(b.to_day, %(end)s::date) - w.month) AS high) q
                CROSS JOIN LATERAL (SELECT q.low, q.high,
                    q.high = extract(day FROM w.month + interval '1 month' - interval '1 day') AS whole) p
                JOIN usage_month m ON m.operator_id = b.operator_id AND m.month = w.month AND m.ref = b.ref
                WHERE p.low <= p.high), 0)::bigint AS octets
            FROM usage_member b
            WHERE b.operator_id = %(operator)s AND b.from_day < %(end)s::date
                AND (b.to_day IS NULL OR b.to_day > %(first)s::date)
                AND (b.to_day IS NULL OR b.to_day > b.from_day)
                AND (%(ids)s::bigint[] IS NULL OR b.subscription_id = ANY(%(ids)s::bigint[]))
            ORDER BY b.plan, b.ref, b.from_day""",
        {**bound, "operator": operator_id, "ids": None if subscription_ids is None else list(subscription_ids)},
    )
    return [Member(**row) for row in rows]


async def daily(tx: Tx, operator_id: int, bound: Mapping[str, Any]) -> dict[str, dict[date, int]]:
    """What the members of each plan used by day in a period."""
    rows = await fetch_all(
        tx,
        """SELECT b.plan, (m.month + x.i::integer - 1) AS day,
                sum(coalesce(x.u, 0) + coalesce(x.d, 0))::bigint AS octets
            FROM usage_member b JOIN usage_month m ON m.operator_id = b.operator_id AND m.ref = b.ref
                AND m.month = ANY(%(months)s)
            CROSS JOIN LATERAL unnest(m.up, m.down) WITH ORDINALITY AS x(u, d, i)
            WHERE b.operator_id = %(operator)s AND m.month + x.i::integer - 1 >= greatest(b.from_day, %(first)s::date)
                AND m.month + x.i::integer - 1 < least(coalesce(b.to_day, %(end)s::date), %(end)s::date)
            GROUP BY 1, 2""",
        {**bound, "operator": operator_id},
    )
    found: dict[str, dict[date, int]] = {}
    for row in rows:
        found.setdefault(row["plan"], {})[row["day"]] = row["octets"]
    return found
