"""5G LAN groups."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from tieline.platform.web import CurrentRuntime, CurrentScope, fast
from tieline.utility.inventory.schemas import groups as schemas
from tieline.utility.inventory.service import groups as service

router = APIRouter(tags=["groups"])

Number = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("/lan-groups", response_model=schemas.LanGroups)
async def lan_groups(
    runtime: CurrentRuntime,
    scope: CurrentScope,
    name: Annotated[list[str], Query(max_length=100)] = [],  # noqa: B006 - FastAPI copies defaults
) -> Response:
    """List the groups at the operators, with how many are in each; those of some names."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await service.lan_groups(tx, scope, name or None)})


@router.get("/lan-groups/{group_id}", response_model=schemas.LanGroupDetail)
async def lan_group(runtime: CurrentRuntime, scope: CurrentScope, group_id: Number) -> Response:
    """One group, with the address pools of its data network. Its members: ``/subscriptions?lan_group=``."""
    async with runtime.db.snapshot() as tx:
        group = await service.lan_group(tx, scope, group_id)
        pools = await service.lan_group_pools(tx, scope, group)
    return fast({"group": group, "pools": pools})
