"""Sends event reports in the background, in order, until they are taken: 2xx. Up to so many go in one notification."""

import asyncio
from datetime import timedelta

import httpx
import msgspec
import structlog
from psycopg.rows import DictRow

from tieline.gateway.exposure.monitoring import store
from tieline.gateway.northbound.answers import EVENTS
from tieline.gateway.notify.model import wait
from tieline.gateway.objects.classes import is_registered
from tieline.gateway.parts import Parts, until

BATCH = 100
IDLE_S = 5.0
KEPT = timedelta(days=7)
_TAKEN = range(200, 300)

_log: structlog.stdlib.BoundLogger = structlog.get_logger("tieline.gateway")


class EventSender:
    """The background worker of event reports; one a gateway."""

    def __init__(self, parts: Parts, client: httpx.AsyncClient) -> None:
        self._parts = parts
        self._client = client

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            await self.round()
            async with self._parts.db.transaction() as tx:
                now = self._parts.clock.now()
                await store.forget_over(tx, now, now - KEPT)
                due = await store.next_due(tx)
            pause = IDLE_S if due is None else min(IDLE_S, (due - now).total_seconds())
            await until(self._parts.signals.events, max(0.1, pause))

    async def round(self) -> None:
        """Tell each recipient what is due for it; one that fails does not keep the others waiting."""
        async with self._parts.db.snapshot() as tx:
            rows = await store.ready(tx, self._parts.clock.now())
        if rows:
            async with asyncio.TaskGroup() as group:
                for row in rows:
                    group.create_task(self._serve(row))

    async def _serve(self, row: DictRow) -> None:
        error: str | None = None
        while error is None:
            async with self._parts.db.snapshot() as tx:
                pending = await store.pending(tx, row["id"], self._parts.clock.now(), BATCH)
            if not pending:
                return
            batch = _together(pending)
            error = await self._post(row, batch)
            now = self._parts.clock.now()
            async with self._parts.db.transaction() as tx:
                if error is None:
                    await store.delivered(tx, row["id"], [one["id"] for one in batch])
                else:
                    await store.failed(tx, row["id"], error, now + wait(row["attempts"] + 1))
        _log.warning("event report not taken", subscription=row["id"], error=error)

    async def _post(self, row: DictRow, batch: list[DictRow]) -> str | None:
        hosts = frozenset(host.lower() for host in row["notification_hosts"])
        if not is_registered(row["destination"], hosts):
            return "the recipient's host is no longer registered for the utility"
        link = f"{self._parts.base_url}{EVENTS}/{row['code']}/subscriptions/{row['id']}"
        reports = [one["report"] for one in batch if one["report"] is not None]
        body = msgspec.json.encode({"subscription": link, **({"monitoringEventReports": reports} if reports else {})})
        for _ in range(max(one["copies"] for one in batch)):
            try:
                response = await self._client.post(
                    row["destination"], content=body, headers={"Content-Type": "application/json"}
                )
            except httpx.HTTPError as error:
                return f"{type(error).__name__}: {error}"
            if response.status_code not in _TAKEN:
                return f"answered {response.status_code}"
        return None


def _together(pending: list[DictRow]) -> list[DictRow]:
    """Give what goes into the next notification: a test alone, one that is to come twice alone, others together."""
    first = pending[0]
    if first["report"] is None or first["copies"] != 1:
        return [first]
    alike = []
    for one in pending:
        if one["report"] is None or one["copies"] != 1:
            break
        alike.append(one)
    return alike
