"""REST of connectors, and where operators post their notifications."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from tieline.platform.errors import Invalid, TooLarge
from tieline.platform.secrets import vault_of
from tieline.platform.web import MEGABYTE, CurrentRuntime, CurrentScope, fast, fingerprint_of
from tieline.utility.connectors import devices, service
from tieline.utility.connectors.errors import Rejected
from tieline.utility.connectors.jobs import defer_sync
from tieline.utility.connectors.lines import SYSTEM, lines_of
from tieline.utility.connectors.providers.installed import PROVIDERS
from tieline.utility.connectors.schemas import ConnectionBody, SyncBody
from tieline.utility.connectors.store import add_sync

router = APIRouter(tags=["connectors"])
operator_router = APIRouter(tags=["notifications"])
Code = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
LARGEST = 16 * MEGABYTE


@router.get("/connectors")
async def list_providers() -> Response:
    """The providers there are."""
    return fast({"items": PROVIDERS.names()})


@router.get("/operator-connections")
async def list_connections(runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """How operators are reached."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await service.connections(tx, scope)})


@router.get("/operator-health")
async def list_health(runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """How the operators' lines and feeds are doing."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await service.health(tx, scope)})


@router.get("/operators/{code}/connection")
async def show_connection(code: Code, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """How an operator is reached, and what its platform can do."""
    async with runtime.db.snapshot() as tx:
        row = await service.connection(tx, scope, code)
    capabilities: Mapping[str, Any] | None = None
    if row["enabled"]:
        capabilities = described((await lines_of(runtime).get(code)).capabilities)
    return fast({**row, "capabilities": capabilities})


def described(capabilities: Any) -> dict[str, Any]:
    """A capability matrix as REST shows it."""
    return {
        name: sorted(value) if isinstance(value, frozenset) else value
        for name in capabilities.__dataclass_fields__
        if name != "transitions"
        for value in (getattr(capabilities, name),)
    } | {"transitions": {before: sorted(later) for before, later in capabilities.transitions.items()}}


@router.put("/operators/{code}/connection")
async def put_connection(code: Code, body: ConnectionBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Set how an operator is reached."""
    async with runtime.db.transaction() as tx:
        return fast(await service.put_connection(tx, scope, vault_of(runtime.settings), code, body.values()))


@router.get("/operators/{code}/connection/history")
async def list_connection_history(
    code: Code, runtime: CurrentRuntime, scope: CurrentScope, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> Response:
    """How a connection was set, the latest first; the secret is never shown, only whether it changed."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await service.connection_history(tx, scope, code, limit=limit)})


@router.post("/operators/{code}/connection/history/{history_id}/revert")
async def revert_connection(
    code: Code, history_id: Annotated[int, Path(ge=1, le=2**63 - 1)], runtime: CurrentRuntime, scope: CurrentScope
) -> Response:
    """Set a connection as it was before one of its settings, the secret included."""
    async with runtime.db.transaction() as tx:
        return fast(await service.revert_connection(tx, scope, code, history_id))


@router.post("/operators/{code}/syncs", status_code=202)
async def ask_sync(code: Code, body: SyncBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Read everything an operator has."""
    async with runtime.db.transaction() as tx:
        sync_id = await service.ask_sync(tx, scope, code, reason=body.reason)
        await defer_sync(tx, code, sync_id)
    return fast({"id": sync_id}, status=202)


@router.get("/operators/{code}/syncs")
async def list_syncs(
    code: Code, runtime: CurrentRuntime, scope: CurrentScope, limit: Annotated[int, Query(ge=1, le=200)] = 20
) -> Response:
    """Full reads of an operator, the newest first."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await service.syncs(tx, scope, code, limit=limit)})


@operator_router.post("/3gpp/notifications/{code}", status_code=204, max_body_size=LARGEST)
async def take_notification(code: Code, request: Request, runtime: CurrentRuntime) -> Response:
    """Take a notification (TS 28.532): 204 once it is stored, whether it came before or not.

    Only the operator's own certificate is let in; what cannot be read is answered 422 and not asked for again.
    """
    async with runtime.db.transaction() as tx:
        operator = await service.operator_of(tx, code, fingerprint_of(request.scope))
    body = await request.body()
    if len(body) > LARGEST:
        raise TooLarge(f"A notification has at most {LARGEST} octets.")
    read = PROVIDERS.notices(operator["provider"])
    try:
        notices = await asyncio.to_thread(read, body)
    except Rejected as error:
        raise Invalid(error.detail) from error
    async with runtime.db.transaction() as tx:
        taken = await service.take_notices(tx, runtime.clock, operator, notices)
        if taken.resync:
            sync_id = await add_sync(tx, SYSTEM, operator["operator_id"], taken.resync)
            await defer_sync(tx, code, sync_id)
    return Response(status_code=204)


@operator_router.post("/3gpp/notifications/{code}/devices", status_code=204, max_body_size=LARGEST)
async def take_device_notification(code: Code, request: Request, runtime: CurrentRuntime) -> Response:
    """Take word of SIMs that are used with other devices (TS 29.122): 204 once it is stored, come before or not.

    Only the operator's own certificate is let in; what cannot be read is answered 422 and not asked for again.
    """
    async with runtime.db.transaction() as tx:
        operator = await service.operator_of(tx, code, fingerprint_of(request.scope))
    body = await request.body()
    if len(body) > LARGEST:
        raise TooLarge(f"A notification has at most {LARGEST} octets.")
    try:
        notices = await asyncio.to_thread(PROVIDERS.devices(operator["provider"]), body)
    except Rejected as error:
        raise Invalid(error.detail) from error
    async with runtime.db.transaction() as tx:
        await devices.take_devices(tx, runtime.clock, operator, notices)
    return Response(status_code=204)
