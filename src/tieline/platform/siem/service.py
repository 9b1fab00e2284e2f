"""Use cases of the export: how it is doing, a test message, sending again."""

import asyncio
import socket
from collections.abc import Sequence
from datetime import datetime

from tieline.platform import audit
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Invalid, NotFound, Problem, Unavailable
from tieline.platform.scope import Permission, Scope
from tieline.platform.siem import store
from tieline.platform.siem.destination import Destination
from tieline.platform.siem.model import Event, Source, SourceState, State
from tieline.platform.siem.syslog import Style, message
from tieline.platform.siem.transport import LinkError, connect


class AuditSource:
    """The audit trail. Its numbers are given under a lock, in the order of commits, and have no gaps."""

    name = "audit"

    async def after(self, tx: Tx, number: int, limit: int) -> Sequence[Event]:
        """The next entries."""
        return await store.audit_after(tx, number, limit)

    async def end(self, tx: Tx) -> int:
        """The number of the last entry."""
        return await store.audit_end(tx)


async def style_of(destination: Destination, app: str = "tieline") -> Style:
    """How messages to a receiver are written, in the name of this machine, which may be long in finding out."""
    longest, enterprise = destination.longest, destination.enterprise
    host = await asyncio.to_thread(socket.getfqdn)
    return Style(destination.form, host, app, enterprise=enterprise, longest=longest)


async def state(tx: Tx, scope: Scope, destination: Destination | None, sources: Sequence[Source]) -> State:
    """Where trails go, and how far they are. Needs ``AUDIT_READ``."""
    scope.require(Permission.AUDIT_READ)
    found = [SourceState(await store.cursor(tx, one.name), await one.end(tx)) for one in sources]
    if destination is None:
        return State("", "", tuple(found))
    return State(str(destination), destination.form.value, tuple(found))


async def send_test(scope: Scope, destination: Destination | None, style: Style | None, now: datetime) -> str:
    """Send one message over a connection of its own; gives where to. Needs ``OPERATIONS``.

    Raises ``Conflict`` where no receiver is set, ``Unavailable`` when it cannot be reached.
    """
    scope.require(Permission.OPERATIONS)
    if destination is None or style is None:
        raise Conflict("No SIEM is set up.", advice="Set TIELINE_SIEM_URL.")
    event = Event(
        "test", 0, now, scope.actor, "siem.test", "", {"words": "A test. Nothing happened."}, scope.request_id
    )
    try:
        link = await connect(destination)
        try:
            await link.send([message(event, style)])
        finally:
            await link.close()
    except LinkError as error:
        raise Unavailable(str(error)) from error
    return str(destination)


async def replay(tx: Tx, scope: Scope, source: str, first: int) -> None:
    """Send a trail again from an entry on. Needs ``OPERATIONS``."""
    scope.require(Permission.OPERATIONS)
    if first < 1:
        raise Invalid("Entries are counted from 1.", [Problem("first", "range", "1 or more.", str(first))])
    if not await store.replay(tx, source, first):
        raise NotFound(f"No trail called {source} was ever exported.")
    await audit.append(tx, scope, audit.Entry("siem.replayed", f"siem:{source}", {"from": first}))
