"""Puts jobs into the application; the worker process runs the lanes itself (``run_lanes``)."""

from pathlib import Path

from tieline.platform.jobs.routes import router
from tieline.platform.wiring import Registry


def register(registry: Registry) -> None:
    """Add the tables of jobs and the routes to watch them."""
    registry.migrations(Path(__file__).parent / "migrations")
    registry.router(router)
