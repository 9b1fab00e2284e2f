"""Puts the audit trail into the application."""

from pathlib import Path

from tieline.platform.audit.sealing import keep_sealed
from tieline.platform.wiring import Registry


def register(registry: Registry) -> None:
    """Add the trail's tables and the service that signs its heads."""
    registry.migrations(Path(__file__).parent / "migrations")
    registry.service("worker", "audit-witness", keep_sealed)
