"""Registers programmes with the application."""

from pathlib import Path

from tieline.platform.wiring import Registry
from tieline.utility.programmes import jobs, routes


def register(registry: Registry) -> None:
    """Bring the schema, REST, jobs, reactions to changes and visits, and the conductor."""
    registry.migrations(Path(__file__).parent / "migrations")
    registry.router(routes.router)
    for one in jobs.JOBS:
        registry.job(one)
    registry.handler(jobs.CHANGES, "programmes.follow", jobs.change_moved)
    for topic in jobs.TOPICS:
        registry.handler(topic, f"programmes.{topic}", jobs.visit_told)
    registry.service("worker", "programmes.conductor", jobs.conduct)
