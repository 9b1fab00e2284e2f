"""Puts identity into the application."""

from pathlib import Path

from tieline.platform.wiring import Registry


def register(registry: Registry) -> None:
    """Add the tables of accounts."""
    registry.migrations(Path(__file__).parent / "migrations")
