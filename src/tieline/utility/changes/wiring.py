"""Registers changes with the application."""

from pathlib import Path

from tieline.platform.wiring import Registry, Runtime
from tieline.utility.changes import holding_routes, routes, ruling_routes, timeline
from tieline.utility.changes.driver import Driver
from tieline.utility.changes.jobs import JOBS
from tieline.utility.connectors import lines_of
from tieline.utility.inventory import register_lane


async def drive(runtime: Runtime) -> None:
    """Carry out running changes."""
    await Driver(runtime.db, lines_of(runtime), runtime.clock).run()


def register(registry: Registry) -> None:
    """Bring the schema, REST, jobs and the driver."""
    registry.migrations(Path(__file__).parent / "migrations")
    registry.router(routes.router)
    registry.router(ruling_routes.router)
    registry.router(holding_routes.router)
    for job in JOBS:
        registry.job(job)
    registry.service("worker", "changes.driver", drive)
    register_lane(timeline.LANE, timeline.events)
