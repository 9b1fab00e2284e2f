"""REST of templates of changes."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request, Response

from tieline.platform.errors import Invalid, Problem
from tieline.platform.web import CurrentRuntime, CurrentScope, fast
from tieline.utility.changes import jobs
from tieline.utility.changes.schemas import FromTemplateBody, TemplateBody
from tieline.utility.changes.service import drafting, planning, templating, watching
from tieline.utility.inventory import Selection

router = APIRouter(tags=["changes"])
MOST_OCTETS = 1_000_000
Version = Annotated[int | None, Query(ge=1, le=1_000_000)]


@router.get("/change-templates")
async def list_templates(
    runtime: CurrentRuntime, scope: CurrentScope, retired: Annotated[bool, Query()] = False
) -> Response:
    """Templates by name, each with its newest version."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await templating.every(tx, scope, retired=retired)})


@router.post("/change-templates", status_code=201)
async def save_template(body: TemplateBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Keep what a change says under a name; under a name that is there, as its next version."""
    async with runtime.db.transaction() as tx:
        made = await templating.save_from(
            tx,
            scope,
            runtime.clock,
            body.change_id,
            body.name,
            with_selection=body.with_selection,
            note=body.note,
        )
    return fast(made, status=201)


@router.post("/change-templates/import", status_code=201)
async def import_template(request: Request, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Take a template from a file that was exported; it has to be approved here."""
    data = await request.body()
    if len(data) > MOST_OCTETS:
        raise Invalid("The template is too large.", [Problem("file", "size", "At most a million octets.")])
    async with runtime.db.transaction() as tx:
        return fast(await templating.bring(tx, scope, runtime.clock, data), status=201)


@router.get("/change-templates/{template_id}")
async def show_template(template_id: int, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """A template with its versions, the newest first."""
    async with runtime.db.snapshot() as tx:
        return fast(await templating.one(tx, scope, template_id))


@router.get("/change-templates/{template_id}/export")
async def export_template(template_id: int, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """The newest version as a file; its approval does not travel with it."""
    async with runtime.db.snapshot() as tx:
        found = await templating.export(tx, scope, template_id)
    headers = {"Content-Disposition": f'attachment; filename="template-{template_id}.json"'}
    return fast(found, headers=headers)


@router.post("/change-templates/{template_id}/approve")
async def approve_template(
    template_id: int, version: Annotated[int, Query(ge=1, le=1_000_000)], runtime: CurrentRuntime, scope: CurrentScope
) -> Response:
    """Approve a version of somebody else's template."""
    async with runtime.db.transaction() as tx:
        return fast(await templating.approve(tx, scope, runtime.clock, template_id, version))


@router.post("/change-templates/{template_id}/retire", status_code=204)
async def retire_template(template_id: int, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Offer a template no more."""
    async with runtime.db.transaction() as tx:
        await templating.retire(tx, scope, runtime.clock, template_id)
    return Response(status_code=204)


@router.post("/change-templates/{template_id}/changes", status_code=201)
async def use_template(
    template_id: int, body: FromTemplateBody, runtime: CurrentRuntime, scope: CurrentScope
) -> Response:
    """Make a change from a template and begin to plan it."""
    try:
        selection = None if body.selection is None else msgspec.convert(body.selection, Selection)
    except msgspec.ValidationError as error:
        raise Invalid("The selection cannot be read.", [Problem("selection", "schema", str(error))]) from error
    given = {"title": body.title, "reason": body.reason, "policy_id": body.policy_id}
    async with runtime.db.transaction() as tx:
        draft = await templating.draft(tx, scope, template_id, version=body.version, selection=selection, changes=given)
        change = await drafting.create(tx, scope, draft)
        version = await planning.request(tx, scope, runtime.clock, change.id)
        await jobs.defer_plan(tx, change.id, version)
        made = (await watching.detail(tx, scope, change.id)).change
    return fast(msgspec.to_builtins(made), status=201, headers={"Location": f"/api/v1/changes/{made.id}"})
