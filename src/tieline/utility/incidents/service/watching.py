"""Looking at incidents: lists, one incident with its journal and members, how full reads compared."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from psycopg.rows import DictRow

from tieline.platform.db import Tx
from tieline.platform.errors import Invalid, Problem
from tieline.platform.paging import Page, decode_key, page_of
from tieline.platform.scope import Permission, Scope
from tieline.utility.incidents.model import Expected, Incident, IncidentFilter, Member, Reconciliation, Severity, State
from tieline.utility.incidents.service import reverting
from tieline.utility.incidents.store import expectations, members
from tieline.utility.incidents.store import incidents as store

_PART = 1000
MOST_MATCHING = 1000


@dataclass(frozen=True, slots=True)
class Detail:
    """Everything of an incident but its members.

    ``seen`` of ``total`` members are within the scope, ``live`` of those deviate now; ``acts`` are what the asker may
    do.
    """

    incident: Incident
    journal: Sequence[DictRow]
    expectation: Expected | None
    first: Member | None
    seen: int
    live: int
    total: int
    acts: Sequence[str]


async def page(
    tx: Tx, scope: Scope, wanted: IncidentFilter, *, cursor: str | None = None, limit: int = 50
) -> Page[Incident]:
    """Incidents, the worst first and of those the newest."""
    scope.require(Permission.INCIDENT_READ)
    after = None
    if cursor is not None:
        rank, number = decode_key(cursor, int, int)
        after = (rank, number)
    found = await store.page(tx, scope, wanted, after=after, limit=limit + 1)
    return page_of(found, limit, lambda one: (Severity(one.severity).rank + 1, one.id))


async def counts(tx: Tx, scope: Scope, wanted: IncidentFilter) -> list[DictRow]:
    """How many incidents fit, by severity and state."""
    scope.require(Permission.INCIDENT_READ)
    return await store.count(tx, scope, wanted)


async def matching(tx: Tx, scope: Scope, wanted: IncidentFilter) -> list[int]:
    """The numbers of incidents that fit. Raises ``Invalid`` for more than 1,000: none is left out unseen."""
    scope.require(Permission.INCIDENT_READ)
    found = await store.matching(tx, scope, wanted, limit=MOST_MATCHING + 1)
    if len(found) > MOST_MATCHING:
        problem = Problem("query", "many", f"At most {MOST_MATCHING:,}: narrow the filters.")
        raise Invalid("More incidents match than can be taken at once.", [problem])
    return found


async def detail(tx: Tx, scope: Scope, incident_id: int) -> Detail:
    """An incident. Raises ``NotFound`` also for one that the scope does not see."""
    scope.require(Permission.INCIDENT_READ)
    one = await store.seen(tx, scope, incident_id)
    counted = await members.counts(tx, scope, incident_id)
    first = await members.page(tx, scope, incident_id, limit=1, only_live=True)
    first = first or await members.page(tx, scope, incident_id, limit=1)
    expectation = await expectations.one(tx, one.expectation_id) if one.expectation_id else None
    whole = counted["seen"] == counted["total"]
    return Detail(
        one,
        await store.journal(tx, incident_id),
        expectation,
        first[0] if first else None,
        counted["seen"],
        counted["live"],
        counted["total"],
        acts(one, scope, whole=whole, live=counted["live"], first=first[0] if first else None),
    )


def acts(one: Incident, scope: Scope, *, whole: bool, live: int, first: Member | None) -> list[str]:
    """What somebody may do with an incident as it stands: for buttons. The acts themselves check again."""
    found = []
    if scope.may(Permission.INCIDENT_WRITE) and whole:
        if one.state in {State.OPEN.value, State.EXPECTED.value}:
            found.append("acknowledge")
        found += ["assign", "comment", "reopen" if one.state == State.RESOLVED.value else "resolve"]
    if scope.may(Permission.CHANGE_PLAN) and live:
        found += reverting.possible(one, first)
    return found


async def member_page(
    tx: Tx, scope: Scope, incident_id: int, *, cursor: str | None = None, limit: int = 100, only_live: bool = False
) -> Page[Member]:
    """What an incident is about, within the scope."""
    scope.require(Permission.INCIDENT_READ)
    await store.seen(tx, scope, incident_id)
    after = 0 if cursor is None else decode_key(cursor, int)[0]
    rows = await members.page(tx, scope, incident_id, after=after, limit=limit + 1, only_live=only_live)
    return page_of(rows, limit, lambda row: (row.id,))


async def all_members(tx: Tx, scope: Scope, incident_id: int) -> AsyncIterator[Member]:
    """Every member within the scope, for a file."""
    scope.require(Permission.INCIDENT_READ)
    await store.seen(tx, scope, incident_id)
    after = 0
    while True:
        rows = await members.page(tx, scope, incident_id, after=after, limit=_PART)
        for row in rows:
            yield row
        if len(rows) < _PART:
            return
        after = rows[-1].id


async def reconciliations(
    tx: Tx, scope: Scope, operators: Sequence[str] = (), *, latest: bool = False, limit: int = 20
) -> list[Reconciliation]:
    """How full reads compared with what we have, the newest first."""
    scope.require(Permission.INCIDENT_READ)
    return await expectations.reconciliations(tx, scope, operators, latest=latest, limit=limit)
