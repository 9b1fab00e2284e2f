"""Reading notices: lists, one, its revisions and how they differ, and whom it strikes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.errors import NotFound
from tieline.platform.paging import Page, decode_key, page_of
from tieline.platform.scope import Permission, Scope
from tieline.utility import inventory
from tieline.utility.notices.model import (
    Affected,
    DeskState,
    Difference,
    Filter,
    Notice,
    Part,
    Phase,
    PhaseCount,
    Revision,
)
from tieline.utility.notices.policy.compare import compare
from tieline.utility.notices.store import desks
from tieline.utility.notices.store import notices as store

EVERY = Filter()
WHOLE = Part()


async def notice_page(
    tx: Tx, scope: Scope, clock: Clock, wanted: Filter = EVERY, *, cursor: str | None = None, limit: int = 50
) -> Page[Notice]:
    """Notices that fit a filter, the latest to come in first."""
    scope.require(Permission.NOTICE_READ)
    key = decode_key(cursor, datetime, int) if cursor else None
    after = (key[0], key[1]) if key else None
    found = await store.page(tx, scope, wanted, clock.now(), after=after, limit=limit + 1)
    return page_of(found, limit, lambda one: (one.first_at, one.id))


async def count(tx: Tx, scope: Scope, clock: Clock, wanted: Filter = EVERY) -> int:
    """How many notices fit a filter."""
    scope.require(Permission.NOTICE_READ)
    return await store.count(tx, scope, wanted, clock.now())


async def coming(tx: Tx, scope: Scope, clock: Clock, *, limit: int = 5) -> list[Notice]:
    """Notices of which something is still to come, what comes next first."""
    scope.require(Permission.NOTICE_READ)
    return await store.coming(tx, scope, clock.now(), limit)


async def one(tx: Tx, scope: Scope, notice_id: int) -> Notice:
    """A notice as it is newest. Raises ``NotFound``."""
    scope.require(Permission.NOTICE_READ)
    found = await store.some(tx, scope, [notice_id])
    if not found:
        raise NotFound(f"There is no notice {notice_id}, or you may not see it.")
    return found[0]


async def titles(tx: Tx, scope: Scope, notice_ids: Sequence[int]) -> dict[int, str]:
    """What some notices are called and who gave them, by number; none of those that one may not see."""
    return await store.titles(tx, scope, notice_ids) if scope.may(Permission.NOTICE_READ) else {}


async def revisions(tx: Tx, scope: Scope, notice_id: int) -> list[Revision]:
    """Every revision of a notice, the newest first."""
    found = await one(tx, scope, notice_id)
    return await store.revisions(tx, found.id)


async def differences(tx: Tx, scope: Scope, notice_id: int, earlier: int, later: int) -> tuple[Difference, ...]:
    """How one revision differs from an earlier one, by their numbers. Raises ``NotFound``."""
    found = {revision.revision: revision for revision in reversed(await revisions(tx, scope, notice_id))}
    for number in (earlier, later):
        if number not in found:
            raise NotFound(f"Revision {number} of this notice was never received.")
    return compare(found[earlier].content, found[later].content)


async def phase_counts(tx: Tx, scope: Scope, notice: Notice) -> list[PhaseCount]:
    """What each phase strikes, in the order in which the phases are over."""
    scope.require(Permission.NOTICE_READ)
    phases = notice.by_end()
    areas = [phase.area for phase in phases]
    counted = await inventory.count_by_area(tx, scope, notice.operator, notice.technology, areas) if phases else []
    by_place = {one.place: one for one in counted}
    return [_counted(phase, by_place.get(place)) for place, phase in enumerate(phases)]


def _counted(phase: Phase, found: inventory.AreaCount | None) -> PhaseCount:
    if found is None:
        return PhaseCount(phase)
    return PhaseCount(phase, found.sites, found.links, found.alone, found.critical)


async def affected(
    tx: Tx, scope: Scope, notice_ids: Sequence[int], *, part: Part = WHOLE, after: int = 0, limit: int = 1000
) -> list[Affected]:
    """Sites that notices strike, by site and then by notice; ``after`` is the last site that was read.

    One row for each site and notice; the rows of one site are never torn apart. ``limit`` holds for each notice, so
    that up to so many times the notices may come. An empty list is the end. Withdrawn notices strike nobody.
    """
    scope.require(Permission.NOTICE_READ)
    rows: list[Affected] = []
    frontier: int | None = None
    for notice in await store.some(tx, scope, notice_ids):
        if notice.over:
            continue
        found = await _struck(tx, scope, notice, part, after=after, limit=limit)
        if len(found) == limit:
            frontier = found[-1].site_id if frontier is None else min(frontier, found[-1].site_id)
        rows += found
    kept = rows if frontier is None else [row for row in rows if row.site_id <= frontier]
    return sorted(kept, key=lambda row: (row.site_id, row.notice_id))


async def _struck(tx: Tx, scope: Scope, notice: Notice, part: Part, *, after: int, limit: int) -> list[Affected]:
    phases = notice.by_end()
    place = next((at for at, phase in enumerate(phases) if phase.id == part.phase_id), None)
    if not phases or (part.phase_id is not None and place is None):
        return []
    areas = [phase.area for phase in phases]
    wanted = inventory.AreaPart(place, part.alone, part.critical)
    found = await inventory.sites_by_area(
        tx, scope, notice.operator, notice.technology, areas, part=wanted, after=after, limit=limit
    )
    return [_affected(notice, site, phases[site.place]) for site in found]


def _affected(notice: Notice, site: inventory.AreaSite, phase: Phase) -> Affected:
    return Affected(
        notice_id=notice.id,
        operator=notice.operator,
        site_id=site.site_id,
        external_id=site.external_id,
        name=site.name,
        region=site.region,
        postcode=site.postcode,
        criticality=site.criticality,
        links=site.links,
        alone=site.alone,
        phase_id=phase.id,
        phase_title=phase.title,
        due_at=phase.ends_at,
    )


async def dues(tx: Tx, scope: Scope, notice_ids: Sequence[int]) -> dict[int, Phase]:
    """The phase of some notices that strikes each site first, by site. Withdrawn notices strike nobody."""
    scope.require(Permission.NOTICE_READ)
    found: dict[int, Phase] = {}
    for notice in await store.some(tx, scope, notice_ids):
        phases = () if notice.over else notice.by_end()
        areas = [phase.area for phase in phases]
        if not areas:
            continue
        for site_id, place in await inventory.places_by_area(tx, scope, notice.operator, notice.technology, areas):
            earlier = found.get(site_id)
            if earlier is None or phases[place].ends_at < earlier.ends_at:
                found[site_id] = phases[place]
    return found


async def desk_states(tx: Tx, scope: Scope) -> list[DeskState]:
    """How the operators' desks are doing."""
    scope.require(Permission.NOTICE_READ)
    return [DeskState(**row) for row in await desks.states(tx, scope)]


def without_phases(notice: Notice) -> Notice:
    """A notice without its areas, which may be large, for lists."""
    return replace(notice, phases=())
