"""Puts identity into the application."""

from pathlib import Path

from tieline.platform.identity import jobs, openid_store, routes_session, routes_users
from tieline.platform.wiring import Registry


def register(registry: Registry) -> None:
    """Add accounts, sessions and tokens with their routes and their housekeeping."""
    registry.migrations(Path(__file__).parent / "migrations")
    registry.router(routes_session.router)
    registry.router(routes_users.router)
    registry.job(jobs.sweep)
    for column in openid_store.SECRETS:
        registry.secret(column)
