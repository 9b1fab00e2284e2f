"""Incidents and their journals."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow, class_row
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, execute, fetch_all, fetch_value, lock_key, sql
from tieline.platform.errors import NotFound
from tieline.platform.scope import Scope, within
from tieline.utility.incidents.model import Incident, IncidentFilter
from tieline.utility.incidents.store.members import SEEN

_LOCK = lock_key("incidents.assess")
_COLUMNS = """i.id, i.kind, i.key, i.severity, i.state, i.title, i.sentence, o.code AS operator, i.change_id,
    i.revert_id, i.expectation_id, i.evidence, i.detected, i.repeats, i.members, i.sites, i.opened_at, i.last_at,
    i.grown_at, i.acknowledged_by, i.acknowledged_at, i.assignee, i.resolved_by, i.resolved_at, i.resolved_why"""
_FROM = "FROM incident i LEFT JOIN operator o ON o.id = i.operator_id"
# Who sees only some regions sees what touches one of them; what has no member concerns everybody at the operator.
_VISIBLE = f"""(o.code IS NULL OR {within(None, "o.code")}) AND (%(scope_regions)s::text[] IS NULL
    OR NOT EXISTS (SELECT FROM incident_member m WHERE m.incident_id = i.id)
    OR EXISTS (SELECT FROM incident_member m WHERE m.incident_id = i.id AND {SEEN}))"""


async def lock(tx: Tx) -> None:
    """One at a time decides what is an incident: of two that see the same, the second finds it there."""
    await execute(tx, "SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": _LOCK})


async def insert(tx: Tx, values: Mapping[str, Any]) -> int:
    """Make an incident; ``operator`` is a code or None."""
    text = """
        INSERT INTO incident (kind, key, severity, state, title, sentence, operator_id, change_id, expectation_id,
            evidence, detected, opened_at, last_at, grown_at)
        VALUES (%(kind)s, %(key)s, %(severity)s, %(state)s, %(title)s, %(sentence)s,
            (SELECT id FROM operator WHERE code = %(operator)s), %(change_id)s, %(expectation_id)s, %(evidence)s,
            %(detected)s, %(at)s, %(at)s, %(at)s)
        RETURNING id"""
    made: int = await fetch_value(tx, text, {**values, "evidence": Jsonb(dict(values["evidence"]))})
    return made


async def update(tx: Tx, incident_id: int, **values: Any) -> None:
    """Set some columns of an incident; names are ours, never a caller's."""
    bound = {name: Jsonb(value) if isinstance(value, dict) else value for name, value in values.items()}
    columns = ", ".join(f"{name} = %({name})s" for name in values)
    await execute(tx, f"UPDATE incident SET {columns} WHERE id = %(id)s", {**bound, "id": incident_id})


async def repeat(tx: Tx, incident_id: int, at: datetime, evidence: Mapping[str, Any]) -> None:
    """The same again: it counts, and the newest evidence stands beside what was there."""
    text = """
        UPDATE incident SET repeats = repeats + 1, last_at = greatest(last_at, %(at)s),
            evidence = evidence || %(evidence)s WHERE id = %(id)s"""
    await execute(tx, text, {"id": incident_id, "at": at, "evidence": Jsonb(dict(evidence))})


async def by_key(tx: Tx, key: str) -> Incident | None:
    """The incident of a key that is not over."""
    found = await _incidents(tx, f"SELECT {_COLUMNS} {_FROM} WHERE i.key = %(key)s AND i.state <> 'resolved'",
                             {"key": key})  # fmt: skip
    return found[0] if found else None


async def joinable(tx: Tx, prefix: str, since: datetime, *, expected: bool) -> Incident | None:
    """The newest incident found here of a signature that something was added to since a moment.

    What is not ``expected`` joins none that is quiet.
    """
    text = f"""
        SELECT {_COLUMNS} {_FROM} WHERE i.state <> 'resolved' AND i.detected AND i.grown_at >= %(since)s
            AND starts_with(i.key, %(prefix)s) AND (%(expected)s OR i.state <> 'expected') ORDER BY i.id DESC LIMIT 1"""
    found = await _incidents(tx, text, {"prefix": prefix, "since": since, "expected": expected})
    return found[0] if found else None


async def get(tx: Tx, incident_id: int, *, lock: bool = False) -> Incident:
    """An incident; for the system. Raises ``NotFound``."""
    text = f"SELECT {_COLUMNS} {_FROM} WHERE i.id = %(id)s{' FOR UPDATE OF i' if lock else ''}"
    found = await _incidents(tx, text, {"id": incident_id})
    if not found:
        raise NotFound(f"There is no incident {incident_id}.")
    return found[0]


async def seen(tx: Tx, scope: Scope, incident_id: int, *, lock: bool = False) -> Incident:
    """An incident that the scope sees. Raises ``NotFound`` also for one that it does not."""
    text = f"SELECT {_COLUMNS} {_FROM} WHERE i.id = %(id)s AND {_VISIBLE}{' FOR UPDATE OF i' if lock else ''}"
    found = await _incidents(tx, text, {"id": incident_id, **scope.params()})
    if not found:
        raise NotFound(f"There is no incident {incident_id}, or none that you may see.")
    return found[0]


_ORDER = "array_position(ARRAY['critical', 'major', 'minor', 'warning'], i.severity)"


async def page(
    tx: Tx, scope: Scope, wanted: IncidentFilter, *, after: tuple[int, int] | None, limit: int
) -> list[Incident]:
    """Incidents, the worst first, of those the newest; ``after`` is the rank and number of the last one shown."""
    parts, bound = _where(wanted)
    if after is not None:
        parts.append(f"({_ORDER} > %(rank)s OR ({_ORDER} = %(rank)s AND i.id < %(after)s))")
        bound |= {"rank": after[0], "after": after[1]}
    text = f"""
        SELECT {_COLUMNS} {_FROM} WHERE {_VISIBLE} AND {" AND ".join(parts)}
        ORDER BY {_ORDER}, i.id DESC LIMIT %(limit)s"""
    return await _incidents(tx, text, {**bound, "limit": limit, **scope.params()})


