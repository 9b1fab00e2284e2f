"""Sends notifications of the object tree, and heartbeats, to the recipients of subscriptions (see ``sending``)."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import httpx

from tieline.gateway.notify import store
from tieline.gateway.notify.messages import Address, posts
from tieline.gateway.notify.model import BATCH, QUEUE, Pending, Recipient
from tieline.gateway.parts import Parts
from tieline.gateway.sending import KEPT, Sent
from tieline.gateway.sending import Sender as Base
from tieline.platform.db import Tx
from tieline.standards.mns.errors import RepresentationError
from tieline.standards.mns.subscriptions import read_subscription


class Sender(Base[Recipient, Pending]):
    """The background worker of notifications; one a gateway."""

    what = "notifications"

    def __init__(self, parts: Parts, client: httpx.AsyncClient) -> None:
        super().__init__(parts, client, parts.signals.notifications)
        self._address = Address(parts.provisioning_url, f"SubNetwork={parts.settings.code},MnsAgent=gateway")

    async def ready(self, tx: Tx, now: datetime) -> list[Recipient]:
        """Queue heartbeats that are due first."""
        await store.beat(tx, now)
        return await store.ready(tx, now)

    async def pending(self, tx: Tx, recipient: Recipient, now: datetime) -> list[Pending]:
        """What is due, in order."""
        return await store.pending(tx, recipient.id, now, BATCH)

    async def send(self, recipient: Recipient, pending: Sequence[Pending]) -> Sent:
        """Post a batch; what the recipient's filter drops is dealt with without a post."""
        try:
            subscription = read_subscription(recipient.attributes)
        except RepresentationError as unusable:
            return Sent(error=str(unusable))
        done: list[int] = []
        sent = 0
        for made in posts(recipient, subscription, pending, self._address):
            if made.body:
                error = await self.post(subscription.recipient, recipient.hosts, made.body, made.copies)
                if error is not None:
                    return Sent(done, sent, error)
                sent += 1
            done += made.ids
            await asyncio.sleep(0)
        return Sent(done, sent)

    async def delivered(self, tx: Tx, recipient: Recipient, sent: Sent, now: datetime) -> Recipient:
        """Count the posts: their number is the next one's place in the sequence."""
        await store.delivered(tx, recipient.id, sent.ids, sent.posts, now)
        return replace(recipient, attempts=0, delivered=recipient.delivered + sent.posts)

    async def failed(self, tx: Tx, recipient: Recipient, error: str, retry_at: datetime) -> None:
        """What waits stays in the queue."""
        await store.failed(tx, recipient.id, error, retry_at)

    async def next_due(self, tx: Tx) -> datetime | None:
        """Heartbeats count too."""
        return await store.next_due(tx)

    async def tidy(self, tx: Tx, now: datetime) -> int:
        """Replace queues that nobody has emptied for too long by the advice to read again."""
        return await store.overflow(tx, QUEUE, now, KEPT)
