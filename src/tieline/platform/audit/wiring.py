"""Puts the audit trail into the application."""

from pathlib import Path

from tieline.platform.audit.routes import router
from tieline.platform.audit.sealing import keep_sealed
from tieline.platform.wiring import Registry


def register(registry: Registry) -> None:
    """Add the trail's tables, the service that signs its heads, and the routes to read and judge it."""
    registry.migrations(Path(__file__).parent / "migrations")
    registry.service("worker", "audit-witness", keep_sealed)
    registry.router(router)
