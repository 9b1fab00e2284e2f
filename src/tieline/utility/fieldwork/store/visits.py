"""SQL of visits and their steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, execute, fetch_all, fetch_value
from tieline.platform.scope import Scope, within
from tieline.utility.fieldwork.model import NewVisit, Outcome, Step, StepState, Verdict, Visit, VisitState
from tieline.utility.fieldwork.store.crews import OWN_ORDERS, bounds

SEEN = f"({within('t.region')} AND {OWN_ORDERS})"
_ATTENTION = """(SELECT count(*) FROM field_report r
    WHERE r.visit_id = v.id AND r.state <> 'accepted' AND r.looked_at IS NULL)"""
_VISIT = f"""
    SELECT v.id, v.site_id, t.external_id AS site_code, t.name AS site_name, t.region, t.postcode, t.lat, t.lon,
        v.origin, v.origin_key, v.title, v.due_at, v.minutes, v.attempt, v.state, v.state_why, v.order_id, v.position,
        o.day, o.crew_id, c.name AS crew, v.arrived_at, v.left_at, v.finished_at, v.outcome, v.outcome_why, v.trouble,
        v.router, {_ATTENTION} AS attention
    FROM visit v JOIN site t ON t.id = v.site_id LEFT JOIN work_order o ON o.id = v.order_id
    LEFT JOIN crew c ON c.id = o.crew_id"""
_LATE = "(v.state NOT IN ('finished', 'cancelled') AND (v.due_at < %(now)s OR o.day < %(today)s))"


@dataclass(frozen=True, slots=True)
class VisitFilter:
    """Which visits: every condition given has to hold. ``unassigned``: in no order; ``late``: should be over."""

    states: tuple[VisitState, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    origin: str | None = None
    region: str | None = None
    order_id: int | None = None
    crew_id: int | None = None
    site_id: int | None = None
    day: date | None = None
    unassigned: bool = False
    late: bool = False
    troubled: bool = False
    attention: bool = False
    text: str = ""


_CONDITIONS: Mapping[str, str] = {
    "states": "v.state = ANY(%(states)s)",
    "outcomes": "v.outcome = ANY(%(outcomes)s)",
    "origin": "v.origin = %(origin)s",
    "region": "t.region = %(region)s",
    "order_id": "v.order_id = %(order_id)s",
    "crew_id": "o.crew_id = %(crew_id)s",
    "site_id": "v.site_id = %(site_id)s",
    "day": "o.day = %(day)s",
    "unassigned": "(v.order_id IS NULL AND v.state = 'planned')",
    "late": _LATE,
    "troubled": "v.trouble <> ''",
    "attention": f"{_ATTENTION} > 0",
    "text": "(starts_with(t.name_folded, lower(%(text)s)) OR t.words @@ plainto_tsquery('simple', %(text)s)"
    " OR t.external_id = %(text)s)",
}


def _where(wanted: VisitFilter) -> str:
    parts = [text for name, text in _CONDITIONS.items() if getattr(wanted, name)]
    return " AND ".join([SEEN, *parts])


def _bound(scope: Scope, wanted: VisitFilter, now: datetime, today: date) -> dict[str, Any]:
    values = {name: getattr(wanted, name) for name in _CONDITIONS}
    values |= {"states": list(wanted.states), "outcomes": list(wanted.outcomes)}
    return {**bounds(scope), **values, "now": now, "today": today}


async def page(
    tx: Tx, scope: Scope, wanted: VisitFilter, *, now: datetime, today: date, after: int, limit: int
) -> list[Visit]:
    """Visits with ids above ``after``, in order of their ids."""
    text = f"{_VISIT} WHERE {_where(wanted)} AND v.id > %(after)s ORDER BY v.id LIMIT %(limit)s"
    rows = await fetch_all(tx, text, {**_bound(scope, wanted, now, today), "after": after, "limit": limit})
    return await _with_steps(tx, rows)


async def count(tx: Tx, scope: Scope, wanted: VisitFilter, *, now: datetime, today: date) -> int:
    """How many visits fit."""
    text = f"""SELECT count(*) FROM visit v JOIN site t ON t.id = v.site_id
        LEFT JOIN work_order o ON o.id = v.order_id WHERE {_where(wanted)}"""
    found: int = await fetch_value(tx, text, _bound(scope, wanted, now, today))
    return found


async def days_of(tx: Tx, scope: Scope, origin: str) -> dict[int, date]:
    """On which day each visit of an origin is planned, of those that are in an order and not over."""
    text = f"""
        SELECT v.id, o.day FROM visit v JOIN site t ON t.id = v.site_id JOIN work_order o ON o.id = v.order_id
        LEFT JOIN crew c ON c.id = o.crew_id
        WHERE v.origin = %(origin)s AND v.state NOT IN ('finished', 'cancelled') AND {SEEN}"""
    return {row["id"]: row["day"] for row in await fetch_all(tx, text, {**bounds(scope), "origin": origin})}


async def by_ids(tx: Tx, scope: Scope, ids: Sequence[int], *, lock: bool = False) -> dict[int, Visit]:
    """Visits within the scope by id; locked in order of their ids, so that two who lock many do not wait for ever."""
    if not ids:
        return {}
    lock_text = "FOR UPDATE OF v" if lock else ""
    text = f"{_VISIT} WHERE v.id = ANY(%(ids)s) AND {SEEN} ORDER BY v.id {lock_text}"
    rows = await fetch_all(tx, text, {**bounds(scope), "ids": list(ids)})
    return {one.id: one for one in await _with_steps(tx, rows)}


async def of_orders(tx: Tx, scope: Scope, order_ids: Sequence[int], *, lock: bool = False) -> list[Visit]:
    """The visits of some orders, in the order in which they are driven to."""
    lock_text = "FOR UPDATE OF v" if lock else ""
    text = f"""{_VISIT} WHERE v.order_id = ANY(%(ids)s) AND {SEEN}
        ORDER BY v.order_id, v.position, v.id {lock_text}"""
    return await _with_steps(tx, await fetch_all(tx, text, {**bounds(scope), "ids": list(order_ids)}))


async def waiting(tx: Tx, scope: Scope, region: str | None, origin: str | None, limit: int) -> list[DictRow]:
    """Visits in no order, the earliest due first, locked; those that somebody else puts into orders now are left."""
    text = f"""
        SELECT v.id, v.minutes, v.due_at, t.lat, t.lon FROM visit v JOIN site t ON t.id = v.site_id
        WHERE v.order_id IS NULL AND v.state = 'planned' AND {within("t.region")}
            AND (%(region)s::text IS NULL OR t.region = %(region)s)
            AND (%(origin)s::text IS NULL OR v.origin = %(origin)s)
        ORDER BY v.due_at NULLS LAST, t.external_id, v.id LIMIT %(limit)s FOR UPDATE OF v SKIP LOCKED"""
    return await fetch_all(tx, text, {**scope.params(), "region": region, "origin": origin, "limit": limit})


async def unseen_sites(tx: Tx, scope: Scope, site_ids: Sequence[int]) -> int | None:
    """A site that is not there, or not within the scope; None when all are."""
    text = f"""SELECT i.id FROM unnest(%(ids)s::bigint[]) i(id)
        LEFT JOIN site t ON t.id = i.id AND {within("t.region")} WHERE t.id IS NULL LIMIT 1"""
    found: int | None = await fetch_value(tx, text, {**scope.params(), "ids": list(set(site_ids))})
    return found


async def add(tx: Tx, scope: Scope, planned: Sequence[NewVisit], now: datetime) -> dict[tuple[str, str], int]:
    """Plan visits; those planned before stay as they are. Gives the ids of all by (origin, origin_key)."""
    text = """
        INSERT INTO visit (site_id, origin, origin_key, title, due_at, minutes, attempt, created_by, created_at)
        SELECT site_id, origin, origin_key, title, due_at, minutes, attempt, %(actor)s, %(now)s
        FROM unnest(%(site_id)s::bigint[], %(origin)s::text[], %(origin_key)s::text[], %(title)s::text[],
            %(due_at)s::timestamptz[], %(minutes)s::integer[], %(attempt)s::integer[])
            AS n (site_id, origin, origin_key, title, due_at, minutes, attempt)
        ON CONFLICT (origin, origin_key) DO NOTHING RETURNING id, origin, origin_key"""
    names = ("site_id", "origin", "origin_key", "title", "due_at", "minutes", "attempt")
    bound = {name: [getattr(one, name) for one in planned] for name in names}
    rows = await fetch_all(tx, text, {**bound, "actor": scope.actor, "now": now})
    made = {(row["origin"], row["origin_key"]): int(row["id"]) for row in rows}
    await _add_steps(tx, [(made[key], one) for one in planned if (key := (one.origin, one.origin_key)) in made])
    missing = [one for one in planned if (one.origin, one.origin_key) not in made]
    return made | await _known(tx, missing)


async def _known(tx: Tx, planned: Sequence[NewVisit]) -> dict[tuple[str, str], int]:
    if not planned:
        return {}
    text = """SELECT v.id, v.origin, v.origin_key FROM visit v
        JOIN unnest(%(origins)s::text[], %(keys)s::text[]) n (origin, origin_key) USING (origin, origin_key)"""
    bound = {"origins": [one.origin for one in planned], "keys": [one.origin_key for one in planned]}
    return {(row["origin"], row["origin_key"]): int(row["id"]) for row in await fetch_all(tx, text, bound)}


async def _add_steps(tx: Tx, visits: Sequence[tuple[int, NewVisit]]) -> None:
    names = ("key", "link_role", "operator", "old_subscription_id", "new_subscription_id", "new_iccid", "words")
    steps = [(visit, number, step) for visit, one in visits for number, step in enumerate(one.steps, 1)]
    text = """
        INSERT INTO visit_step (visit_id, position, key, link_role, operator, old_subscription_id, new_subscription_id,
            new_iccid, words, state)
        SELECT n.*, CASE n.position WHEN 1 THEN 'open' ELSE 'closed' END
        FROM unnest(%(visit_id)s::bigint[], %(position)s::integer[], %(key)s::text[], %(link_role)s::text[],
            %(operator)s::text[], %(old_subscription_id)s::bigint[], %(new_subscription_id)s::bigint[],
            %(new_iccid)s::text[], %(words)s::text[])
            AS n (visit_id, position, key, link_role, operator, old_subscription_id, new_subscription_id, new_iccid,
                words)"""
    bound: dict[str, Any] = {name: [getattr(step, name) for _, _, step in steps] for name in names}
    bound |= {"visit_id": [visit for visit, _, _ in steps], "position": [number for _, number, _ in steps]}
    await execute(tx, text, bound)


_STANDS: Mapping[str, str] = {
    "state": "text", "state_why": "text", "arrived_at": "timestamptz", "left_at": "timestamptz",
    "finished_at": "timestamptz", "outcome": "text", "outcome_why": "text", "trouble": "text", "router": "text",
}  # fmt: skip
_STEP_STANDS: Mapping[str, str] = {
    "state": "text", "iccid": "text", "imei": "text", "fitted_at": "timestamptz", "asked_at": "timestamptz",
    "answered_at": "timestamptz", "said": "text",
}  # fmt: skip


async def write(tx: Tx, changed: Sequence[Visit], worked: Sequence[tuple[int, Step]]) -> None:
    """Write visits and steps as they stand now, of visits that the caller has locked."""
    if changed:
        sets = ", ".join(f"{name} = n.{name}" for name in _STANDS)
        arrays = ", ".join(f"%({name})s::{kind}[]" for name, kind in _STANDS.items())
        text = f"""UPDATE visit v SET {sets}
            FROM unnest(%(id)s::bigint[], {arrays}) AS n (id, {", ".join(_STANDS)}) WHERE v.id = n.id"""
        await execute(tx, text, {name: [getattr(one, name) for one in changed] for name in ("id", *_STANDS)})
    if worked:
        sets = ", ".join(f"{name} = n.{name}" for name in _STEP_STANDS)
        arrays = ", ".join(f"%({name})s::{kind}[]" for name, kind in _STEP_STANDS.items())
        text = f"""UPDATE visit_step s SET {sets}, checks = n.checks
            FROM unnest(%(visit_id)s::bigint[], %(key)s::text[], %(checks)s::jsonb[], {arrays})
                AS n (visit_id, key, checks, {", ".join(_STEP_STANDS)})
            WHERE s.visit_id = n.visit_id AND s.key = n.key"""
        bound: dict[str, Any] = {name: [getattr(one, name) for _, one in worked] for name in ("key", *_STEP_STANDS)}
        bound["visit_id"] = [visit_id for visit_id, _ in worked]
        bound["checks"] = [Jsonb(list(one.checks)) for _, one in worked]
        await execute(tx, text, bound)


async def set_answers(tx: Tx, verdicts: Mapping[tuple[int, str], Verdict], at: datetime) -> None:
    """Write what tests of steps, by visit and key, found; those without a verdict yet go on."""
    if not verdicts:
        return
    text = """
        UPDATE visit_step s SET checks = n.checks, said = n.said, state = coalesce(n.state, s.state),
            answered_at = CASE WHEN n.state IS NULL THEN s.answered_at ELSE %(at)s END
        FROM unnest(%(visits)s::bigint[], %(keys)s::text[], %(checks)s::jsonb[], %(said)s::text[], %(states)s::text[])
            AS n (visit_id, key, checks, said, state)
        WHERE s.visit_id = n.visit_id AND s.key = n.key"""
    after = {True: StepState.PASSED, False: StepState.FAILED, None: None}
    bound = {
        "visits": [visit_id for visit_id, _ in verdicts],
        "keys": [key for _, key in verdicts],
        "checks": [Jsonb(plain(tuple(one.checks))) for one in verdicts.values()],
        "said": [one.said for one in verdicts.values()],
        "states": [after[one.passed] for one in verdicts.values()],
        "at": at,
    }
    await execute(tx, text, bound)


async def open_steps(tx: Tx, steps: Sequence[tuple[int, str]]) -> None:
    """Steps, by visit and key, may be worked on."""
    if not steps:
        return
    text = """
        UPDATE visit_step s SET state = 'open' FROM unnest(%(visits)s::bigint[], %(keys)s::text[]) AS n (visit_id, key)
        WHERE s.visit_id = n.visit_id AND s.key = n.key"""
    await execute(tx, text, {"visits": [one for one, _ in steps], "keys": [key for _, key in steps]})


async def cancel(tx: Tx, ids: Sequence[int], why: str) -> None:
    """Cancel visits, which the caller has locked and looked at; the crew sees in its order that it need not go."""
    text = """UPDATE visit SET state = 'cancelled', state_why = %(why)s WHERE id = ANY(%(ids)s)"""
    await execute(tx, text, {"ids": list(ids), "why": why})


async def place(tx: Tx, order_id: int | None, ids: Sequence[int]) -> None:
    """Put visits into an order in this sequence; None takes them out of theirs."""
    text = """
        UPDATE visit v SET order_id = %(order)s, position = n.position,
            state = CASE WHEN v.state = 'left' AND v.order_id IS DISTINCT FROM %(order)s THEN 'planned' ELSE v.state END
        FROM unnest(%(ids)s::bigint[]) WITH ORDINALITY n (id, position) WHERE v.id = n.id"""
    await execute(tx, text, {"order": order_id, "ids": list(ids)})


async def planned_for(tx: Tx, iccid: str, but: int) -> DictRow | None:
    """Another visit, not over, for which a card is planned, with its site's name and crew."""
    text = """
        SELECT v.id, t.name AS site, o.crew_id FROM visit_step s JOIN visit v ON v.id = s.visit_id
        JOIN site t ON t.id = v.site_id LEFT JOIN work_order o ON o.id = v.order_id
        WHERE s.new_iccid = %(iccid)s AND v.id <> %(but)s AND v.state NOT IN ('finished', 'cancelled')
        ORDER BY v.id LIMIT 1"""
    rows = await fetch_all(tx, text, {"iccid": iccid, "but": but})
    return rows[0] if rows else None


