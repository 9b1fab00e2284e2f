"""Visits: planned, moved, cancelled, looked at, and answered when their tests are over."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tieline.platform import audit
from tieline.platform.clock import Clock, SystemClock
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Invalid, NotFound, Problem
from tieline.platform.paging import MAX_PAGE, Page, decode_key, page_of
from tieline.platform.scope import Permission, Scope
from tieline.utility.fieldwork.model import OVER, ZONE, NewStep, NewVisit, StepState, Verdict, Visit, VisitState
from tieline.utility.fieldwork.policy.judging import opened_by
from tieline.utility.fieldwork.service import routing
from tieline.utility.fieldwork.store import reports, visits
from tieline.utility.fieldwork.store.visits import VisitFilter

_BATCH = 5000
_LONGEST_WHY = 500


def today(now: datetime) -> date:
    """The day it is where crews work."""
    return now.astimezone(ZONE).date()


def may_read(scope: Scope) -> None:
    """Raise ``Forbidden`` for those who neither see field work nor report from it."""
    if not scope.may(Permission.FIELD_REPORT):
        scope.require(Permission.FIELD_READ)


async def plan_visits(
    tx: Tx,
    scope: Scope,
    planned: Iterable[NewVisit],
    *,
    clock: Clock | None = None,
    told: list[audit.Entry] | None = None,
) -> dict[str, int]:
    """Plan visits, in no order yet; those planned before stay as they are. Needs ``FIELD_PLAN``.

    Gives ids by ``origin_key``. ``told`` takes the entry for the audit trail from a caller that goes on: it appends
    it last. Raises ``Invalid`` for a visit that breaks a rule, ``NotFound`` for a site that is not
    there or that the asker may not touch; nothing is planned then.
    """
    scope.require(Permission.FIELD_PLAN)
    found: dict[str, int] = {}
    now = (clock or SystemClock()).now()
    wanted = list(planned)
    for number, one in enumerate(wanted):
        _check(number, one)
    for at in range(0, len(wanted), _BATCH):
        lot = wanted[at : at + _BATCH]
        unseen = await visits.unseen_sites(tx, scope, [one.site_id for one in lot])
        if unseen is not None:
            raise NotFound(f"There is no site {unseen}, or none that you may see.")
        made = await visits.add(tx, scope, lot, now)
        found |= {key: visit_id for (_, key), visit_id in made.items()}
    origins = sorted({one.origin for one in wanted})
    detail = {"visits": len(wanted), "origins": origins[:20]}
    entries = [audit.Entry("visits.planned", origins[0], detail)] if wanted else []
    if told is None:
        await audit.append(tx, scope, *entries)
    else:
        told += entries
    return found


def _check(number: int, one: NewVisit) -> None:
    keys = [step.key for step in one.steps]
    problems = [
        Problem(f"visits[{number}].{name}", rule, message)
        for name, rule, message, broken in (
            ("origin", "empty", "Say who wants the visit.", not one.origin),
            ("origin_key", "empty", "Say which of theirs it is.", not one.origin_key),
            ("steps", "unique", "Each step has a key of its own.", len(set(keys)) != len(keys)),
            ("steps", "role", "A link is primary or backup.", bool(_odd_roles(one.steps))),
            ("minutes", "range", "Between 1 and 1,440.", not 1 <= one.minutes <= 24 * 60),
            ("due_at", "time-zone", "With a time zone.", one.due_at is not None and one.due_at.tzinfo is None),
        )
        if broken
    ]
    if problems:
        raise Invalid(f"Visit {one.origin_key or number} breaks a rule.", problems)


def _odd_roles(steps: Sequence[NewStep]) -> set[str]:
    return {step.link_role for step in steps} - {"primary", "backup"}


async def page(
    tx: Tx, scope: Scope, clock: Clock, wanted: VisitFilter, *, cursor: str | None = None, limit: int = 100
) -> Page[Visit]:
    """Visits in order of their ids; a crew sees its own alone."""
    may_read(scope)
    after = decode_key(cursor, int)[0] if cursor else 0
    limit = max(1, min(limit, MAX_PAGE))
    now = clock.now()
    rows = await visits.page(tx, scope, wanted, now=now, today=today(now), after=after, limit=limit + 1)
    return page_of(rows, limit, lambda visit: (visit.id,))


async def visits_of(
    tx: Tx, scope: Scope, origin: str, *, cursor: str | None = None, limit: int = 1000, clock: Clock | None = None
) -> Page[Visit]:
    """The visits that somebody wanted."""
    return await page(tx, scope, clock or SystemClock(), VisitFilter(origin=origin), cursor=cursor, limit=limit)


async def days_of(tx: Tx, scope: Scope, origin: str) -> dict[int, date]:
    """On which day each visit of an origin is planned, of those that are in an order and not over."""
    may_read(scope)
    return await visits.days_of(tx, scope, origin)


async def count(tx: Tx, scope: Scope, clock: Clock, wanted: VisitFilter) -> int:
    """How many visits fit."""
    may_read(scope)
    now = clock.now()
    return await visits.count(tx, scope, wanted, now=now, today=today(now))


@dataclass(frozen=True, slots=True)
class Detail:
    """A visit with what was reported from it, and its pictures."""

    visit: Visit
    reports: Sequence[Any]
    photos: Sequence[Any]


async def one(tx: Tx, scope: Scope, visit_id: int) -> Visit:
    """A visit; raises ``NotFound`` also for one of another crew or region."""
    may_read(scope)
    found = await visits.by_ids(tx, scope, [visit_id])
    if visit_id not in found:
        raise NotFound(f"There is no visit {visit_id}, or none that you may see.")
    return found[visit_id]


async def detail(tx: Tx, scope: Scope, visit_id: int) -> Detail:
    """A visit with its reports, the latest first, and its pictures."""
    visit = await one(tx, scope, visit_id)
    rows = await reports.page(tx, scope, reports.ReportFilter(visit_id=visit_id), before=None, limit=MAX_PAGE)
    return Detail(visit, rows, await reports.photos(tx, scope, visit_id))


async def locked(tx: Tx, scope: Scope, ids: Sequence[int]) -> list[Visit]:
    """Visits, locked; raises ``NotFound`` when one is not there or not within the scope."""
    found = await visits.by_ids(tx, scope, ids, lock=True)
    missing = [one for one in ids if one not in found]
    if missing:
        raise NotFound(f"There is no visit {missing[0]}, or none that you may see.")
    return [found[one] for one in dict.fromkeys(ids)]


async def cancel_visits(tx: Tx, scope: Scope, ids: Sequence[int], why: str) -> int:
    """Cancel visits; those that are over stay as they are. Needs ``FIELD_PLAN``. Gives how many were cancelled.

    Raises ``Conflict`` when a crew is at one of the sites.
    """
    scope.require(Permission.FIELD_PLAN)
    if not why.strip() or len(why) > _LONGEST_WHY:
        raise Invalid("Say why, in at most 500 characters.", [Problem("why", "length", "1 to 500 characters.")])
    found = await locked(tx, scope, ids)
    there = next((visit for visit in found if visit.state is VisitState.ON_SITE), None)
    if there is not None:
        raise Conflict(
            f"{there.crew or 'A crew'} is at {there.site_name} now.", advice="Call the crew; cancel when it has left."
        )
    open_ones = [visit for visit in found if visit.state not in OVER]
    await visits.cancel(tx, [visit.id for visit in open_ones], why.strip())
    await routing.measure_again(tx, scope, {visit.order_id for visit in open_ones})
    entries = [audit.Entry("visit.cancelled", f"visit:{visit.id}", {"why": why.strip()}) for visit in open_ones]
    await audit.append(tx, scope, *entries)
    return len(open_ones)


async def answer_step(
    tx: Tx, scope: Scope, visit_id: int, step_key: str, verdict: Verdict, *, clock: Clock | None = None
) -> bool:
    """Tell the crew what the test of a step found; a step that passed opens the next one. Needs ``FIELD_PLAN``.

    A verdict on a step that is not being tested changes nothing, and False is given: it came late or twice. Raises
    ``NotFound`` for a visit or step that is not there.
    """
    told = await answer_steps(tx, scope, {(visit_id, step_key): verdict}, clock=clock)
    if (visit_id, step_key) in told.missing:
        raise NotFound(f"There is no visit {visit_id} with a step {step_key}, or none that you may see.")
    return bool(told.heard)


@dataclass(frozen=True, slots=True)
class Told:
    """Which verdicts were heard, and which are about visits or steps that are not there; the others came too late."""

    heard: frozenset[tuple[int, str]]
    missing: frozenset[tuple[int, str]]


async def answer_steps(
    tx: Tx, scope: Scope, verdicts: Mapping[tuple[int, str], Verdict], *, clock: Clock | None = None
) -> Told:
    """Tell crews what the tests of steps, by visit and key, found: as :func:`answer_step`, for many at once."""
    scope.require(Permission.FIELD_PLAN)
    found = await visits.by_ids(tx, scope, sorted({visit_id for visit_id, _ in verdicts}), lock=True)
    steps = {(visit.id, step.key): step for visit in found.values() for step in visit.steps}
    heard = {
        key: verdict for key, verdict in verdicts.items() if key in steps and steps[key].state is StepState.TESTING
    }
    await visits.set_answers(tx, heard, (clock or SystemClock()).now())
    opened = [
        (visit_id, following)
        for (visit_id, key), verdict in heard.items()
        if verdict.passed and (following := opened_by(found[visit_id].steps, key))
    ]
    await visits.open_steps(tx, opened)
    entries = [
        audit.Entry("visit.tested", f"visit:{visit_id}", {"step": key, "passed": verdict.passed})
        for (visit_id, key), verdict in heard.items()
        if verdict.passed is not None
    ]
    await audit.append(tx, scope, *entries)
    return Told(frozenset(heard), frozenset(key for key in verdicts if key not in steps))


async def redate_visits(tx: Tx, scope: Scope, origin: str, dues: Mapping[int, datetime | None]) -> int:
    """Let the visits of an origin that are not over be due at other times, by site. Needs ``FIELD_PLAN``."""
    scope.require(Permission.FIELD_PLAN)
    return await visits.redate(tx, scope, origin, dues)
