"""Registers notices with the application."""

from pathlib import Path

from tieline.platform.wiring import Registry
from tieline.utility.changes import register_calendar
from tieline.utility.notices import calendar, routes
from tieline.utility.notices.jobs import JOBS
from tieline.utility.notices.service import listening


def register(registry: Registry) -> None:
    """Bring the schema, REST, the address for events, jobs, and the watch over desks."""
    registry.migrations(Path(__file__).parent / "migrations")
    registry.router(routes.router)
    registry.operator_router(routes.operator_router)
    for job in JOBS:
        registry.job(job)
    registry.service("worker", "notices.desks", listening.watch)
    register_calendar(calendar.NAME, calendar.entries)
