"""REST of crews."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from tieline.platform.web import CurrentRuntime, CurrentScope, fast
from tieline.utility.fieldwork.schemas import CrewBody, CrewChange
from tieline.utility.fieldwork.service import crews
from tieline.utility.fieldwork.service.crews import CrewDraft

router = APIRouter(prefix="/field", tags=["field work"])
Identity = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("/crews")
async def list_crews(
    runtime: CurrentRuntime, scope: CurrentScope, region: Annotated[str | None, Query(max_length=200)] = None
) -> Response:
    """Crews within your regions, by name."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await crews.crews(tx, scope, region=region)})


@router.post("/crews", status_code=201)
async def make_crew(body: CrewBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Make a crew. Members are accounts with the role crew that belong to no other."""
    draft = CrewDraft(body.code, body.name, body.region, _members(body.members), body.active)
    async with runtime.db.transaction() as tx:
        made = await crews.make_crew(tx, scope, runtime.clock, draft)
    return fast(made, status=201)


@router.get("/crews/{crew_id}")
async def show_crew(crew_id: Identity, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """One crew."""
    async with runtime.db.snapshot() as tx:
        return fast(await crews.crew(tx, scope, crew_id))


@router.put("/crews/{crew_id}")
async def change_crew(crew_id: Identity, body: CrewChange, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Change a crew: its name, region, members, whether it works."""
    draft = CrewDraft("", body.name, body.region, _members(body.members), body.active)
    async with runtime.db.transaction() as tx:
        return fast(await crews.change_crew(tx, scope, crew_id, draft))


def _members(names: list[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(names)
