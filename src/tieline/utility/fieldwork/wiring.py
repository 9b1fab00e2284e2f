"""Registers field work with the application."""

from pathlib import Path

from tieline.platform.wiring import Registry
from tieline.utility.fieldwork.routes import crews, orders, reports, visits


def register(registry: Registry) -> None:
    """Bring the schema and REST."""
    registry.migrations(Path(__file__).parent / "migrations")
    for module in (crews, visits, orders, reports):
        registry.router(module.router)
