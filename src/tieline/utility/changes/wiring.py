"""Registers changes with the application."""

from pathlib import Path

from tieline.platform.db import Tx
from tieline.platform.outbox import Event
from tieline.platform.wiring import Registry, Runtime
from tieline.utility.changes import (
    calendar_routes,
    holding_routes,
    outcome_routes,
    recording_routes,
    routes,
    ruling_routes,
    template_routes,
    timeline,
)
from tieline.utility.changes.driver import Driver
from tieline.utility.changes.jobs import JOBS
from tieline.utility.changes.policy.states import ENDED
from tieline.utility.changes.service import finding, outcomes
from tieline.utility.changes.service.telling import TOPIC
from tieline.utility.connectors import lines_of
from tieline.utility.inventory import register_finder, register_lane


async def drive(runtime: Runtime) -> None:
    """Carry out running changes."""
    await Driver(runtime.db, lines_of(runtime), runtime.clock).run()


async def _ended(tx: Tx, event: Event) -> None:
    if event.payload["state"] in {state.value for state in ENDED}:
        await outcomes.count(tx, event.payload["change_id"])


def register(registry: Registry) -> None:
    """Bring the schema, REST, jobs and the driver."""
    registry.migrations(Path(__file__).parent / "migrations")
    registry.router(calendar_routes.router)
    registry.router(outcome_routes.router)
    registry.router(recording_routes.router)
    registry.router(template_routes.router)
    registry.router(routes.router)
    registry.router(ruling_routes.router)
    registry.router(holding_routes.router)
    for job in JOBS:
        registry.job(job)
    registry.handler(TOPIC, "changes.outcome", _ended)
    registry.service("worker", "changes.driver", drive)
    register_lane(timeline.LANE, timeline.events)
    register_finder(finding.KIND, finding.find)
