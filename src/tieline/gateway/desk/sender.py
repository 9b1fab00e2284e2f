"""Sends events of change requests to the callbacks of utilities (see ``sending``).

An event may come twice, with the same ``eventId``; what a callback has not taken for a week is dropped, since the
change requests themselves can be read.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import httpx
import msgspec

from tieline.gateway.desk import store
from tieline.gateway.desk.model import BATCH, Hub, Waiting
from tieline.gateway.parts import Parts
from tieline.gateway.sending import KEPT, Sender, Sent
from tieline.platform.db import Tx


class HubSender(Sender[Hub, Waiting]):
    """The background worker of the hub; one a gateway."""

    what = "change request events"

    def __init__(self, parts: Parts, client: httpx.AsyncClient) -> None:
        super().__init__(parts, client, parts.signals.hub)

    async def ready(self, tx: Tx, now: datetime) -> list[Hub]:
        """Callbacks for which something waits."""
        return await store.ready(tx, now)

    async def pending(self, tx: Tx, recipient: Hub, now: datetime) -> list[Waiting]:
        """Whatever waits is due."""
        del now
        return await store.waiting(tx, recipient.id, BATCH)

    async def send(self, recipient: Hub, pending: Sequence[Waiting]) -> Sent:
        """Post events one by one."""
        done: list[int] = []
        for one in pending:
            error = await self.post(recipient.callback, recipient.hosts, msgspec.json.encode(one.body))
            if error is not None:
                return Sent(done, len(done), error)
            done.append(one.id)
        return Sent(done, len(done))

    async def delivered(self, tx: Tx, recipient: Hub, sent: Sent, now: datetime) -> Hub:
        """Take them off the queue."""
        await store.delivered(tx, recipient.id, sent.ids, now)
        return replace(recipient, attempts=0)

    async def failed(self, tx: Tx, recipient: Hub, error: str, retry_at: datetime) -> None:
        """What waits stays in the queue."""
        await store.failed(tx, recipient.id, error, retry_at)

    async def next_due(self, tx: Tx) -> datetime | None:
        """When a callback may next be tried."""
        return await store.next_due(tx)

    async def tidy(self, tx: Tx, now: datetime) -> int:
        """Drop what nobody has taken for too long."""
        return await store.give_up(tx, now, KEPT)
