"""Looking at programmes: lists, one with its phases and forecast, its sites, the links of one."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import DictRow

from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.errors import NotFound
from tieline.platform.paging import Page, decode_key, page_of
from tieline.platform.scope import Permission, Scope
from tieline.utility.programmes.model import LinkRow, Programme, ProgrammeState, SiteFilter, SiteState
from tieline.utility.programmes.policy.forecast import Forecast, forecast_of, pace
from tieline.utility.programmes.policy.states import FIELD_DONE, PROGRAMMES
from tieline.utility.programmes.service.approving import may_approve
from tieline.utility.programmes.store import links as link_store
from tieline.utility.programmes.store import programmes as store
from tieline.utility.programmes.store import sites

PACE_DAYS = 28.0
"""The pace of late is that of so many days."""


@dataclass(frozen=True, slots=True)
class Part:
    """A region or phase of a programme: how many of its sites stand where, and by when the last is due."""

    name: str
    states: Mapping[str, int]
    due_at: datetime | None
    forecast: Forecast | None = None

    @property
    def sites(self) -> int:
        """All sites but those left out."""
        return sum(number for state, number in self.states.items() if state != SiteState.LEFT_OUT)

    @property
    def field_done(self) -> int:
        """Sites that no crew has to go to any more."""
        return sum(number for state, number in self.states.items() if state in FIELD_DONE)


@dataclass(frozen=True, slots=True)
class Detail:
    """Everything of a programme but its sites. ``acts`` are those that the asker may do now."""

    programme: Programme
    whole: Part
    phases: Sequence[Part]
    regions: Sequence[Part]
    visits: int
    changes: Sequence[DictRow]
    events: Sequence[DictRow]
    acts: Sequence[str]
    now: datetime


async def page(tx: Tx, scope: Scope, *, cursor: str | None = None, limit: int = 50) -> Page[Programme]:
    """Programmes, the newest first."""
    scope.require(Permission.PROGRAMME_READ)
    before = None if cursor is None else decode_key(cursor, int)[0]
    found = await store.page(tx, scope, before=before, limit=limit)
    return page_of(found, limit, lambda programme: (programme.id,))


async def detail(tx: Tx, scope: Scope, calendar: Clock, programme_id: int) -> Detail:
    """One programme, counted from its sites within the scope, with what is to be expected of it."""
    scope.require(Permission.PROGRAMME_READ)
    programme = await store.get(tx, programme_id)
    rows = await sites.counts(tx, scope, programme_id)
    now = calendar.now()
    days, recent = await lately(tx, scope, programme_id, now)
    dues = await sites.left(tx, scope, programme_id)
    regions = [
        _part(name, [row for row in rows if row["region"] == name], _expected(dues, name, recent, days, now))
        for name in sorted({row["region"] for row in rows})
    ]
    phases = [_part(name, [row for row in rows if row["phase"] == name]) for name in _in_order(rows)]
    whole = _part("", rows, _expected(dues, None, recent, days, now))
    return Detail(
        programme,
        whole,
        phases,
        regions,
        sum(int(row["visits"] or 0) for row in rows),
        await store.changes(tx, programme_id),
        await store.events(tx, programme_id, limit=200),
        acts(programme, scope),
        now,
    )


async def lately(tx: Tx, scope: Scope, programme_id: int, now: datetime) -> tuple[float, dict[str, int]]:
    """Over how many days the pace of late is taken, and how many sites were done in them, by region."""
    first = await sites.first_done(tx, programme_id)
    days = PACE_DAYS if first is None else min(PACE_DAYS, max(1.0, (now - first).total_seconds() / 86_400))
    return days, await sites.done_since(tx, scope, programme_id, now - timedelta(days=days))


async def _pace_of(tx: Tx, scope: Scope, programme_id: int, wanted: SiteFilter, now: datetime) -> float:
    """The pace that decides who will be late: of the one region that is asked for, or of all of them."""
    if not wanted.will_be_late:
        return 0.0
    days, recent = await lately(tx, scope, programme_id, now)
    done = recent.get(wanted.regions[0], 0) if len(wanted.regions) == 1 else sum(recent.values())
    return pace(done, days)


def acts(programme: Programme, scope: Scope) -> list[str]:
    """What somebody may do with a programme as it stands: for buttons. The acts themselves check again."""
    mine = ["approve"] if may_approve(programme, scope) else []
    if not scope.may(Permission.PROGRAMME_WRITE):
        return mine
    found = [*mine, *(act for state, act in PROGRAMMES if state is programme.state)]
    if programme.state is not ProgrammeState.CLOSED:
        found.append("prepare")
    if programme.state is ProgrammeState.RUNNING:
        found.append("schedule")
    return found


def _in_order(rows: Sequence[DictRow]) -> list[str]:
    """The phases by when they are due, those without a due time last."""
    dues: dict[str, datetime | None] = {}
    for row in rows:
        known = dues.setdefault(row["phase"], row["due_at"])
        if known is not None and row["due_at"] is not None:
            dues[row["phase"]] = max(known, row["due_at"])
    return sorted(dues, key=lambda name: (_stamp(dues[name]), name))


def _stamp(moment: datetime | None) -> float:
    return math.inf if moment is None else moment.timestamp()


def _part(name: str, rows: Sequence[DictRow], expected: Forecast | None = None) -> Part:
    states: dict[str, int] = {}
    for row in rows:
        states[row["state"]] = states.get(row["state"], 0) + row["sites"]
    due = max((row["due_at"] for row in rows if row["due_at"] is not None), default=None)
    return Part(name, states, due, expected)


def _expected(
    left: Sequence[DictRow], region: str | None, recent: Mapping[str, int], days: float, now: datetime
) -> Forecast:
    dues: dict[datetime | None, int] = {}
    for row in left:
        if region is None or row["region"] == region:
            dues[row["due_at"]] = dues.get(row["due_at"], 0) + row["sites"]
    done = sum(recent.values()) if region is None else recent.get(region, 0)
    return forecast_of(dues, pace(done, days), now)


async def site_page(
    tx: Tx,
    scope: Scope,
    calendar: Clock,
    programme_id: int,
    wanted: SiteFilter,
    *,
    cursor: str | None = None,
    limit: int = 100,
) -> Page[DictRow]:
    """Sites of a programme, within the scope."""
    scope.require(Permission.PROGRAMME_READ)
    await store.get(tx, programme_id)
    after = 0 if cursor is None else decode_key(cursor, int)[0]
    now = calendar.now()
    a_day = await _pace_of(tx, scope, programme_id, wanted, now)
    rows = await sites.page(tx, scope, programme_id, wanted, now=now, after=after, limit=limit, a_day=a_day)
    return page_of(rows, limit, lambda row: (row["site_id"],))


async def count_sites(tx: Tx, scope: Scope, calendar: Clock, programme_id: int, wanted: SiteFilter) -> int:
    """How many sites a filter matches, within the scope."""
    scope.require(Permission.PROGRAMME_READ)
    now = calendar.now()
    a_day = await _pace_of(tx, scope, programme_id, wanted, now)
    return await sites.count(tx, scope, programme_id, wanted, now=now, a_day=a_day)


async def site(tx: Tx, scope: Scope, calendar: Clock, programme_id: int, site_id: int) -> DictRow:
    """One site of a programme: where it stands and why. Raises ``NotFound``."""
    scope.require(Permission.PROGRAMME_READ)
    found = await sites.one(tx, scope, programme_id, site_id, now=calendar.now())
    if found is None:
        raise NotFound(f"Programme {programme_id} has no site {site_id}.")
    return found


async def of_site(tx: Tx, scope: Scope, site_id: int) -> Sequence[DictRow]:
    """The programmes that a site is or was in, the newest first; none for who may not see programmes."""
    return await sites.of_site(tx, scope, site_id) if scope.may(Permission.PROGRAMME_READ) else []


async def one(tx: Tx, scope: Scope, programme_id: int) -> Programme:
    """A programme itself, without counting its sites. Raises ``NotFound``."""
    scope.require(Permission.PROGRAMME_READ)
    return await store.get(tx, programme_id)


async def of_notice(tx: Tx, scope: Scope, notice_id: int) -> list[Programme]:
    """The programmes that answer a notice and are not closed; none for who may not see programmes."""
    if not scope.may(Permission.PROGRAMME_READ):
        return []
    return [await store.get(tx, programme_id) for programme_id in await store.going_by(tx, notice_id)]


async def extent(tx: Tx, scope: Scope, programme_id: int) -> tuple[int, int]:
    """How many links a programme has, and how many of its sites are critical: what its approval is about."""
    scope.require(Permission.PROGRAMME_READ)
    return await link_store.count(tx, programme_id), await sites.critical(tx, programme_id)


async def of_change(tx: Tx, scope: Scope, change_id: int) -> Programme | None:
    """The programme that made a change; None where none did, or for who may not see programmes."""
    if not scope.may(Permission.PROGRAMME_READ):
        return None
    row = await store.change(tx, change_id)
    return None if row is None else await store.get(tx, row["programme_id"])


async def links_of(tx: Tx, scope: Scope, programme_id: int, site_id: int) -> Sequence[LinkRow]:
    """The links of one site in a programme; empty where the scope does not see it."""
    scope.require(Permission.PROGRAMME_READ)
    seen = await sites.seen(tx, scope, programme_id, [site_id])
    return await link_store.links_of(tx, programme_id, seen)


async def link_page(
    tx: Tx, scope: Scope, programme_id: int, *, cursor: str | None = None, limit: int = 1000
) -> Page[DictRow]:
    """Every link of a programme within the scope, with the operators' own names of both its subscriptions."""
    scope.require(Permission.PROGRAMME_READ)
    await store.get(tx, programme_id)
    after = 0 if cursor is None else decode_key(cursor, int)[0]
    rows = await link_store.link_page(tx, scope, programme_id, after=after, limit=limit)
    return page_of(rows, limit, lambda row: (row["id"],))


async def figures(tx: Tx, scope: Scope, programme_id: int) -> Mapping[str, Any]:
    """Plain counts for those who watch from outside: sites by state, visits."""
    scope.require(Permission.PROGRAMME_READ)
    rows = await sites.counts(tx, scope, programme_id)
    part = _part("", rows)
    return {"states": part.states, "sites": part.sites, "visits": sum(int(row["visits"] or 0) for row in rows)}
