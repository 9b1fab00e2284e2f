"""REST of changes, under ``/api/v1``."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from tieline.platform.errors import Conflict, Invalid, Problem
from tieline.platform.web import CurrentRuntime, CurrentScope, fast, files
from tieline.utility.changes import jobs
from tieline.utility.changes.kinds import KINDS
from tieline.utility.changes.model import Change, Thresholds, Waves, Window
from tieline.utility.changes.schemas import ChangeBody, DecisionBody, ReleaseBody, UndoBody, WhyBody, rules_of
from tieline.utility.changes.service import checking, deciding, drafting, planning, releasing, running, timing, watching
from tieline.utility.changes.service.drafting import Draft
from tieline.utility.changes.store.items import ItemFilter, Part
from tieline.utility.changes.stream import stream
from tieline.utility.inventory import Selection

router = APIRouter(tags=["changes"])
Limit = Annotated[int, Query(ge=1, le=1000)]
Words = Annotated[list[str], Query(max_length=100)]


def shown(change: Change) -> dict[str, Any]:
    """A change as REST shows it."""
    plain: dict[str, Any] = msgspec.to_builtins(change)
    return plain


def draft_of(body: ChangeBody) -> Draft:
    """What a body says, as the service takes it."""
    try:
        selection = msgspec.convert(body.selection, Selection)
    except msgspec.ValidationError as error:
        raise Invalid("The selection cannot be read.", [Problem("selection", "schema", str(error))]) from error
    return Draft(
        kind=body.kind,
        title=body.title,
        type=body.type,
        reason=body.reason,
        selection=selection,
        parameters=body.parameters,
        waves=msgspec.convert(body.waves.model_dump(), Waves),
        thresholds=Thresholds(body.thresholds.success, body.thresholds.error),
        window=Window(body.window.opens, body.window.closes, timing.read(rules_of(body.window.rules))),
        policy_id=body.policy_id,
    )


@router.get("/change-kinds")
async def list_kinds() -> Response:
    """The kinds of change there are, and the schema of each one's parameters."""
    kinds = [
        {
            "name": kind.name,
            "title": kind.title,
            "sentence": kind.sentence,
            "grade": kind.grade.word,
            "parameters": msgspec.json.schema(kind.schema),
        }
        for kind in KINDS.all()
    ]
    return fast({"items": kinds})


