"""Work of programmes that is done apart from requests: following their changes, conducting their visits."""

import asyncio
from typing import Any

import msgspec

from tieline.platform.db import Tx
from tieline.platform.jobs import job
from tieline.platform.outbox import Event
from tieline.platform.wiring import Runtime
from tieline.utility import changes
from tieline.utility.programmes.service import conducting, following, taking
from tieline.utility.programmes.store import inbox
from tieline.utility.programmes.store import programmes as store

LANE = "changes.programmes"
"""Beside the plans that programmes wait for, in workers of its own."""
PACE = 0.25
"""Seconds between two looks of the conductor when there was nothing to do."""
DWELL_PACE = 2.0
_OF = "programme:"


class Follow(msgspec.Struct):
    """Which change to follow."""

    change_id: int


class Nothing(msgspec.Struct):
    """A job that needs to be told nothing."""


@job("programmes.follow", lane=LANE)
async def follow(runtime: Runtime, payload: Follow) -> None:
    """Bring a programme on by where one of its changes stands."""
    await following.follow(runtime, payload.change_id)


@job("programmes.look-after", lane=LANE, cron="*/5 * * * *")
async def look_after(runtime: Runtime, _payload: Nothing) -> None:
    """Follow every change that is not taken yet, in case an event of it met a process that died."""
    async with runtime.db.transaction() as tx:
        for change_id in await store.untaken(tx):
            await follow.defer(tx, Follow(change_id), once=f"follow-{change_id}")


async def change_moved(tx: Tx, event: Event) -> None:
    """A change of a programme came to another state."""
    change_id = int(event.payload["change_id"])
    if await store.change(tx, change_id) is not None:
        await follow.defer(tx, Follow(change_id), once=f"follow-{change_id}")


async def visit_told(tx: Tx, event: Event) -> None:
    """Something happened at a visit of a programme."""
    origin = str(event.payload.get("origin", ""))
    if origin.startswith(_OF) and origin[len(_OF) :].isdigit() and event.topic in taking.KINDS:
        payload = event.payload
        await inbox.put(tx, int(origin[len(_OF) :]), int(payload["site_id"]), event.topic, payload)


async def conduct(runtime: Runtime) -> None:
    """Conduct until cancelled."""
    loop = asyncio.get_running_loop()
    dwelt = 0.0
    while True:
        busy = await taking.take_events(runtime)
        busy += await conducting.let_go(runtime)
        busy += await conducting.release(runtime)
        busy += await conducting.refuse_tests(runtime)
        busy += await conducting.test(runtime)
        if loop.time() - dwelt >= DWELL_PACE:
            dwelt = loop.time()
            await conducting.end_dwells(runtime)
        if not busy:
            await asyncio.sleep(PACE)


JOBS: tuple[Any, ...] = (follow, look_after)
TOPICS = (*sorted(taking.KINDS),)
CHANGES = changes.TOPIC
