"""After a change: what was planned beside what came of it, its review, and reports over many."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from psycopg.rows import DictRow

from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Invalid, Problem
from tieline.platform.paging import Page, decode_key, page_of
from tieline.platform.scope import Permission, Scope
from tieline.utility.changes.model import ChangeType
from tieline.utility.changes.policy.states import ENDED
from tieline.utility.changes.service.deciding import check_touchable
from tieline.utility.changes.service.telling import tell
from tieline.utility.changes.store import changes as store
from tieline.utility.changes.store import outcomes as outcome_store

WORKED = ("yes", "partly", "no")
BY = ("kind", "type", "operator", "month")
_AT_ONCE = 20


async def count(tx: Tx, change_id: int) -> None:
    """Count what came of a change that has ended."""
    await outcome_store.count(tx, [change_id])


async def count_missing(tx: Tx) -> int:
    """Count what was missed, a few at a time; returns how many."""
    ids = await outcome_store.uncounted(tx, _AT_ONCE)
    return await outcome_store.count(tx, ids) if ids else 0


async def outcome(tx: Tx, scope: Scope, change_id: int) -> DictRow | None:
    """What was planned of a change beside what came of it; None before it has ended."""
    scope.require(Permission.CHANGE_READ)
    await store.get(tx, change_id)
    return await outcome_store.of_change(tx, scope, change_id)


async def outcomes(
    tx: Tx, scope: Scope, wanted: Mapping[str, Any], *, cursor: str | None = None, limit: int = 100
) -> Page[DictRow]:
    """What came of changes, the latest end first. ``wanted``: kinds, types, since, until, due (reviews that lack)."""
    scope.require(Permission.CHANGE_READ)
    before: tuple[datetime, int] | None = None
    if cursor is not None:
        at, identity = decode_key(cursor, datetime, int)
        before = (at, identity)
    rows = await outcome_store.page(tx, scope, wanted, before=before, limit=limit + 1)
    return page_of(rows, limit, lambda row: (row["ended_at"], row["change_id"]))


async def report(
    tx: Tx, scope: Scope, by: str, wanted: Mapping[str, Any] | None = None, *, zone: str = "UTC"
) -> list[DictRow]:
    """How changes did, in groups by kind, type, operator or month: success, and how good the time estimates were."""
    scope.require(Permission.CHANGE_READ)
    if by not in BY:
        raise Invalid("There is no such report.", [Problem("by", "known", f"One of {', '.join(BY)}.", by[:40])])
    if zone not in available_timezones():
        raise Invalid("There is no such time zone.", [Problem("zone", "known", "For example UTC.", zone[:60])])
    return await outcome_store.report(tx, scope, by, wanted or {}, zone)


async def review(tx: Tx, scope: Scope, clock: Clock, change_id: int, *, worked: str, note: str) -> None:
    """Say afterwards whether a change worked as planned, and what is to be learnt; emergencies need it."""
    if not scope.may(Permission.CHANGE_PLAN):
        scope.require(Permission.CHANGE_APPROVE)
    change = await store.get(tx, change_id, lock=True)
    if change.state not in ENDED or change.started_at is None:
        raise Conflict("A change is reviewed once it has run and ended.")
    await check_touchable(tx, scope, change)
    problems = []
    if worked not in WORKED:
        problems.append(Problem("worked", "known", f"One of {', '.join(WORKED)}.", worked[:40]))
    if not note.strip():
        problems.append(Problem("note", "required", "What happened, and what is to be learnt."))
    if problems:
        raise Invalid("The review says too little.", problems)
    await outcome_store.add_review(tx, scope, change_id, worked=worked, note=note.strip(), at=clock.now())
    await tell(tx, scope, change, "reviewed", worked=worked, note=note.strip()[:500])


async def reviews(tx: Tx, scope: Scope, change_id: int) -> list[DictRow]:
    """Every review of a change, the latest first."""
    scope.require(Permission.CHANGE_READ)
    return await outcome_store.reviews(tx, change_id)


def needs_review(kind: ChangeType) -> bool:
    """Whether a change of this type has to be reviewed afterwards."""
    return kind is ChangeType.EMERGENCY
