"""Registers connectors with the application."""

from pathlib import Path

from tieline.platform.wiring import Registry
from tieline.utility.connectors import feeds, routes, store
from tieline.utility.connectors.jobs import JOBS


def register(registry: Registry) -> None:
    """Bring the schema, REST, the address for notifications, jobs, and the watch over feeds."""
    registry.migrations(Path(__file__).parent / "migrations")
    registry.router(routes.router)
    registry.operator_router(routes.operator_router)
    for column in store.SECRETS:
        registry.secret(column)
    for job in JOBS:
        registry.job(job)
    registry.service("worker", "connectors.feeds", feeds.watch)
