"""Puts the export to a SIEM into the application."""

from pathlib import Path

from tieline.platform.siem.destination import destination_of
from tieline.platform.siem.exporter import Exporter
from tieline.platform.siem.routes import SOURCES, router
from tieline.platform.siem.service import style_of
from tieline.platform.wiring import Registry, Runtime


async def export(runtime: Runtime) -> None:
    """Export the audit trail while the process lives; ends at once where no receiver is set."""
    destination = destination_of(runtime.settings)
    if destination is not None:
        await Exporter(runtime.db, runtime.clock, destination, await style_of(destination), SOURCES).run()


def register(registry: Registry) -> None:
    """Add the cursor's table, the service in workers, and the routes."""
    registry.migrations(Path(__file__).parent / "migrations")
    registry.service("worker", "siem", export)
    registry.router(router)
