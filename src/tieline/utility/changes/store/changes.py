"""Changes, approvals, events."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value
from tieline.platform.errors import NotFound
from tieline.platform.scope import Scope
from tieline.utility.changes.model import Approval, Change, ChangeState, ChangeType, Editor, Thresholds, Waves, Window

_COLUMNS = """c.id, c.kind, c.title, c.type, c.reason, c.state, c.state_why, c.selection, c.parameters, c.waves,
    c.thresholds, c.time_window, c.policy_id, c.undo_of, c.disruptive, c.plan_version, c.plan_hash, c.summary,
    c.created_by, c.created_by_user, c.created_at, c.planned_by, c.planned_by_user, c.planned_at, c.started_by,
    c.started_by_user, c.started_at, c.ended_at, c.approval_due_at, c.editors"""


async def insert(tx: Tx, scope: Scope, values: Mapping[str, Any]) -> int:
    """Add a change in draft."""
    text = """
        INSERT INTO change (kind, title, type, reason, selection, parameters, waves, thresholds, time_window,
            policy_id, undo_of, disruptive, created_by, created_by_user)
        VALUES (%(kind)s, %(title)s, %(type)s, %(reason)s, %(selection)s, %(parameters)s, %(waves)s, %(thresholds)s,
            %(window)s, %(policy_id)s, %(undo_of)s, %(disruptive)s, %(actor)s, %(user_id)s)
        RETURNING id"""
    found: int = await fetch_value(tx, text, {**_bound(values), "actor": scope.actor, "user_id": scope.user_id})
    return found


async def edit(tx: Tx, scope: Scope, change_id: int, values: Mapping[str, Any]) -> None:
    """Replace what a change is to do, and keep whose hand it was."""
    text = """
        UPDATE change SET title = %(title)s, reason = %(reason)s, selection = %(selection)s,
            disruptive = %(disruptive)s, parameters = %(parameters)s, waves = %(waves)s,
            thresholds = %(thresholds)s, time_window = %(window)s,
            editors = CASE WHEN editors @> %(editor)s THEN editors ELSE editors || %(editor)s END
        WHERE id = %(id)s"""
    editor = Jsonb([{"actor": scope.actor, "user_id": scope.user_id}])
    await execute(tx, text, {**_bound(values), "id": change_id, "editor": editor})


def _bound(values: Mapping[str, Any]) -> dict[str, Any]:
    documents = {"selection", "parameters", "waves", "thresholds", "window"}
    return {name: Jsonb(msgspec.to_builtins(value)) if name in documents else value for name, value in values.items()}


async def get(tx: Tx, change_id: int, *, lock: bool = False) -> Change:
    """A change by id, locked against other acts if asked; raises ``NotFound``."""
    # Not FOR UPDATE: a batch that refers to the change may be added meanwhile.
    suffix = "FOR NO KEY UPDATE" if lock else ""
    row = await fetch_one(tx, f"SELECT {_COLUMNS} FROM change c WHERE c.id = %(id)s {suffix}", {"id": change_id})
    if row is None:
        raise NotFound(f"There is no change {change_id}.")
    return _change(row)


def _change(row: DictRow) -> Change:
    values = dict(row)
    return Change(
        **{
            **{name: value for name, value in values.items() if name != "time_window"},
            "type": ChangeType(values["type"]),
            "state": ChangeState(values["state"]),
            "waves": msgspec.convert(values["waves"], Waves),
            "thresholds": msgspec.convert(values["thresholds"], Thresholds),
            "window": msgspec.convert(values["time_window"], Window),
            "editors": tuple(Editor(**one) for one in values["editors"]),
        }
    )


async def page(
    tx: Tx, *, states: Sequence[str], kinds: Sequence[str], text: str, before: int | None, limit: int
) -> list[Change]:
    """Changes, the newest first."""
    query = f"""
        SELECT {_COLUMNS} FROM change c
        WHERE (cardinality(%(states)s::text[]) = 0 OR c.state = ANY(%(states)s))
            AND (cardinality(%(kinds)s::text[]) = 0 OR c.kind = ANY(%(kinds)s))
            AND (%(text)s = '' OR strpos(lower(c.title), lower(%(text)s)) > 0)
            AND (%(before)s::bigint IS NULL OR c.id < %(before)s)
        ORDER BY c.id DESC LIMIT %(limit)s"""
    bound = {"states": list(states), "kinds": list(kinds), "text": text, "before": before, "limit": limit + 1}
    return [_change(row) for row in await fetch_all(tx, query, bound)]


async def set_state(
    tx: Tx, change_id: int, state: ChangeState, *, why: str = "", ended_at: datetime | None = None
) -> None:
    """Put a change into a state that the table allows; the caller has locked it and asked the table."""
    await execute(
        tx,
        "UPDATE change SET state = %(state)s, state_why = %(why)s, ended_at = %(ended)s WHERE id = %(id)s",
        {"id": change_id, "state": state.value, "why": why, "ended": ended_at},
    )


async def set_planning(tx: Tx, change_id: int, scope: Scope) -> int:
    """Begin a new version of the plan, with the authority of who asked; returns the version."""
    text = """
        UPDATE change SET plan_version = plan_version + 1, plan_hash = '', planned_by = %(actor)s,
            planned_by_user = %(user_id)s, scope_regions = %(scope_regions)s, scope_operators = %(scope_operators)s
        WHERE id = %(id)s RETURNING plan_version"""
    bound = {"id": change_id, "actor": scope.actor, "user_id": scope.user_id, **scope.params()}
    version: int = await fetch_value(tx, text, bound)
    return version


async def planning_scope(tx: Tx, change_id: int) -> DictRow:
    """With whose authority the present version is planned."""
    row = await fetch_one(
        tx,
        "SELECT planned_by, planned_by_user, scope_regions, scope_operators FROM change WHERE id = %(id)s",
        {"id": change_id},
    )
    if row is None:
        raise NotFound(f"There is no change {change_id}.")
    return row


async def set_planned(tx: Tx, change_id: int, plan_hash: str, summary: Any, at: datetime) -> None:
    """Keep the result of planning."""
    await execute(
        tx,
        "UPDATE change SET plan_hash = %(hash)s, summary = %(summary)s, planned_at = %(at)s WHERE id = %(id)s",
        {"id": change_id, "hash": plan_hash, "summary": Jsonb(msgspec.to_builtins(summary)), "at": at},
    )


async def set_started(tx: Tx, change_id: int, scope: Scope, at: datetime, approval_due_at: datetime | None) -> None:
    """Keep who started it, and by when an emergency change has to be approved."""
    text = """
        UPDATE change SET started_by = %(actor)s, started_by_user = %(user_id)s, started_at = %(at)s,
            approval_due_at = %(due)s WHERE id = %(id)s"""
    bound = {"id": change_id, "actor": scope.actor, "user_id": scope.user_id, "at": at, "due": approval_due_at}
    await execute(tx, text, bound)


async def add_approval(tx: Tx, change: Change, scope: Scope, values: Mapping[str, Any]) -> None:
    """Keep a decision."""
    text = """
        INSERT INTO change_approval (change_id, plan_version, plan_hash, decision, by_policy, afterwards, actor,
            user_id, comment, at)
        VALUES (%(id)s, %(version)s, %(hash)s, %(decision)s, %(by_policy)s, %(afterwards)s, %(actor)s, %(user_id)s,
            %(comment)s, %(at)s)"""
    bound = {
        "id": change.id,
        "version": change.plan_version,
        "hash": change.plan_hash,
        "actor": scope.actor,
        "user_id": scope.user_id,
        "by_policy": False,
        "afterwards": False,
        "comment": "",
        **values,
    }
    await execute(tx, text, bound)


async def void_approvals(tx: Tx, change_id: int, why: str, at: datetime) -> int:
    """Make every decision on a change void; returns how many approvals that were."""
    text = """
        UPDATE change_approval SET void_at = %(at)s, void_why = %(why)s
        WHERE change_id = %(id)s AND void_at IS NULL AND decision = 'approved'"""
    return await execute(tx, text, {"id": change_id, "why": why, "at": at})


async def approvals(tx: Tx, change_id: int) -> list[Approval]:
    """Every decision on a change, in order."""
    text = """
        SELECT id, plan_version, plan_hash, decision, by_policy, afterwards, actor, comment, at, void_at, void_why
        FROM change_approval WHERE change_id = %(id)s ORDER BY id"""
    return [Approval(**row) for row in await fetch_all(tx, text, {"id": change_id})]


async def approved(tx: Tx, change_id: int, plan_hash: str) -> bool:
    """Whether exactly this plan is approved (by a person or by policy), and that is not void."""
    text = """
        SELECT EXISTS (SELECT FROM change_approval WHERE change_id = %(id)s AND decision = 'approved'
            AND void_at IS NULL AND plan_hash = %(hash)s AND NOT afterwards)"""
    found: bool = await fetch_value(tx, text, {"id": change_id, "hash": plan_hash})
    return found


async def add_event(tx: Tx, change_id: int, actor: str, kind: str, detail: Mapping[str, Any]) -> None:
    """Add to a change's own log."""
    await execute(
        tx,
        "INSERT INTO change_event (change_id, actor, kind, detail) VALUES (%(id)s, %(actor)s, %(kind)s, %(detail)s)",
        {"id": change_id, "actor": actor, "kind": kind, "detail": Jsonb(dict(detail))},
    )


