"""Registers the inventory with the application."""

from pathlib import Path

from tieline.platform.wiring import Registry


def register(registry: Registry) -> None:
    """Bring the schema."""
    registry.migrations(Path(__file__).parent / "migrations")
