"""Registers saved views with the application."""

from pathlib import Path

from tieline.platform.wiring import Registry
from tieline.utility.views import routes


def register(registry: Registry) -> None:
    """Bring the schema and REST."""
    registry.migrations(Path(__file__).parent / "migrations")
    registry.router(routes.router)
