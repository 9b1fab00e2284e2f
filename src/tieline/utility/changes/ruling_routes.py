"""REST of policies of standard changes."""

from fastapi import APIRouter, Response

from tieline.platform.web import CurrentRuntime, CurrentScope, fast
from tieline.utility.changes.schemas import PolicyBody, rules_of
from tieline.utility.changes.service import ruling, timing

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
            rules=timing.read(rules_of(body.windows)),
            template_version_id=body.template_version_id,
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