async def taken_away(tx: Tx, visit_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """By visit, what its old links hang on: the router's number and the cards, to be taken away."""
    text = """
        SELECT s.visit_id, max(d.external_id) AS router, array_agg(c.iccid ORDER BY s.position) AS iccids
        FROM visit_step s
        JOIN LATERAL (SELECT l.device_id, l.card_id FROM link l WHERE l.subscription_id = s.old_subscription_id
            ORDER BY l.id DESC LIMIT 1) l ON true
        JOIN device d ON d.id = l.device_id JOIN card c ON c.id = l.card_id
        WHERE s.visit_id = ANY(%(ids)s) GROUP BY s.visit_id"""
    rows = await fetch_all(tx, text, {"ids": list(visit_ids)})
    return {row["visit_id"]: {"router": row["router"], "iccids": row["iccids"]} for row in rows}


async def tally(tx: Tx, scope: Scope, *, now: datetime, today: date) -> list[DictRow]:
    """By region, how many visits wait for an order, are in one, are late, and are over."""
    text = f"""
        SELECT t.region, count(*) AS visits,
            count(*) FILTER (WHERE v.order_id IS NULL AND v.state = 'planned') AS unassigned,
            count(*) FILTER (WHERE v.order_id IS NOT NULL AND v.state NOT IN ('finished', 'cancelled')) AS ordered,
            count(*) FILTER (WHERE v.state = 'on_site') AS on_site,
            count(*) FILTER (WHERE {_LATE}) AS late,
            count(*) FILTER (WHERE v.outcome = 'done') AS done,
            count(*) FILTER (WHERE v.state = 'finished' AND v.outcome <> 'done') AS not_done,
            count(*) FILTER (WHERE v.state = 'cancelled') AS cancelled
        FROM visit v JOIN site t ON t.id = v.site_id LEFT JOIN work_order o ON o.id = v.order_id
        WHERE {SEEN} GROUP BY t.region ORDER BY t.region NULLS LAST"""
    return await fetch_all(tx, text, {**bounds(scope), "now": now, "today": today})


async def _with_steps(tx: Tx, rows: Sequence[DictRow]) -> list[Visit]:
    found = await _steps(tx, [row["id"] for row in rows])
    return [_visit(row, found.get(row["id"], ())) for row in rows]


async def _steps(tx: Tx, ids: Sequence[int]) -> dict[int, tuple[Step, ...]]:
    if not ids:
        return {}
    text = """
        SELECT visit_id, key, position, link_role, operator, new_iccid, words, state, iccid, imei, old_subscription_id,
            new_subscription_id, fitted_at, asked_at, answered_at, checks, said
        FROM visit_step WHERE visit_id = ANY(%(ids)s) ORDER BY visit_id, position"""
    found: dict[int, list[Step]] = {}
    for row in await fetch_all(tx, text, {"ids": list(ids)}):
        visit_id = row.pop("visit_id")
        found.setdefault(visit_id, []).append(Step(**{**row, "state": StepState(row["state"])}))
    return {visit_id: tuple(steps) for visit_id, steps in found.items()}


def _visit(row: DictRow, steps: tuple[Step, ...]) -> Visit:
    outcome = Outcome(row["outcome"]) if row["outcome"] else None
    return Visit(**{**row, "state": VisitState(row["state"]), "outcome": outcome, "steps": steps})


def plain(value: Any) -> Any:
    """A dataclass as plain values."""
    return msgspec.to_builtins(value)


async def existing(tx: Tx, ids: Sequence[int]) -> set[int]:
    """Which of some ids visits have, whoever may see them; to keep reports with what they speak of."""
    if not ids:
        return set()
    rows = await fetch_all(tx, "SELECT id FROM visit WHERE id = ANY(%(ids)s)", {"ids": list(ids)})
    return {row["id"] for row in rows}


async def redate(tx: Tx, scope: Scope, origin: str, dues: Mapping[int, datetime | None]) -> int:
    """Let the visits of an origin within the scope that are not over be due at other times, by site."""
    text = f"""
        WITH wanted AS MATERIALIZED (
            SELECT v.id, n.due_at FROM visit v JOIN site t ON t.id = v.site_id
            JOIN unnest(%(sites)s::bigint[], %(dues)s::timestamptz[]) AS n (site_id, due_at) USING (site_id)
            WHERE v.origin = %(origin)s AND v.state NOT IN ('finished', 'cancelled') AND {within("t.region")}
            ORDER BY v.id FOR UPDATE OF v
        )
        UPDATE visit v SET due_at = w.due_at FROM wanted w WHERE v.id = w.id"""
    bound = {"origin": origin, "sites": list(dues), "dues": list(dues.values()), **scope.params()}
    return await execute(tx, text, bound)
