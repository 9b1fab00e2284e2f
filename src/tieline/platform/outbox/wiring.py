"""Puts the outbox into the application."""

from pathlib import Path

from tieline.platform.outbox.dispatcher import Dispatcher
from tieline.platform.outbox.routes import router
from tieline.platform.wiring import Registry, Runtime


def register(registry: Registry) -> None:
    """Add the outbox's tables, its dispatcher (in workers), and the routes to watch it."""

    async def dispatch(runtime: Runtime) -> None:
        await Dispatcher(registry.handlers).run(runtime)

    registry.migrations(Path(__file__).parent / "migrations")
    registry.service("worker", "outbox", dispatch)
    registry.router(router)
