"""Registers incidents with the application."""

import asyncio
from pathlib import Path

from tieline.platform.db import Tx
from tieline.platform.outbox import Event
from tieline.platform.wiring import Registry, Runtime
from tieline.utility import changes, connectors
from tieline.utility.changes import KINDS
from tieline.utility.incidents import routes, timeline
from tieline.utility.incidents.kinds import REVERT, Revert
from tieline.utility.incidents.service import finding, hearing
from tieline.utility.incidents.service.common import WALL
from tieline.utility.inventory import register_finder, register_lane

ROUND, SWEEP = 1.0, 30.0
"""Seconds between two looks at what incidents are about, and at everything that deviates."""


async def watch(runtime: Runtime) -> None:
    """Look again at open incidents every second, and at all that deviates every half minute, until cancelled."""
    elapsed = SWEEP
    while True:
        await hearing.recheck(runtime.db, runtime.clock)
        await hearing.begin_of_grace(runtime.db, runtime.clock)
        await hearing.end_of_grace(runtime.db, runtime.clock)
        if elapsed >= SWEEP:
            await hearing.sweep(runtime.db, runtime.clock)
            elapsed = 0.0
        await asyncio.sleep(ROUND)
        elapsed += ROUND


async def _reported(tx: Tx, event: Event) -> None:
    await hearing.on_reported(tx, WALL, event.payload)


async def _changed(tx: Tx, event: Event) -> None:
    await hearing.on_changed(tx, WALL, event.payload)


async def _read(tx: Tx, event: Event) -> None:
    await hearing.on_read(tx, WALL, event.payload)


async def _change(tx: Tx, event: Event) -> None:
    await hearing.on_change(tx, WALL, event.payload)


def register(registry: Registry) -> None:
    """Bring the schema, REST, what wakes incidents, the kind of change that puts things right, and the lane."""
    registry.migrations(Path(__file__).parent / "migrations")
    registry.router(routes.router)
    registry.handler(connectors.REPORTED, "incidents", _reported)
    registry.handler(connectors.CHANGED, "incidents", _changed)
    registry.handler(connectors.READ, "incidents", _read)
    registry.handler(changes.TOPIC, "incidents", _change)
    registry.service("worker", "incidents.watch", watch)
    register_lane(timeline.LANE, timeline.events)
    register_finder(finding.KIND, finding.find)
    if all(kind.name != REVERT for kind in KINDS.all()):  # a process may put its parts together more than once
        KINDS.register(Revert())