async def events(tx: Tx, change_id: int, *, after: int, limit: int) -> list[DictRow]:
    """A change's log after an entry, in order."""
    text = """
        SELECT id, at, actor, kind, detail FROM change_event WHERE change_id = %(id)s AND id > %(after)s
        ORDER BY id LIMIT %(limit)s"""
    return await fetch_all(tx, text, {"id": change_id, "after": after, "limit": limit})


async def latest_events(tx: Tx, change_id: int, limit: int) -> list[DictRow]:
    """The latest entries of a change's log, in order."""
    text = """
        SELECT id, at, actor, kind, detail FROM change_event WHERE change_id = %(id)s
        ORDER BY id DESC LIMIT %(limit)s"""
    return (await fetch_all(tx, text, {"id": change_id, "limit": limit}))[::-1]


async def undoing(tx: Tx, change_id: int) -> list[int]:
    """The changes that were made to take one back, in order."""
    rows = await fetch_all(tx, "SELECT id FROM change WHERE undo_of = %s ORDER BY id", [change_id])
    return [row["id"] for row in rows]


async def overdue(tx: Tx, now: datetime) -> list[int]:
    """Emergency changes whose approval is overdue and not told yet; they are marked as told."""
    text = """
        UPDATE change c SET overdue_told = true
        WHERE c.approval_due_at < %(now)s AND NOT c.overdue_told AND NOT EXISTS (
            SELECT FROM change_approval a WHERE a.change_id = c.id AND a.afterwards)
        RETURNING c.id"""
    return [row["id"] for row in await fetch_all(tx, text, {"now": now})]
