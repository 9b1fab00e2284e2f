"""Sends event reports to the destinations of event subscriptions (see ``sending``), up to so many in one post."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import httpx
import msgspec
from psycopg.rows import DictRow

from tieline.gateway.exposure.monitoring import store
from tieline.gateway.exposure.monitoring.policy import Recipient
from tieline.gateway.northbound.answers import EVENTS
from tieline.gateway.parts import Parts
from tieline.gateway.sending import KEPT, Sender, Sent
from tieline.platform.db import Tx

BATCH = 100


class EventSender(Sender[Recipient, DictRow]):
    """The background worker of event reports; one a gateway."""

    what = "event reports"

    def __init__(self, parts: Parts, client: httpx.AsyncClient) -> None:
        super().__init__(parts, client, parts.signals.events)

    async def ready(self, tx: Tx, now: datetime) -> list[Recipient]:
        """Event subscriptions with something to be sent."""
        return await store.ready(tx, now)

    async def pending(self, tx: Tx, recipient: Recipient, now: datetime) -> list[DictRow]:
        """What goes into the next notification."""
        return _together(await store.pending(tx, recipient.id, now, BATCH))

    async def send(self, recipient: Recipient, pending: Sequence[DictRow]) -> Sent:
        """Post one notification."""
        link = f"{self._parts.base_url}{EVENTS}/{recipient.code}/subscriptions/{recipient.id}"
        reports = [one["report"] for one in pending if one["report"] is not None]
        body = msgspec.json.encode({"subscription": link, **({"monitoringEventReports": reports} if reports else {})})
        copies = max(one["copies"] for one in pending)
        error = await self.post(recipient.destination, recipient.hosts, body, copies)
        return Sent(error=error) if error is not None else Sent([one["id"] for one in pending], 1)

    async def delivered(self, tx: Tx, recipient: Recipient, sent: Sent, now: datetime) -> Recipient:
        """Take them off the list."""
        del now
        await store.delivered(tx, recipient.id, sent.ids)
        return replace(recipient, attempts=0)

    async def failed(self, tx: Tx, recipient: Recipient, error: str, retry_at: datetime) -> None:
        """What is to be told stays on the list."""
        await store.failed(tx, recipient.id, error, retry_at)

    async def next_due(self, tx: Tx) -> datetime | None:
        """When something is next to be sent."""
        return await store.next_due(tx)

    async def tidy(self, tx: Tx, now: datetime) -> int:
        """Drop reports that nobody ever took; forget event subscriptions that have run out, too."""
        dropped = await store.give_up(tx, now - KEPT)
        await store.forget_over(tx, now)
        return dropped


def _together(pending: list[DictRow]) -> list[DictRow]:
    """Give what goes into the next notification: a test alone, one that is to come twice alone, others together."""
    alike: list[DictRow] = []
    for one in pending:
        if one["report"] is None or one["copies"] != 1:
            return alike or [one]
        alike.append(one)
    return alike
