"""Registers usage with the application."""

from pathlib import Path

from tieline.platform.wiring import Registry
from tieline.utility.usage.jobs import JOBS
from tieline.utility.usage.routes import router
from tieline.utility.usage.service import reading


def register(registry: Registry) -> None:
    """Bring the schema, REST, jobs, and what reads operators' records."""
    registry.migrations(Path(__file__).parent / "migrations")
    registry.router(router)
    for job in JOBS:
        registry.job(job)
    registry.service("worker", "usage.records", reading.watch)
