"""Registers the inventory with the application."""

from pathlib import Path

from tieline.platform.wiring import Registry
from tieline.utility.inventory.jobs import JOBS


def register(registry: Registry) -> None:
    """Bring the schema and the jobs."""
    registry.migrations(Path(__file__).parent / "migrations")
    for job in JOBS:
        registry.job(job)
