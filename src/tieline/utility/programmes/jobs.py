"""Work of programmes that is done apart from requests: following their changes, conducting their visits."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from tieline.platform.clock import Jumps
from tieline.platform.db import Tx
from tieline.platform.jobs import job
from tieline.platform.outbox import Event
from tieline.platform.wiring import Runtime
from tieline.utility import changes, notices
from tieline.utility.programmes.service import conducting, following, redating, taking, telling, wanting
from tieline.utility.programmes.store import inbox
from tieline.utility.programmes.store import programmes as store

LANE = "changes.programmes"
"""Beside the plans that programmes wait for, in workers of its own."""
PACE = 0.25
"""Seconds between two looks of the conductor when there was nothing to do."""
LONGEST_REST = 1.0
DWELL_PACE = 2.0
_OF = "programme:"


class Follow(msgspec.Struct):
    """Which change to follow."""

    change_id: int


class Want(msgspec.Struct):
    """Whose needs are to be told."""

    programme_id: int


class Nothing(msgspec.Struct):
    """A job that needs to be told nothing."""


@job("programmes.follow", lane=LANE)
async def follow(runtime: Runtime, payload: Follow) -> None:
    """Bring a programme on by where one of its changes stands."""
    await following.follow(runtime, payload.change_id)


class Redate(msgspec.Struct):
    """Which notice changed."""

    notice_id: int


@job("programmes.redate", lane=LANE)
async def redate(runtime: Runtime, payload: Redate) -> None:
    """Let the sites of programmes be due as a notice says now."""
    await redating.redate(runtime, payload.notice_id)


@job("programmes.look-after", lane=LANE, cron="*/5 * * * *")
async def look_after(runtime: Runtime, _payload: Nothing) -> None:
    """Follow every change that is not taken yet, in case an event of it met a process that died."""
    async with runtime.db.transaction() as tx:
        for change_id in await store.untaken(tx):
            await follow.defer(tx, Follow(change_id), once=f"follow-{change_id}")


@job("programmes.needs", lane=LANE)
async def needs(runtime: Runtime, payload: Want) -> None:
    """Tell the store what a programme needs, and when."""
    async with runtime.db.transaction() as tx:
        await wanting.say_needs(tx, runtime.calendar, payload.programme_id)


@job("programmes.needs-hourly", lane=LANE, cron="7 * * * *")
async def needs_hourly(runtime: Runtime, _payload: Nothing) -> None:
    """The needs of every programme that is not closed: what crews fitted is not needed any more, and days go by."""
    async with runtime.db.transaction() as tx:
        for programme_id in await store.live(tx):
            await needs.defer(tx, Want(programme_id), once=f"needs-{programme_id}")


async def moved(tx: Tx, event: Event) -> None:
    """Somebody did something with a programme that may alter what it needs."""
    programme_id = int(event.payload["programme_id"])
    await needs.defer(tx, Want(programme_id), once=f"needs-{programme_id}")


async def change_moved(tx: Tx, event: Event) -> None:
    """A change of a programme came to another state."""
    change_id = int(event.payload["change_id"])
    if await store.change(tx, change_id) is not None:
        await follow.defer(tx, Follow(change_id), once=f"follow-{change_id}")


async def notice_changed(tx: Tx, event: Event) -> None:
    """A notice was revised, or came to another state."""
    notice_id = int(event.payload["notice_id"])
    if await store.going_by(tx, notice_id):
        await redate.defer(tx, Redate(notice_id), once=f"redate-{notice_id}")


async def visits_told(tx: Tx, events: Sequence[Event]) -> None:
    """Something happened at visits, some of them of programmes."""
    told = [
        (int(origin[len(_OF) :]), int(event.payload["site_id"]), event.topic, event.payload)
        for event in events
        if (origin := str(event.payload.get("origin", ""))).startswith(_OF)
        and origin[len(_OF) :].isdigit()
        and event.topic in taking.KINDS
    ]
    await inbox.put(tx, told)


async def conduct(runtime: Runtime) -> None:
    """Conduct until cancelled."""
    loop = asyncio.get_running_loop()
    jumps = Jumps(runtime.clock)
    dwelt = 0.0
    while True:
        began = loop.time()
        busy = await _round(runtime)
        if loop.time() - dwelt >= DWELL_PACE:
            dwelt = loop.time()
            if jump := jumps.look():
                await conducting.clock_jumped(runtime, jump)
            await conducting.end_dwells(runtime)
        # While there is much to do a round takes long, and as long a rest lets the next one find more to do at once.
        await asyncio.sleep(min(loop.time() - began, LONGEST_REST) if busy else PACE)


async def _round(runtime: Runtime) -> int:
    """Do once what there is to do; gives how much it was."""
    async with runtime.db.autocommit() as tx:
        if not await inbox.anything(tx):
            return 0
    busy = await taking.take_events(runtime)
    busy += await conducting.let_go(runtime)
    busy += await conducting.release(runtime)
    busy += await conducting.refuse_tests(runtime)
    return busy + await conducting.test(runtime)


JOBS: tuple[Any, ...] = (follow, look_after, redate, needs, needs_hourly)
TOPICS = (*sorted(taking.KINDS),)
CHANGES = changes.TOPIC
NOTICES = (notices.REVISED, notices.STATUS)
MOVED = telling.TOPIC
