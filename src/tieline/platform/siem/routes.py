"""REST of the export to a SIEM."""

from fastapi import APIRouter

from tieline.platform.siem import service
from tieline.platform.siem.destination import destination_of
from tieline.platform.siem.schemas import ReplayBody, StateView, Tested, shown
from tieline.platform.web import CurrentRuntime, CurrentScope, unrepeatable

router = APIRouter(prefix="/siem", tags=["siem"])
SOURCES = (service.AuditSource(),)


@router.get("")
async def show(scope: CurrentScope, runtime: CurrentRuntime) -> StateView:
    """Say where the audit trail goes, how far it is, and what went wrong last."""
    async with runtime.db.snapshot() as tx:
        return shown(await service.state(tx, scope, destination_of(runtime.settings), SOURCES))


@router.post("/test", openapi_extra=unrepeatable("It sends something outside, and nothing is changed here."))
async def test(scope: CurrentScope, runtime: CurrentRuntime) -> Tested:
    """Send one message that says that it is a test."""
    destination = destination_of(runtime.settings)
    style = await service.style_of(destination) if destination else None
    return Tested(target=await service.send_test(scope, destination, style, runtime.clock.now()))


@router.post("/replay")
async def replay(body: ReplayBody, scope: CurrentScope, runtime: CurrentRuntime) -> StateView:
    """Send the trail again from an entry on."""
    async with runtime.db.transaction() as tx:
        await service.replay(tx, scope, body.source, body.first)
        return shown(await service.state(tx, scope, destination_of(runtime.settings), SOURCES))
