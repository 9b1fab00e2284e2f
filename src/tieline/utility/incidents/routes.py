"""REST of incidents, under ``/api/v1``."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse

from tieline.platform.scope import Permission
from tieline.platform.web import CurrentRuntime, CurrentScope, fast, files
from tieline.utility.changes import ChangeType
from tieline.utility.incidents.model import Expectation, IncidentFilter
from tieline.utility.incidents.policy import words
from tieline.utility.incidents.schemas import (
    ActBody,
    AssignBody,
    CommentBody,
    ExpectationBody,
    RevertBody,
    WhyBody,
)
from tieline.utility.incidents.service import expecting, reverting, watching, working
from tieline.utility.incidents.service.filing import members_csv

router = APIRouter(tags=["incidents"])
Identity = Annotated[int, Path(ge=1, le=2**63 - 1)]
Number = Annotated[int | None, Query(ge=1, le=2**63 - 1)]
Limit = Annotated[int, Query(ge=1, le=1000)]
Words = Annotated[list[Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")]], Query(max_length=100)]
Text = Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")]


@router.get("/incidents")
async def list_incidents(
    *,
    runtime: CurrentRuntime,
    scope: CurrentScope,
    state: Words = [],  # noqa: B006 - FastAPI copies it
    severity: Words = [],  # noqa: B006 - FastAPI copies it
    kind: Words = [],  # noqa: B006 - FastAPI copies it
    operator: Words = [],  # noqa: B006 - FastAPI copies it
    region: Words = [],  # noqa: B006 - FastAPI copies it
    site_id: Number = None,
    subscription_id: Number = None,
    assignee: Text = "",
    q: Text = "",
    cursor: str | None = None,
    limit: Limit = 50,
) -> Response:
    """Incidents, the worst first; without a state those that are open or acknowledged."""
    wanted = IncidentFilter(
        tuple(state), tuple(severity), tuple(kind), tuple(operator), tuple(region), site_id, subscription_id,
        assignee, q,
    )  # fmt: skip
    async with runtime.db.snapshot() as tx:
        page = await watching.page(tx, scope, wanted, cursor=cursor, limit=limit)
    return fast({"items": page.items, "next": page.next})


@router.post("/incidents/acts")
async def act_on_many(body: ActBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Acknowledge, assign, comment or resolve several; one that refuses leaves the others alone."""
    async with runtime.db.transaction() as tx:
        return fast(await working.act_on_many(tx, scope, runtime.clock, body.ids, act=body.act, text=body.text))


