"""Registers probing with the application."""

from pathlib import Path

from tieline.platform.wiring import Registry
from tieline.utility.probing import routes, worker


def register(registry: Registry) -> None:
    """Bring the schema, REST and the worker that asks."""
    registry.migrations(Path(__file__).parent / "migrations")
    registry.router(routes.router)
    registry.service("worker", "probing.asker", worker.work)
