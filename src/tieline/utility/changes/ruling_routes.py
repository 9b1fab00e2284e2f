"""REST of what rules over changes: policies of standard changes, and holds."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from tieline.platform.web import CurrentRuntime, CurrentScope, fast
from tieline.utility.changes.schemas import HoldBody, PolicyBody
from tieline.utility.changes.service import ruling

router = APIRouter(tags=["changes"])


@router.get("/change-policies")
async def list_policies(runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Policies within which standard changes run at once."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await ruling.policies(tx, scope)})


@router.post("/change-policies", status_code=201)
async def propose_policy(body: PolicyBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Propose a policy; somebody else approves it."""
    async with runtime.db.transaction() as tx:
        made = await ruling.make_policy(
            tx,
            scope,
            name=body.name,
            kind=body.kind,
            max_items=body.max_items,
            critical_sites=body.critical_sites,
        )
    return fast(made, status=201)


@router.post("/change-policies/{policy_id}/approve")
async def approve_policy(policy_id: int, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Put a policy of somebody else in force."""
    async with runtime.db.transaction() as tx:
        return fast(await ruling.approve_policy(tx, scope, runtime.clock, policy_id))


@router.post("/change-policies/{policy_id}/retire")
async def retire_policy(policy_id: int, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Take a policy out of force."""
    async with runtime.db.transaction() as tx:
        return fast(await ruling.retire_policy(tx, scope, runtime.clock, policy_id))


@router.get("/change-holds")
async def list_holds(
    runtime: CurrentRuntime,
    scope: CurrentScope,
    only_live: Annotated[bool, Query()] = False,
) -> Response:
    """Holds, the newest first."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await ruling.holds(tx, scope, runtime.clock, only_live=only_live)})


@router.post("/change-holds", status_code=201)
async def make_hold(body: HoldBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Hold back everything but emergency changes."""
    async with runtime.db.transaction() as tx:
        made = await ruling.make_hold(tx, scope, runtime.clock, ruling.Hold(**body.model_dump()))
    return fast({"id": made}, status=201)


@router.post("/change-holds/{hold_id}/lift", status_code=204)
async def lift_hold(hold_id: int, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """End a hold."""
    async with runtime.db.transaction() as tx:
        await ruling.lift_hold(tx, scope, runtime.clock, hold_id)
    return Response(status_code=204)