@router.get("/incidents/{incident_id}")
async def show_incident(incident_id: Identity, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """An incident: what, both values, who, since when, its journal, and what you may do."""
    async with runtime.db.snapshot() as tx:
        return fast(shown(await watching.detail(tx, scope, incident_id)))


def shown(found: watching.Detail) -> dict[str, Any]:
    """An incident as REST shows it."""
    names = set(found.first.fields) if found.first else set()
    return {
        "incident": found.incident,
        "means": words.means(names),
        "first": found.first,
        "members": {"seen": found.seen, "live": found.live, "total": found.total},
        "expectation": found.expectation,
        "journal": found.journal,
        "acts": found.acts,
    }


@router.get("/incidents/{incident_id}/members")
async def list_members(
    incident_id: Identity,
    *,
    runtime: CurrentRuntime,
    scope: CurrentScope,
    live: bool = False,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Response:
    """What an incident is about; ``live``: only what deviates now."""
    async with runtime.db.snapshot() as tx:
        page = await watching.member_page(tx, scope, incident_id, cursor=cursor, limit=limit, only_live=live)
    return fast({"items": page.items, "next": page.next})


@router.get("/incidents/{incident_id}/members.csv", **files("text/csv"))
async def export_members(incident_id: Identity, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """What an incident is about as CSV, one line for each field."""
    async with runtime.db.snapshot() as tx:
        await watching.detail(tx, scope, incident_id)

    headers = {"Content-Disposition": f'attachment; filename="incident-{incident_id}.csv"'}
    return StreamingResponse(
        members_csv(runtime.db, scope, incident_id), media_type="text/csv; charset=utf-8", headers=headers
    )


@router.post("/incidents/{incident_id}/acknowledge")
async def acknowledge(incident_id: Identity, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Say that you look after it."""
    async with runtime.db.transaction() as tx:
        return fast(await working.acknowledge(tx, scope, runtime.clock, incident_id))


@router.post("/incidents/{incident_id}/assign")
async def assign(incident_id: Identity, body: AssignBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Say who looks after it."""
    async with runtime.db.transaction() as tx:
        return fast(await working.assign(tx, scope, runtime.clock, incident_id, body.assignee))


@router.post("/incidents/{incident_id}/comments", status_code=201)
async def comment(incident_id: Identity, body: CommentBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Add to the journal."""
    async with runtime.db.transaction() as tx:
        return fast(await working.comment(tx, scope, runtime.clock, incident_id, body.text), status=201)


@router.post("/incidents/{incident_id}/resolve")
async def resolve(incident_id: Identity, body: WhyBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """End it; what deviates still is accepted as it is."""
    async with runtime.db.transaction() as tx:
        return fast(await working.resolve(tx, scope, runtime.clock, incident_id, body.why))


@router.post("/incidents/{incident_id}/reopen")
async def reopen(incident_id: Identity, body: WhyBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Take it up again."""
    async with runtime.db.transaction() as tx:
        return fast(await working.reopen(tx, scope, runtime.clock, incident_id, body.why))


@router.post("/incidents/{incident_id}/revert", status_code=201)
async def revert(incident_id: Identity, body: RevertBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Make and plan a change that writes our values again."""
    async with runtime.db.transaction() as tx:
        made = await reverting.revert(
            tx, scope, runtime.clock, incident_id, type_=ChangeType(body.type), reason=body.reason
        )
    return fast({"change_id": made.id}, status=201, headers={"Location": f"/api/v1/changes/{made.id}"})


@router.post("/incidents/{incident_id}/keep", status_code=201)
async def keep(incident_id: Identity, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Make and plan a change that makes the operator's value ours."""
    async with runtime.db.transaction() as tx:
        made = await reverting.keep(tx, scope, runtime.clock, incident_id)
    return fast({"change_id": made.id}, status=201, headers={"Location": f"/api/v1/changes/{made.id}"})


@router.post("/incidents/{incident_id}/block", status_code=201)
async def block(incident_id: Identity, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Make and plan a change that suspends SIMs seen in a foreign device."""
    async with runtime.db.transaction() as tx:
        made = await reverting.block(tx, scope, runtime.clock, incident_id)
    return fast({"change_id": made.id}, status=201, headers={"Location": f"/api/v1/changes/{made.id}"})


# ── expectations and reconciliations ──────────────────────────────────────────────────────────────────────────────────


@router.get("/expectations")
async def list_expectations(runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """What is expected to deviate now or soon."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await expecting.expected_now(tx, scope, runtime.clock)})


@router.post("/expectations", status_code=201)
async def expect(body: ExpectationBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Record known work: what deviates meanwhile is no incident until its end."""
    scope.require(Permission.INCIDENT_WRITE)
    one = Expectation(
        origin=f"person:{scope.actor}",
        why=body.why,
        starts_at=body.starts_at or runtime.clock.now(),
        ends_at=body.ends_at,
        site_ids=tuple(body.site_ids),
        subscription_ids=tuple(body.subscription_ids),
        operator=body.operator,
        region=body.region,
        fields=None if body.fields is None else tuple(body.fields),
    )
    async with runtime.db.transaction() as tx:
        made = await expecting.expect(tx, scope, one, clock=runtime.clock)
    return fast({"id": made}, status=201)


@router.post("/expectations/{expectation_id}/end")
async def end_expectation(expectation_id: Identity, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """End an expectation before its time."""
    async with runtime.db.transaction() as tx:
        ended = await expecting.end_one(tx, scope, expectation_id, at=runtime.clock.now())
    return fast(ended)


@router.get("/reconciliations")
async def list_reconciliations(
    *,
    runtime: CurrentRuntime,
    scope: CurrentScope,
    operator: Words = [],  # noqa: B006 - FastAPI copies it
    latest: bool = False,
    limit: Limit = 20,
) -> Response:
    """How full reads compared with what we have, the newest first."""
    async with runtime.db.snapshot() as tx:
        found = await watching.reconciliations(tx, scope, operator, latest=latest, limit=limit)
    return fast({"items": found})
