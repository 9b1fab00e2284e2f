"""REST of what bounds changes in time: freezes, storm mode, the control room's veto, operators' windows."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from tieline.platform.web import CurrentRuntime, CurrentScope, fast
from tieline.utility.changes.schemas import (
    HoldBody,
    NeededWhyBody,
    OperatorWindowBody,
    StormBody,
    VetoBody,
    WhyBody,
    rules_of,
)
from tieline.utility.changes.service import holding, timing

router = APIRouter(tags=["changes"])
Kinds = Annotated[list[Literal["freeze", "storm", "veto"]], Query(max_length=3)]


@router.get("/change-holds")
async def list_holds(
    *,
    runtime: CurrentRuntime,
    scope: CurrentScope,
    only_live: Annotated[bool, Query(description="Only those that hold now or will.")] = False,
    kind: Kinds = [],  # noqa: B006 - FastAPI copies it
    change_id: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Response:
    """Holds, the newest first."""
    async with runtime.db.snapshot() as tx:
        page = await holding.holds(
            tx,
            scope,
            runtime.clock,
            only_live=only_live,
            kinds=kind,
            change_id=change_id,
            cursor=cursor,
            limit=limit,
        )
    return fast({"items": page.items, "next": page.next})


@router.post("/change-holds", status_code=201)
async def make_hold(body: HoldBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Freeze: hold back everything but emergency changes."""
    async with runtime.db.transaction() as tx:
        made = await holding.make_hold(tx, scope, runtime.clock, holding.Hold(**body.model_dump()))
    return fast({"id": made}, status=201)


@router.post("/change-holds/{hold_id}/lift", status_code=204)
async def lift_hold(
    hold_id: int, runtime: CurrentRuntime, scope: CurrentScope, body: WhyBody | None = None
) -> Response:
    """End a hold; a veto may be lifted by the control room alone."""
    async with runtime.db.transaction() as tx:
        await holding.lift_hold(tx, scope, runtime.clock, hold_id, why=body.why if body else "")
    return Response(status_code=204)


@router.post("/change-holds/{hold_id}/insist")
async def insist(hold_id: int, body: NeededWhyBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """The second act that makes a veto hold an emergency change."""
    async with runtime.db.transaction() as tx:
        return fast(await holding.insist(tx, scope, runtime.clock, hold_id, why=body.why))


@router.get("/change-storms")
async def list_storms(runtime: CurrentRuntime, scope: CurrentScope) -> Response:  # noqa: ARG001 - anybody signed in
    """The storms that last now."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await holding.storms(tx, runtime.clock)})


@router.post("/change-storms", status_code=201)
async def begin_storm(body: StormBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Storm mode: hold everything but emergency changes, from now on."""
    async with runtime.db.transaction() as tx:
        made = await holding.begin_storm(tx, scope, runtime.clock, holding.Storm(**body.model_dump()))
    return fast({"id": made}, status=201)


@router.post("/change-storms/{storm_id}/end")
async def end_storm(storm_id: int, body: WhyBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """End storm mode in all regions that are left."""
    async with runtime.db.transaction() as tx:
        return fast({"lifted": await holding.end_storm(tx, scope, runtime.clock, storm_id, why=body.why)})


@router.post("/changes/{change_id}/veto", status_code=201)
async def veto_change(change_id: int, body: VetoBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Hold this change, or its part in a region, back from the control room."""
    asked = holding.Veto(change_id=change_id, **body.model_dump())
    async with runtime.db.transaction() as tx:
        made = await holding.veto(tx, scope, runtime.clock, asked)
        return fast(await holding.hold_of(tx, scope, runtime.clock, made), status=201)


@router.get("/changes/{change_id}/holds")
async def list_holding(change_id: int, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """What holds a change, or some of it, at this moment."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await holding.holding(tx, scope, runtime.clock, change_id)})


@router.get("/operator-windows")
async def list_operator_windows(runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """When the operators' contracts permit changes to be sent; an operator that is not listed permits it always."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await timing.operator_windows(tx, scope)})


@router.put("/operator-windows/{operator}", status_code=204)
async def set_operator_windows(
    operator: str, body: OperatorWindowBody, runtime: CurrentRuntime, scope: CurrentScope
) -> Response:
    """Set an operator's windows; what stood before is kept. Emergency changes are exempt."""
    rules = timing.read(rules_of(body.rules))
    async with runtime.db.transaction() as tx:
        await timing.set_operator_windows(tx, scope, runtime.clock, operator, rules, terms=body.terms)
    return Response(status_code=204)


@router.get("/operator-windows/{operator}/history")
async def list_window_history(operator: str, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """What stood before as an operator's windows, the latest first."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await timing.operator_window_history(tx, scope, operator)})
