"""Puts secrets at rest into the application."""

import msgspec

from tieline.platform.jobs import Job, job
from tieline.platform.scope import system
from tieline.platform.secrets import service
from tieline.platform.secrets.routes import router_over
from tieline.platform.secrets.vault import vault_of
from tieline.platform.wiring import Registry, Runtime


class Rewrap(msgspec.Struct):
    """Nothing needs saying."""


def register(registry: Registry) -> None:
    """Add the routes, and the job that wraps anew what older keys wrap."""
    registry.router(router_over(registry))
    registry.job(_rewrapping(registry))


def _rewrapping(registry: Registry) -> Job[Rewrap]:
    @job("secrets.rewrap", lane="housekeeping", cron="*/5 * * * *")
    async def rewrap(runtime: Runtime, _payload: Rewrap) -> None:
        """Wrap what older keys wrap with the current one."""
        await service.rewrap(runtime.db, system("secrets"), vault_of(runtime.settings), registry.secrets)

    return rewrap
