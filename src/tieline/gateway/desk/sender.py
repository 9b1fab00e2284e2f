"""Sends events to the callbacks of utilities in the background: a task for each, in order, until they are taken.

A callback is only ever called at an ``https`` address on a host that is registered for its utility, with this gateway's
certificate, and redirections are not followed. An event may come twice, with the same ``eventId``; what a callback has
not taken for a week is dropped, since the change requests themselves can be read.
"""

import asyncio
from datetime import datetime

import httpx
import msgspec
import structlog

from tieline.gateway.desk import store
from tieline.gateway.desk.model import BATCH, KEPT, Hub, wait
from tieline.gateway.objects.classes import is_registered
from tieline.gateway.parts import Parts, until

IDLE_S = 5.0
LEAST_S = 0.2
HOUSEKEEPING_S = 300.0
_TAKEN = range(200, 300)

_log: structlog.stdlib.BoundLogger = structlog.get_logger("tieline.gateway")


class HubSender:
    """The background worker of the hub; one a gateway."""

    def __init__(self, parts: Parts, client: httpx.AsyncClient) -> None:
        self._parts = parts
        self._client = client
        self._tidied = 0.0

    async def run(self) -> None:
        """Send until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self.round()
            if loop.time() - self._tidied > HOUSEKEEPING_S:
                await self._tidy()
                self._tidied = loop.time()
            async with self._parts.db.snapshot() as tx:
                due = await store.next_due(tx)
            await asyncio.sleep(LEAST_S)
            pause = self._seconds_until(due)
            if pause > 0:
                await until(self._parts.signals.hub, pause)

    async def round(self) -> None:
        """Tell each callback what waits for it."""
        async with self._parts.db.snapshot() as tx:
            hubs = await store.ready(tx, self._parts.clock.now())
        if hubs:
            async with asyncio.TaskGroup() as group:
                for hub in hubs:
                    group.create_task(self._guarded(hub))

    async def _guarded(self, hub: Hub) -> None:
        """Serve one callback; what goes wrong with one does not keep the others waiting."""
        try:
            await self._serve(hub)
        except Exception as error:  # noqa: BLE001 - whatever it was, it is logged, and the callback waits
            _log.exception("callback failed", hub=hub.id)
            await self._failed(hub, type(error).__name__, hub.attempts + 1)

    async def _serve(self, hub: Hub) -> None:
        attempts = hub.attempts
        while True:
            async with self._parts.db.snapshot() as tx:
                events = await store.waiting(tx, hub.id, BATCH)
            if not events:
                return
            done: list[int] = []
            error = None
            for one in events:
                error = await self._post(hub, msgspec.json.encode(one.body))
                if error is not None:
                    break
                done.append(one.id)
            if done:
                attempts = 0
                async with self._parts.db.transaction() as tx:
                    await store.delivered(tx, hub.id, done, self._parts.clock.now())
            if error is not None:
                _log.warning("event not taken", hub=hub.id, error=error)
                await self._failed(hub, error, attempts + 1)
                return

    async def _post(self, hub: Hub, body: bytes) -> str | None:
        """Send one event; gives why it was not taken."""
        if not is_registered(hub.callback, hub.hosts):
            return "the callback's host is no longer registered for the utility"
        try:
            headers = {"Content-Type": "application/json"}
            response = await self._client.post(hub.callback, content=body, headers=headers)
        except httpx.HTTPError as error:
            return f"{type(error).__name__}: {error}"
        return None if response.status_code in _TAKEN else f"answered {response.status_code}"

    async def _failed(self, hub: Hub, error: str, attempts: int) -> None:
        async with self._parts.db.transaction() as tx:
            await store.failed(tx, hub.id, error, self._parts.clock.now() + wait(attempts))

    async def _tidy(self) -> None:
        async with self._parts.db.transaction() as tx:
            count = await store.give_up(tx, self._parts.clock.now(), KEPT)
        if count:
            _log.warning("events given up", events=count)

    def _seconds_until(self, due: datetime | None) -> float:
        return IDLE_S if due is None else min(IDLE_S, (due - self._parts.clock.now()).total_seconds())
