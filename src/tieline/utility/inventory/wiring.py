"""Registers the inventory with the application."""

from pathlib import Path

from tieline.platform.wiring import Registry
from tieline.utility.inventory.jobs import JOBS
from tieline.utility.inventory.routes import ROUTER
from tieline.utility.inventory.service.things import configuration_lane, links_lane
from tieline.utility.inventory.timeline import register_lane


def register(registry: Registry) -> None:
    """Bring the schema, the routes, the jobs, and the lanes of timelines that are the inventory's own."""
    registry.migrations(Path(__file__).parent / "migrations")
    for job in JOBS:
        registry.job(job)
    registry.router(ROUTER)
    register_lane("configuration", configuration_lane)
    register_lane("links", links_lane)
