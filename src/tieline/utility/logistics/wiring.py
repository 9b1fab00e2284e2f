"""Registers logistics with the application."""

from pathlib import Path

from tieline.platform.wiring import Registry
from tieline.utility.changes import HOLD_TOPIC
from tieline.utility.changes import TOPIC as CHANGE_STATE
from tieline.utility.inventory import register_lane
from tieline.utility.logistics import routes
from tieline.utility.logistics.service import looking, losing


def register(registry: Registry) -> None:
    """Bring the schema, REST, the lane of timelines, and what follows the changes that block lost cards."""
    registry.migrations(Path(__file__).parent / "migrations")
    for router in routes.ROUTERS:
        registry.router(router)
    registry.handler(CHANGE_STATE, "logistics.blocking", losing.follow)
    registry.handler(HOLD_TOPIC, "logistics.held", losing.held)
    register_lane(looking.LANE, looking.lane)
