"""Keeps every operator's feed of notifications asked for, and notices when one falls silent."""

import asyncio

import structlog

from tieline.platform.db import Tx
from tieline.platform.scope import Scope
from tieline.platform.wiring import Runtime
from tieline.utility.connectors import devices, service, store
from tieline.utility.connectors.errors import ConnectorError
from tieline.utility.connectors.jobs import defer_sync
from tieline.utility.connectors.leases import take
from tieline.utility.connectors.lines import SYSTEM, Lines, lines_of

LOOK = 5.0
_log = structlog.get_logger(__name__)


async def watch(runtime: Runtime) -> None:
    """Look every few seconds, until cancelled: after the feeds, and after the word of devices."""
    lines = lines_of(runtime)
    while True:
        await look(runtime, lines)
        await devices.look(runtime, lines)
        await asyncio.sleep(LOOK)


async def look(runtime: Runtime, lines: Lines) -> None:
    """Ask operators for a feed that was never asked for or went elsewhere; ask silent ones anew and read all they have.

    One process does it: whoever has the lease.
    """
    async with runtime.db.transaction() as tx:
        rows = await store.connections(tx, SYSTEM, only_enabled=True)
        quiet = {operator_id for operator_id, _, _ in await service.silent(tx, runtime.clock)}
        feeds = {row["operator_id"]: await store.feed(tx, row["operator_id"]) for row in rows}
    for row in rows:
        feed = feeds[row["operator_id"]]
        if not row["notification_url"]:
            continue
        as_wanted = feed is not None and (feed["recipient"], feed["heartbeat_seconds"]) == (
            row["notification_url"],
            row["heartbeat_seconds"],
        )
        if not as_wanted or row["operator_id"] in quiet:
            await _ask(runtime, lines, row, reason="It fell silent." if as_wanted else "The feed is new.")


async def _ask(runtime: Runtime, lines: Lines, row: dict[str, object], *, reason: str) -> None:
    operator_id, code = int(str(row["operator_id"])), str(row["operator"])
    lease = await take(runtime.db, operator_id, "feed", "feeds", 30.0)
    if lease is None:
        return
    try:
        line = await lines.get(code)
        heartbeat = int(str(row["heartbeat_seconds"]))
        feed = await line.subscribe(str(row["notification_url"]), heartbeat_seconds=heartbeat)
        async with runtime.db.transaction() as tx:
            values = {
                "feed": feed.id,
                "recipient": feed.recipient,
                "heartbeat_seconds": feed.heartbeat_seconds,
                "at": runtime.clock.now(),
            }
            await store.put_feed(tx, operator_id, values)
            await _read_all(tx, SYSTEM, code, operator_id, reason)
    except ConnectorError as error:
        _log.warning("feed_refused", operator=code, error=error.detail)
    finally:
        async with runtime.db.transaction() as tx:
            await lease.drop(tx)


async def _read_all(tx: Tx, scope: Scope, code: str, operator_id: int, reason: str) -> None:
    """What happened while nobody listened is only known once everything was read."""
    await defer_sync(tx, code, await store.add_sync(tx, scope, operator_id, reason))
