"""REST of programmes, under ``/api/v1``."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Response

from tieline.platform.errors import Invalid, Problem
from tieline.platform.web import CurrentRuntime, CurrentScope, fast
from tieline.utility.programmes.model import Crews, Opening, Programme, SiteFilter, Terms
from tieline.utility.programmes.schemas import ActBody, PrepareBody, ProgrammeBody, ScheduleBody, SitesBody
from tieline.utility.programmes.service import approving, opening, scheduling, steering, watching
from tieline.utility.programmes.service.watching import Part

router = APIRouter(tags=["programmes"])
Identity = Annotated[int, Path(ge=1, le=2**63 - 1)]
Limit = Annotated[int, Query(ge=1, le=1000)]
Words = Annotated[list[str], Query(max_length=200)]


def shown(programme: Programme) -> dict[str, Any]:
    """A programme as REST shows it."""
    plain: dict[str, Any] = msgspec.to_builtins(programme)
    return plain


def _part(part: Part) -> dict[str, Any]:
    expected = part.forecast
    return {
        "name": part.name,
        "states": part.states,
        "sites": part.sites,
        "field_done": part.field_done,
        "due_at": part.due_at,
        "forecast": None
        if expected is None
        else {
            "left": expected.left,
            "a_day": round(expected.a_day, 2),
            "ends_at": expected.ends_at,
            "late": expected.late,
            # What nothing could reach any more is no number of JSON.
            "needed_a_day": None if expected.needed_a_day == float("inf") else round(expected.needed_a_day, 2),
        },
    }


@router.post("/programmes", status_code=201)
async def open_programme(body: ProgrammeBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Open a programme with every site that hangs on the technology."""
    try:
        terms = msgspec.convert(body.terms, Terms)
    except msgspec.ValidationError as error:
        raise Invalid("The terms cannot be read.", [Problem("terms", "schema", str(error))]) from error
    wanted = Opening(
        title=body.title,
        technology=body.technology,
        notice_ids=tuple(body.notice_ids),
        regions=tuple(body.regions),
        terms=terms,
    )
    async with runtime.db.transaction() as tx:
        made = await opening.open_programme(tx, scope, runtime.calendar, wanted)
    return fast(shown(made), status=201, headers={"Location": f"/api/v1/programmes/{made.id}"})


@router.get("/programmes")
async def list_programmes(
    runtime: CurrentRuntime, scope: CurrentScope, cursor: str | None = None, limit: Limit = 50
) -> Response:
    """Programmes, the newest first."""
    async with runtime.db.snapshot() as tx:
        page = await watching.page(tx, scope, cursor=cursor, limit=limit)
    return fast({"items": [shown(one) for one in page.items], "next": page.next})


@router.get("/programmes/{programme_id}")
async def show_programme(programme_id: Identity, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """A programme: its sites by phase and region, who will be late, its changes, and what you may do with it now."""
    async with runtime.db.snapshot() as tx:
        found = await watching.detail(tx, scope, runtime.calendar, programme_id)
    return fast(
        {
            **shown(found.programme),
            "whole": _part(found.whole),
            "phases": [_part(one) for one in found.phases],
            "regions": [_part(one) for one in found.regions],
            "visits": found.visits,
            "changes": found.changes,
            "events": found.events,
            "acts": found.acts,
            "now": found.now,
        }
    )


@router.get("/programmes/{programme_id}/figures")
async def show_figures(programme_id: Identity, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """How many sites stand where, and how many visits were planned."""
    async with runtime.db.snapshot() as tx:
        return fast(await watching.figures(tx, scope, programme_id))


@router.get("/programmes/{programme_id}/sites")
async def list_sites(
    programme_id: Identity,
    *,
    runtime: CurrentRuntime,
    scope: CurrentScope,
    state: Words = [],  # noqa: B006 - FastAPI copies it
    region: Words = [],  # noqa: B006 - FastAPI copies it
    phase: Words = [],  # noqa: B006 - FastAPI copies it
    late: bool = False,
    will_be_late: bool = False,
    q: Annotated[str, Query(max_length=200)] = "",
    cursor: str | None = None,
    limit: Limit = 100,
) -> Response:
    """Sites of a programme, each with where it stands and why; ``will_be_late`` counts at the pace of late."""
    wanted = SiteFilter(tuple(state), tuple(region), tuple(phase), late, q.replace("\0", ""), will_be_late)
    async with runtime.db.snapshot() as tx:
        page = await watching.site_page(tx, scope, runtime.calendar, programme_id, wanted, cursor=cursor, limit=limit)
    return fast({"items": page.items, "next": page.next})


@router.get("/programmes/{programme_id}/links")
async def list_all_links(
    programme_id: Identity,
    runtime: CurrentRuntime,
    scope: CurrentScope,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=5000)] = 1000,
) -> Response:
    """Every link of a programme: both its subscriptions as the operator calls them, and how far it is."""
    async with runtime.db.snapshot() as tx:
        page = await watching.link_page(tx, scope, programme_id, cursor=cursor, limit=limit)
    return fast({"items": page.items, "next": page.next})


