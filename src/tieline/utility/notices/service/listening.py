"""Keeps every operator's desk asked for events, and reads all that is announced now and then: what events missed.

TMF655 has no way to ask whether a callback is still known. Asking again changes nothing where it is, so that it is
done whenever everything is read, and at the start of each process.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from tieline.platform.errors import NotFound
from tieline.platform.wiring import Runtime
from tieline.utility.connectors import ConnectorError, LeaseLost, every_connection, take_lease
from tieline.utility.notices.desks import PROVIDERS, Desks, callback_of, desks_of
from tieline.utility.notices.model import Origin, Source
from tieline.utility.notices.port import Desk
from tieline.utility.notices.service.taking import SYSTEM, take, vanish
from tieline.utility.notices.store import desks as store
from tieline.utility.notices.store import notices

LOOK_S = 5.0
PULL = timedelta(minutes=5)
AGAIN = timedelta(minutes=1)
"""How long an operator is left alone after a failure."""
LEASE_S = 60.0
MISSED = 100
"""Notices that are missing from a list and asked for one by one, in one go."""
_log = structlog.get_logger(__name__)


@dataclass
class Listener:
    """Looks after the desks; ``asked`` are the operators that were asked by this process."""

    runtime: Runtime
    desks: Desks
    asked: set[str] = field(default_factory=set)

    async def look(self) -> None:
        """Read whatever is due; one operator's trouble does not keep the others waiting."""
        async with self.runtime.db.transaction() as tx:
            rows = [row for row in await every_connection(tx, SYSTEM, only_enabled=True) if has_desk(row)]
            states = {row["operator"]: await store.state(tx, row["operator_id"]) for row in rows}
        now = self.runtime.clock.now()
        due = [row for row in rows if self._due(row, states[row["operator"]], now)]
        await asyncio.gather(*(self._guarded(row) for row in due))

    def _due(self, row: Mapping[str, Any], state: Mapping[str, Any] | None, now: datetime) -> bool:
        if state is None:
            return True
        if state["failed_at"] is not None and state["failed_at"] > now - AGAIN:
            return False
        as_wanted = (state["callback"] or "") == callback_of(row["notification_url"])
        fresh = state["pulled_at"] is not None and state["pulled_at"] > now - PULL
        return not (as_wanted and fresh and row["operator"] in self.asked)

    async def _guarded(self, row: Mapping[str, Any]) -> None:
        code = row["operator"]
        lease = await take_lease(self.runtime.db, row["operator_id"], "desk", "notices", LEASE_S)
        if lease is None:
            return
        try:
            await self.read(row)
            self.asked.add(code)
        except (ConnectorError, NotFound, LeaseLost) as error:
            _log.warning("desk_unreadable", operator=code, error=error.detail)
            async with self.runtime.db.transaction() as tx:
                await store.failed(tx, row["operator_id"], error.detail, self.runtime.clock.now())
        finally:
            async with self.runtime.db.transaction() as tx:
                await lease.drop(tx)

    async def read(self, row: Mapping[str, Any]) -> None:
        """Ask for events, then read all: in this order nothing falls between the two."""
        desk = await self.desks(row["operator"])
        callback = callback_of(row["notification_url"])
        if callback:
            subscription = await desk.subscribe(callback)
            await self._leave(desk, row, subscription)
            async with self.runtime.db.transaction() as tx:
                await store.asked(tx, row["operator_id"], subscription, callback, self.runtime.clock.now())
        began = self.runtime.clock.now()
        async for page in desk.notices():
            origin = Origin(row["operator_id"], row["operator"], Source.PULL, self.runtime.clock.now())
            async with self.runtime.db.transaction() as tx:
                await take(tx, origin, page)
        await self._missed(desk, row, began)
        async with self.runtime.db.transaction() as tx:
            await store.pulled(tx, row["operator_id"], self.runtime.clock.now())

    async def _leave(self, desk: Desk, row: Mapping[str, Any], subscription: str) -> None:
        """End the events that were asked for under another address, so that no callback of ours is left behind."""
        async with self.runtime.db.snapshot() as tx:
            before = await store.state(tx, row["operator_id"])
        old = before["subscription"] if before else None
        if old and subscription and old != subscription:
            await desk.unsubscribe(old)

    async def _missed(self, desk: Desk, row: Mapping[str, Any], began: datetime) -> None:
        """Ask for each notice that the list did not hold: it may have slipped from one page to another meanwhile."""
        async with self.runtime.db.snapshot() as tx:
            refs = await notices.unlisted(tx, row["operator_id"], began, self.runtime.clock.now(), MISSED)
        for ref in refs:
            if await desk.knows(ref):
                continue
            origin = Origin(row["operator_id"], row["operator"], Source.PULL, self.runtime.clock.now())
            async with self.runtime.db.transaction() as tx:
                await vanish(tx, origin, ref, began)


def has_desk(row: Mapping[str, Any]) -> bool:
    """Whether a connection leads to an operator that announces over an interface that is known here."""
    return row["provider"] in PROVIDERS


async def watch(runtime: Runtime) -> None:
    """Look every few seconds, until cancelled."""
    listener = Listener(runtime, desks_of(runtime))
    while True:
        await listener.look()
        await asyncio.sleep(LOOK_S)