@router.post("/changes", status_code=201)
async def create_change(body: ChangeBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Make a change and begin to plan it."""
    async with runtime.db.transaction() as tx:
        change = await drafting.create(tx, scope, draft_of(body))
        version = await planning.request(tx, scope, runtime.clock, change.id)
        await jobs.defer_plan(tx, change.id, version)
        made = (await watching.detail(tx, scope, change.id)).change
    return fast(shown(made), status=201, headers={"Location": f"/api/v1/changes/{made.id}"})


@router.get("/changes")
async def list_changes(
    *,
    runtime: CurrentRuntime,
    scope: CurrentScope,
    state: Words = [],  # noqa: B006 - FastAPI copies it
    kind: Words = [],  # noqa: B006 - FastAPI copies it
    q: Annotated[str, Query(max_length=200)] = "",
    cursor: str | None = None,
    limit: Limit = 50,
) -> Response:
    """Changes, the newest first."""
    async with runtime.db.snapshot() as tx:
        page = await watching.page(tx, scope, states=state, kinds=kind, text=q, cursor=cursor, limit=limit)
    return fast({"items": [shown(change) for change in page.items], "next": page.next})


@router.get("/changes/{change_id}")
async def show_change(change_id: int, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """A change: its plan's summary, decisions, lanes, waves, and what you may do with it now."""
    async with runtime.db.snapshot() as tx:
        found = await watching.detail(tx, scope, change_id)
        expected = await timing.schedule(tx, scope, runtime.clock, change_id)
    return fast(
        {
            **shown(found.change),
            "schedule": expected,
            "approvals": found.approvals,
            "lanes": found.lanes,
            "plan_waves": found.waves,
            "reasons": found.reasons,
            "acts": found.acts,
        }
    )


@router.put("/changes/{change_id}")
async def edit_change(change_id: int, body: ChangeBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Replace what a change says and plan it again; earlier approvals are void."""
    async with runtime.db.transaction() as tx:
        await drafting.edit(tx, scope, runtime.clock, change_id, draft_of(body))
        version = await planning.request(tx, scope, runtime.clock, change_id)
        await jobs.defer_plan(tx, change_id, version)
        change = (await watching.detail(tx, scope, change_id)).change
    return fast(shown(change))


@router.post("/changes/{change_id}/plan", status_code=202)
async def plan_change(change_id: int, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Plan a change again; earlier approvals are void."""
    async with runtime.db.transaction() as tx:
        version = await planning.request(tx, scope, runtime.clock, change_id)
        await jobs.defer_plan(tx, change_id, version)
    return fast({"plan_version": version}, status=202)


@router.get("/changes/{change_id}/items")
async def list_items(
    change_id: int,
    *,
    runtime: CurrentRuntime,
    scope: CurrentScope,
    state: Words = [],  # noqa: B006 - FastAPI copies it
    reason: Words = [],  # noqa: B006 - FastAPI copies it
    operator: Words = [],  # noqa: B006 - FastAPI copies it
    region: Words = [],  # noqa: B006 - FastAPI copies it
    wave: Annotated[list[int], Query(max_length=200)] = [],  # noqa: B006 - FastAPI copies it
    site_id: int | None = None,
    q: Annotated[str, Query(max_length=200)] = "",
    cursor: str | None = None,
    limit: Limit = 100,
) -> Response:
    """Items in order, each with the values before and after."""
    wanted = ItemFilter(tuple(state), tuple(reason), tuple(operator), tuple(region), tuple(wave), site_id, q)
    async with runtime.db.snapshot() as tx:
        page = await watching.item_page(tx, scope, change_id, wanted, cursor=cursor, limit=limit)
    return fast({"items": page.items, "next": page.next})


@router.post("/changes/{change_id}/dry-run", status_code=202)
async def try_change(change_id: int, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Try the plan at the operators, without effect; verdicts become notes of the items."""
    async with runtime.db.transaction() as tx:
        operators = await checking.request(tx, scope, change_id)
        await jobs.defer_checks(tx, scope, change_id, operators)
    return fast({"operators": operators}, status=202)


@router.post("/changes/{change_id}/submit")
async def submit_change(change_id: int, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Ask for approval; where none is needed the change is approved by policy."""
    threshold = runtime.settings.approval_threshold
    async with runtime.db.transaction() as tx:
        return fast(shown(await deciding.submit(tx, scope, runtime.clock, change_id, threshold=threshold)))


@router.post("/changes/{change_id}/approve")
async def approve_change(change_id: int, body: DecisionBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Approve the plan with this hash; never one's own."""
    return await _decide(change_id, body, runtime, scope, approve=True)


@router.post("/changes/{change_id}/reject")
async def reject_change(change_id: int, body: DecisionBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Reject the plan with this hash, saying why."""
    return await _decide(change_id, body, runtime, scope, approve=False)


async def _decide(
    change_id: int, body: DecisionBody, runtime: CurrentRuntime, scope: CurrentScope, *, approve: bool
) -> Response:
    async with runtime.db.transaction() as tx:
        change = await deciding.decide(
            tx,
            scope,
            runtime.clock,
            change_id,
            approve=approve,
            plan_hash=body.plan_hash,
            comment=body.comment,
        )
    return fast(shown(change))


@router.post("/changes/{change_id}/start")
async def start_change(change_id: int, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Start an approved change, unless its plan or selection is no longer what was approved."""
    async with runtime.db.transaction() as tx:
        begun = await running.start(tx, scope, runtime.clock, change_id)
    if isinstance(begun, running.Refused):
        raise Conflict(begun.why, advice="Plan it again and have that approved.")
    return fast(shown(begun))


@router.post("/changes/{change_id}/pause")
async def pause_change(change_id: int, body: WhyBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Send nothing more for now."""
    async with runtime.db.transaction() as tx:
        return fast(shown(await running.pause(tx, scope, change_id, why=body.why)))


@router.post("/changes/{change_id}/resume")
async def resume_change(change_id: int, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Go on, in spite of the failures there are."""
    async with runtime.db.transaction() as tx:
        return fast(shown(await running.resume(tx, scope, change_id)))


@router.post("/changes/{change_id}/stop")
async def stop_change(change_id: int, body: WhyBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Stop for good; what is done stays done."""
    async with runtime.db.transaction() as tx:
        return fast(shown(await running.stop(tx, scope, runtime.clock, change_id, why=body.why)))


@router.post("/changes/{change_id}/retry")
async def retry_change(change_id: int, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Try again what failed, and only that."""
    async with runtime.db.transaction() as tx:
        return fast(shown(await running.retry(tx, scope, change_id)))


@router.post("/changes/{change_id}/release")
async def release_items(change_id: int, body: ReleaseBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Let waiting items go out: what they waited for has happened."""
    async with runtime.db.transaction() as tx:
        return fast({"released": await releasing.release(tx, scope, change_id, body.subscription_ids, why=body.why)})


@router.post("/changes/{change_id}/undo", status_code=201)
async def undo_change(change_id: int, body: UndoBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Make a change that takes this one back, wholly or in part, and begin to plan it."""
    part = Part(tuple(body.regions), tuple(body.operators), tuple(body.waves), tuple(body.item_ids))
    async with runtime.db.transaction() as tx:
        made = await drafting.undo(tx, scope, change_id, part, title=body.title, reason=body.reason)
        version = await planning.request(tx, scope, runtime.clock, made.id)
        await jobs.defer_plan(tx, made.id, version)
        change = (await watching.detail(tx, scope, made.id)).change
    return fast(shown(change), status=201, headers={"Location": f"/api/v1/changes/{change.id}"})


@router.get("/changes/{change_id}/progress")
async def show_progress(change_id: int, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """How a change gets on: counts, pace, time left as a range, operators that do not answer."""
    async with runtime.db.snapshot() as tx:
        return fast(await watching.progress(tx, scope, runtime.clock, change_id))


@router.get("/changes/{change_id}/events")
async def list_events(
    change_id: int, runtime: CurrentRuntime, scope: CurrentScope, after: int = 0, limit: Limit = 500
) -> Response:
    """The change's own log after an entry."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await watching.events(tx, scope, change_id, after=after, limit=limit)})


@router.get("/changes/{change_id}/batches")
async def list_batches(
    change_id: int,
    runtime: CurrentRuntime,
    scope: CurrentScope,
    only_open: Annotated[bool, Query()] = False,
) -> Response:
    """The calls made to operators, the newest first."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await watching.batches(tx, scope, change_id, only_open=only_open)})


@router.get("/changes/{change_id}/stream", **files("text/event-stream"))
async def stream_change(
    change_id: int, request: Request, runtime: CurrentRuntime, scope: CurrentScope
) -> StreamingResponse:
    """Progress and log as server-sent events, for live pages. ``Last-Event-ID`` goes on where one left off."""
    async with runtime.db.snapshot() as tx:
        await watching.detail(tx, scope, change_id)
    last = request.headers.get("Last-Event-ID", "0")
    after = int(last) if last.isascii() and last.isdigit() else 0
    return StreamingResponse(
        stream(runtime, scope, change_id, after=after),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