async def count(tx: Tx, scope: Scope, wanted: IncidentFilter) -> list[DictRow]:
    """How many incidents fit, by severity and state."""
    parts, bound = _where(wanted)
    text = f"""
        SELECT i.severity, i.state, count(*) AS count {_FROM} WHERE {_VISIBLE} AND {" AND ".join(parts)}
        GROUP BY i.severity, i.state"""
    return await fetch_all(tx, text, {**bound, **scope.params()})


async def matching(tx: Tx, scope: Scope, wanted: IncidentFilter, *, limit: int) -> list[int]:
    """The numbers of incidents that fit."""
    parts, bound = _where(wanted)
    text = f"SELECT i.id {_FROM} WHERE {_VISIBLE} AND {' AND '.join(parts)} ORDER BY i.id LIMIT %(limit)s"
    return [row["id"] for row in await fetch_all(tx, text, {**bound, "limit": limit, **scope.params()})]


def _where(wanted: IncidentFilter) -> tuple[list[str], dict[str, Any]]:
    parts, bound = ["i.state = ANY(%(states)s::text[])"], dict[str, Any](states=list(wanted.shown_states))
    for name, column in (("severities", "i.severity"), ("kinds", "i.kind"), ("operators", "o.code")):
        if values := getattr(wanted, name):
            parts.append(f"{column} = ANY(%({name})s::text[])")
            bound[name] = list(values)
    if wanted.assignee:
        parts.append("i.assignee = %(assignee)s")
        bound["assignee"] = wanted.assignee
    if wanted.q:
        parts.append(
            """(i.title ILIKE %(like)s OR i.id::text = %(q)s OR EXISTS (SELECT FROM incident_member m
                WHERE m.incident_id = i.id AND (m.site_name ILIKE %(like)s OR m.site = %(q)s OR m.ref = %(q)s)))"""
        )
        bound |= {"q": wanted.q.strip().lstrip("#"), "like": f"%{_escaped(wanted.q.strip())}%"}
    for name, column in (("regions", "m.region = ANY(%(regions)s::text[])"), ("site_id", "m.site_id = %(site_id)s"),
                         ("subscription_id", "m.subscription_id = %(subscription_id)s")):  # fmt: skip
        if value := getattr(wanted, name):
            parts.append(f"EXISTS (SELECT FROM incident_member m WHERE m.incident_id = i.id AND {column})")
            bound[name] = list(value) if name == "regions" else value
    return parts, bound


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def of_thing(
    tx: Tx, scope: Scope, *, subscription_ids: Sequence[int], site_id: int | None, before: datetime, limit: int
) -> list[DictRow]:
    """Incidents that touched a site or some subscriptions, the newest first."""
    text = f"""
        SELECT i.id, i.title, i.severity, i.state, i.opened_at, i.resolved_at, i.resolved_why, min(m.since) AS since,
            max(m.ended_at) AS ended_at, bool_or(m.ended_at IS NULL) AS live
        FROM incident i JOIN incident_member m ON m.incident_id = i.id
        WHERE {SEEN} AND i.opened_at < %(before)s
            AND (m.site_id = %(site_id)s OR m.subscription_id = ANY(%(ids)s::bigint[]))
        GROUP BY i.id ORDER BY i.opened_at DESC, i.id DESC LIMIT %(limit)s"""
    bound = {"ids": list(subscription_ids), "site_id": site_id, "before": before, "limit": limit, **scope.params()}
    return await fetch_all(tx, text, bound)


async def over(tx: Tx, now: datetime) -> list[int]:
    """Incidents that were expected and are not any more."""
    text = """
        SELECT i.id FROM incident i LEFT JOIN incident_expectation e ON e.id = i.expectation_id
        WHERE i.state = 'expected' AND (e.id IS NULL OR e.ended_at IS NOT NULL OR e.ends_at <= %(now)s)
        ORDER BY i.id"""
    return [row["id"] for row in await fetch_all(tx, text, {"now": now})]


async def of_change(tx: Tx, change_id: int) -> list[Incident]:
    """Incidents that a change is to put right, and that are not over."""
    text = f"SELECT {_COLUMNS} {_FROM} WHERE i.revert_id = %(id)s AND i.state <> 'resolved'"
    return await _incidents(tx, text, {"id": change_id})


async def note(
    tx: Tx,
    incident_id: int,
    *,
    at: datetime,
    actor: str,
    kind: str,
    words: str,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add to an incident's journal."""
    text = """
        INSERT INTO incident_event (incident_id, at, actor, kind, words, detail)
        VALUES (%(id)s, %(at)s, %(actor)s, %(kind)s, %(words)s, %(detail)s)"""
    bound = {"id": incident_id, "at": at, "actor": actor, "kind": kind, "words": words}
    await execute(tx, text, {**bound, "detail": Jsonb(dict(detail or {}))})


async def journal(tx: Tx, incident_id: int) -> list[DictRow]:
    """An incident's journal, from its beginning."""
    text = """
        SELECT id, at, actor, kind, words, detail FROM incident_event WHERE incident_id = %(id)s ORDER BY id"""
    return await fetch_all(tx, text, {"id": incident_id})


async def _incidents(tx: Tx, text: str, bound: Mapping[str, Any]) -> list[Incident]:
    async with tx.cursor(row_factory=class_row(Incident)) as cursor:
        await cursor.execute(sql(text), bound)
        return await cursor.fetchall()
