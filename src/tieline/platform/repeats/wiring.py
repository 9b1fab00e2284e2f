"""Puts the keys of repeated requests into the application."""

from pathlib import Path

from tieline.platform.repeats import jobs
from tieline.platform.wiring import Registry


def register(registry: Registry) -> None:
    """Add the table and its housekeeping; what uses it stands around the application's routes."""
    registry.migrations(Path(__file__).parent / "migrations")
    registry.job(jobs.sweep)
