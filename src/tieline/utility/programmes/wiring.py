"""Registers programmes with the application."""

from pathlib import Path

from tieline.platform.wiring import Registry
from tieline.utility.inventory import register_finder
from tieline.utility.programmes import jobs, routes
from tieline.utility.programmes.service import finding


def register(registry: Registry) -> None:
    """Bring the schema, REST, jobs, reactions to changes and visits, and the conductor."""
    registry.migrations(Path(__file__).parent / "migrations")
    registry.router(routes.router)
    for one in jobs.JOBS:
        registry.job(one)
    registry.handler(jobs.CHANGES, "programmes.follow", jobs.change_moved)
    for topic in jobs.NOTICES:
        registry.handler(topic, "programmes.redate", jobs.notice_changed)
    # One name for all topics: what happens at a visit comes in the order in which it happened.
    registry.gatherer(jobs.TOPICS, "programmes.visits", jobs.visits_told)
    registry.handler(jobs.MOVED, "programmes.needs", jobs.moved)
    registry.service("worker", "programmes.conductor", jobs.conduct)
    register_finder(finding.KIND, finding.find)
