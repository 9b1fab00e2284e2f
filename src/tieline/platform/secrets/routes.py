"""REST of secrets at rest: how they are doing, a new key, wrapping anew, forgetting old keys."""

from fastapi import APIRouter

from tieline.platform.secrets import service
from tieline.platform.secrets.schemas import Forgotten, KeyName, Rewrapped, StatusView, shown
from tieline.platform.secrets.vault import vault_of
from tieline.platform.web import CurrentRuntime, CurrentScope, unrepeatable
from tieline.platform.wiring import Registry

_ALONE = unrepeatable("The key file is outside of the database.")


def router_over(registry: Registry) -> APIRouter:
    """The routes over the columns that all contexts have registered by the time somebody asks."""
    router = APIRouter(prefix="/secrets", tags=["secrets"])

    @router.get("")
    async def check(scope: CurrentScope, runtime: CurrentRuntime) -> StatusView:
        """Try every secret, and say which keys they are under."""
        async with runtime.db.snapshot() as tx:
            return shown(await service.status(tx, scope, vault_of(runtime.settings), registry.secrets))

    @router.post("/rotate", status_code=201, openapi_extra=_ALONE)
    async def rotate(scope: CurrentScope, runtime: CurrentRuntime) -> KeyName:
        """Make a new key. Old values are wrapped anew by the workers within minutes, or at once with `rewrap`."""
        return KeyName(key=await service.rotate(runtime.db, scope, vault_of(runtime.settings)))

    @router.post("/rewrap", openapi_extra=_ALONE)
    async def rewrap(scope: CurrentScope, runtime: CurrentRuntime) -> Rewrapped:
        """Wrap what older keys wrap with the current one, now."""
        done = await service.rewrap(runtime.db, scope, vault_of(runtime.settings), registry.secrets)
        return Rewrapped(values=done)

    @router.post("/forget", openapi_extra=_ALONE)
    async def forget(scope: CurrentScope, runtime: CurrentRuntime) -> Forgotten:
        """Take keys that wrap nothing any more out of the key file; backups made under them need a copy of them."""
        gone = await service.forget(runtime.db, scope, vault_of(runtime.settings), registry.secrets)
        return Forgotten(keys=list(gone))

    return router