@router.get("/programmes/{programme_id}/sites/{site_id}")
async def show_site(
    programme_id: Identity, site_id: Identity, runtime: CurrentRuntime, scope: CurrentScope
) -> Response:
    """A site of a programme: where it stands and why, its visit and change, and its links."""
    async with runtime.db.snapshot() as tx:
        found = await watching.site(tx, scope, runtime.calendar, programme_id, site_id)
        links = await watching.links_of(tx, scope, programme_id, site_id)
    return fast({**found, "links": links})


@router.get("/programmes/{programme_id}/sites/{site_id}/links")
async def list_links(
    programme_id: Identity, site_id: Identity, runtime: CurrentRuntime, scope: CurrentScope
) -> Response:
    """The links of a site: what each was, what it becomes, and what its test found."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await watching.links_of(tx, scope, programme_id, site_id)})


@router.post("/programmes/{programme_id}/act")
async def act(programme_id: Identity, body: ActBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Start, pause, resume or close a programme."""
    async with runtime.db.transaction() as tx:
        found = await steering.steer(tx, scope, runtime.calendar, programme_id, body.act, why=body.why)
    return fast(shown(found))


@router.post("/programmes/{programme_id}/approve")
async def approve(programme_id: Identity, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Approve a programme of somebody else: its cut-overs and retirements are approved beforehand."""
    async with runtime.db.transaction() as tx:
        return fast(shown(await approving.approve(tx, scope, runtime.calendar, programme_id)))


@router.post("/programmes/{programme_id}/prepare", status_code=201)
async def prepare(programme_id: Identity, body: PrepareBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Make the change that prepares new subscriptions, and begin to plan it."""
    async with runtime.db.transaction() as tx:
        made = await steering.prepare(
            tx, scope, runtime.clock, runtime.calendar, programme_id, regions=body.regions, limit=body.limit
        )
    return fast({"change_id": made.id}, status=201, headers={"Location": f"/api/v1/changes/{made.id}"})


@router.post("/programmes/{programme_id}/schedule", status_code=201)
async def schedule(
    programme_id: Identity, body: ScheduleBody, runtime: CurrentRuntime, scope: CurrentScope
) -> Response:
    """Plan visits to ready sites, put them into work orders, and make their cut-over."""
    crews = Crews(
        crew_ids=tuple(body.crew_ids),
        first_day=body.first_day,
        regions=tuple(body.regions),
        limit=body.limit,
        hours_a_day=body.hours_a_day,
        speed_km_h=body.speed_km_h,
    )
    async with runtime.db.transaction() as tx:
        made = await scheduling.schedule(tx, scope, runtime.clock, runtime.calendar, programme_id, crews=crews)
    return fast(made, status=201)


@router.post("/programmes/{programme_id}/leave-out")
async def leave_out(programme_id: Identity, body: SitesBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Take sites out of a programme."""
    async with runtime.db.transaction() as tx:
        moved = await steering.leave_out(tx, scope, runtime.calendar, programme_id, body.site_ids, why=body.why)
    return fast({"sites": moved})


@router.post("/programmes/{programme_id}/take-in")
async def take_in(programme_id: Identity, body: SitesBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Take sites that were left out back in."""
    async with runtime.db.transaction() as tx:
        moved = await steering.take_in(tx, scope, runtime.calendar, programme_id, body.site_ids)
    return fast({"sites": moved})
