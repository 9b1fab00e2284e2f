"""Statements: each plan in each period, as it was rated last."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from psycopg.rows import DictRow

from tieline.platform.db import Tx, execute, fetch_all, fetch_value
from tieline.platform.scope import Scope, within
from tieline.utility.usage.model import Statement

_COLUMNS = """o.code AS operator, o.name AS operator_name, t.plan, t.first, t.last, t.currency, t.members, t.octets,
    t.allowance, t.beyond, t.fee, t.overage, t.forecast_octets, t.forecast_overage, t.forecast_beyond, t.runs_over_on,
    t.daily, t.known_until, t.rated_at"""
_VALUES = (
    "last", "currency", "members", "octets", "allowance", "beyond", "fee", "overage", "forecast_octets",
    "forecast_overage", "forecast_beyond", "runs_over_on", "daily", "known_until", "rated_at",
)  # fmt: skip


async def put(tx: Tx, operator_id: int, first: date, rows: Sequence[dict[str, Any]]) -> None:
    """Put the statements of a period in the place of those before; plans that have none any more go."""
    for row in sorted(rows, key=lambda one: str(one["plan"])):
        names = ", ".join(_VALUES)
        await execute(
            tx,
            f"""INSERT INTO usage_statement (operator_id, first, plan, {names})
                VALUES (%(operator)s, %(first)s, %(plan)s, {", ".join(f"%({name})s" for name in _VALUES)})
                ON CONFLICT (operator_id, first, plan) DO UPDATE SET
                    {", ".join(f"{name} = excluded.{name}" for name in _VALUES)}""",
            {**row, "operator": operator_id, "first": first},
        )
    await execute(
        tx,
        "DELETE FROM usage_statement WHERE operator_id = %s AND first = %s AND plan <> ALL(%s)",
        [operator_id, first, [row["plan"] for row in rows]],
    )


async def some(
    tx: Tx,
    scope: Scope,
    *,
    operator: str | None = None,
    plan: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> list[Statement]:
    """Statements within the scope, the latest period first, then by operator and plan; ``until`` is a day of theirs."""
    rows = await fetch_all(
        tx,
        f"""SELECT {_COLUMNS} FROM usage_statement t JOIN operator o ON o.id = t.operator_id
            WHERE {within(None, "o.code")} AND (%(operator)s::text IS NULL OR o.code = %(operator)s)
                AND (%(plan)s::text IS NULL OR t.plan = %(plan)s)
                AND (%(since)s::date IS NULL OR t.last >= %(since)s)
                AND (%(until)s::date IS NULL OR t.first <= %(until)s)
            ORDER BY t.first DESC, o.code, t.plan LIMIT 2000""",
        {**scope.params(), "operator": operator, "plan": plan, "since": since, "until": until},
    )
    return [_statement(row) for row in rows]


def _statement(row: DictRow) -> Statement:
    return Statement(**row)


async def rated(tx: Tx, operator_id: int) -> dict[date, datetime]:
    """When each period of an operator was rated last, by its first day."""
    text = "SELECT first, min(rated_at) AS at FROM usage_statement WHERE operator_id = %s GROUP BY first"
    return {row["first"]: row["at"] for row in await fetch_all(tx, text, [operator_id])}


async def told_since(tx: Tx, operator_id: int, months: Sequence[date], at: datetime) -> bool:
    """Whether anything was told of some months since a moment."""
    text = "SELECT EXISTS (SELECT FROM usage_month WHERE operator_id = %s AND month = ANY(%s) AND told_at > %s)"
    found: bool = await fetch_value(tx, text, [operator_id, list(months), at])
    return found


async def months(tx: Tx, operator_id: int) -> list[date]:
    """The months of which there are records, in order."""
    rows = await fetch_all(
        tx,
        "SELECT DISTINCT date_trunc('month', day)::date AS month FROM usage_day WHERE operator_id = %s ORDER BY 1",
        [operator_id],
    )
    return [row["month"] for row in rows]
