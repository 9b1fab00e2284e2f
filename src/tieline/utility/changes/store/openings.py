"""Openings of windows that recur, worked out beforehand, and the windows of operators' contracts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, execute, fetch_all, fetch_one
from tieline.platform.scope import Scope, within
from tieline.utility.changes.model import Recurring, Window
from tieline.utility.changes.policy.windows import Rules, Span, Stored

CLOSED = "'infinity'::timestamptz"


def rules_of(kept: Any) -> tuple[Recurring, ...]:
    """Rules as they are kept."""
    return msgspec.convert(kept or (), tuple[Recurring, ...])


def windows_of(row: Mapping[str, Any]) -> list[Window | Rules]:
    """The windows that bound a row: the change's own, its policy's, and its operator's where the row has one."""
    found: list[Window | Rules] = [msgspec.convert(row["time_window"], Window)]
    found += [rules for rules in (rules_of(row.get("policy_rules")), rules_of(row.get("operator_rules"))) if rules]
    return found


async def mark(tx: Tx, change_id: int) -> None:
    """Close a change whose window, or whose policy's, recurs, until its opening is worked out."""
    text = f"""
        UPDATE change c SET opens_at = v.at, closes_at = v.at, window_seen_at = NULL
        FROM (SELECT k.id,
                CASE WHEN k.time_window ? 'rules' OR coalesce(p.windows, '[]') <> '[]' THEN {CLOSED} END AS at
            FROM change k LEFT JOIN standard_policy p ON p.id = k.policy_id WHERE k.id = %(id)s) v
        WHERE c.id = v.id"""
    await execute(tx, text, {"id": change_id})


async def windowed(tx: Tx) -> list[int]:
    """Changes whose window recurs and that are not over."""
    text = """
        SELECT id FROM change WHERE opens_at IS NOT NULL AND state NOT IN ('completed', 'stopped') ORDER BY id"""
    return [row["id"] for row in await fetch_all(tx, text)]


async def of_change(tx: Tx, change_id: int, *, lock: bool = False) -> DictRow | None:
    """The windows of a change, and the opening that is kept for it."""
    text = f"""
        SELECT c.time_window, p.windows AS policy_rules, nullif(c.opens_at, 'infinity') AS opens_at,
            nullif(c.closes_at, 'infinity') AS closes_at, c.window_seen_at, c.opens_at IS NOT NULL AS windowed
        FROM change c LEFT JOIN standard_policy p ON p.id = c.policy_id
        WHERE c.id = %(id)s {"FOR NO KEY UPDATE OF c" if lock else ""}"""
    return await fetch_one(tx, text, {"id": change_id})


def stored(row: DictRow) -> Stored:
    """The opening that a row keeps."""
    span = Span(row["opens_at"], row["closes_at"]) if row["opens_at"] and row["closes_at"] else None
    return Stored(span, row["window_seen_at"])


async def keep(tx: Tx, change_id: int, opening: Stored) -> None:
    """Keep the opening of a change."""
    text = f"""
        UPDATE change SET opens_at = coalesce(%(opens)s, {CLOSED}), closes_at = coalesce(%(closes)s, {CLOSED}),
            window_seen_at = %(seen)s WHERE id = %(id)s"""
    await execute(tx, text, {"id": change_id, **_bound(opening)})


def _bound(opening: Stored) -> dict[str, Any]:
    span = opening.span
    return {
        "opens": span.opens if span else None,
        "closes": span.closes if span else None,
        "seen": opening.seen_at,
    }


async def operators(
    tx: Tx, scope: Scope | None = None, *, only: str | None = None, lock: bool = False
) -> list[DictRow]:
    """The windows of operators, or of ``only`` one, by code; within the scope where one asks. Locked if asked."""
    bounds = within(None, "o.code") if scope is not None else "TRUE"
    text = f"""
        SELECT w.operator_id, o.code AS operator, o.name, w.rules AS operator_rules, w.terms, w.updated_by,
            w.updated_at,
            nullif(w.opens_at, 'infinity') AS opens_at, nullif(w.closes_at, 'infinity') AS closes_at,
            w.window_seen_at
        FROM operator_window w JOIN operator o ON o.id = w.operator_id
        WHERE {bounds} AND (%(only)s::text IS NULL OR o.code = %(only)s)
        ORDER BY o.code {"FOR UPDATE OF w" if lock else ""}"""
    return await fetch_all(tx, text, {"only": only, **(scope.params() if scope is not None else {})})


async def keep_operator(tx: Tx, operator_id: int, opening: Stored) -> None:
    """Keep the opening of an operator's window."""
    text = f"""
        UPDATE operator_window SET opens_at = coalesce(%(opens)s, {CLOSED}),
            closes_at = coalesce(%(closes)s, {CLOSED}), window_seen_at = %(seen)s WHERE operator_id = %(id)s"""
    await execute(tx, text, {"id": operator_id, **_bound(opening)})


async def set_operator(
    tx: Tx, scope: Scope, operator: str, rules: Sequence[Recurring], *, terms: str, at: datetime
) -> int | None:
    """Set an operator's windows, keeping what stood before; none: at any time. Returns its id, if known."""
    # One at a time sets them: of two that find none, the second would find the first one's there.
    text = "SELECT id FROM operator WHERE code = %(code)s FOR NO KEY UPDATE"
    row = await fetch_one(tx, text, {"code": operator})
    if row is None:
        return None
    bound = {"id": row["id"], "actor": scope.actor, "at": at, "terms": terms}
    text = """
        WITH before AS (DELETE FROM operator_window WHERE operator_id = %(id)s RETURNING *)
        INSERT INTO operator_window_history (operator_id, rules, terms, updated_by, updated_at, replaced_by,
            replaced_at)
        SELECT operator_id, rules, terms, updated_by, updated_at, %(actor)s, %(at)s FROM before"""
    await execute(tx, text, bound)
    if rules:
        text = """
            INSERT INTO operator_window (operator_id, rules, terms, updated_by, updated_at)
            VALUES (%(id)s, %(rules)s, %(terms)s, %(actor)s, %(at)s)"""
        await execute(tx, text, {**bound, "rules": Jsonb(msgspec.to_builtins(tuple(rules)))})
    identity: int = row["id"]
    return identity


async def operator_history(tx: Tx, scope: Scope, operator: str) -> list[DictRow]:
    """What stood before as an operator's windows, the latest first."""
    text = f"""
        SELECT h.rules, h.terms, h.updated_by, h.updated_at, h.replaced_by, h.replaced_at
        FROM operator_window_history h JOIN operator o ON o.id = h.operator_id
        WHERE o.code = %(code)s AND {within(None, "o.code")} ORDER BY h.id DESC LIMIT 100"""
    return await fetch_all(tx, text, {"code": operator, **scope.params()})
