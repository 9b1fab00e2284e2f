"""Sends what is to be told, and heartbeats, in the background: a task for each recipient, in order, until it is taken.

A recipient is only ever called at an ``https`` address on a host that is registered for its utility, with this
gateway's certificate, and redirections are not followed.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import httpx
import structlog

from tieline.gateway.notify import store
from tieline.gateway.notify.messages import Address, Post, posts
from tieline.gateway.notify.model import BATCH, QUEUE, Pending, Recipient, wait
from tieline.gateway.objects.classes import is_registered
from tieline.gateway.parts import Parts, until
from tieline.platform.clock import Clock
from tieline.standards.mns.errors import RepresentationError
from tieline.standards.mns.subscriptions import Subscription, read_subscription

IDLE_S = 5.0
"""The queue is looked at so often even if nothing says that something is in it."""
LEAST_S = 0.2
"""The shortest pause between two looks: what happens within it goes together."""
KEPT = timedelta(days=7)
HOUSEKEEPING_S = 30.0
_TAKEN = range(200, 300)

_log: structlog.stdlib.BoundLogger = structlog.get_logger("tieline.gateway")


class Sender:
    """The background worker of notifications; one a gateway."""

    def __init__(self, parts: Parts, client: httpx.AsyncClient) -> None:
        self._parts = parts
        self._client = client
        self._address = Address(parts.provisioning_url, f"SubNetwork={parts.settings.code},MnsAgent=gateway")
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
            pause = _seconds_until(due, self._parts.clock)
            if pause > 0:
                await until(self._parts.signals.notifications, pause)

    async def round(self) -> None:
        """Queue heartbeats that are due, then tell each recipient what is due for it."""
        now = self._parts.clock.now()
        async with self._parts.db.transaction() as tx:
            await store.beat(tx, now)
            recipients = await store.ready(tx, now)
        if recipients:
            async with asyncio.TaskGroup() as group:
                for recipient in recipients:
                    group.create_task(self._guarded(recipient))

    async def _guarded(self, recipient: Recipient) -> None:
        """Serve one recipient; what goes wrong with one does not keep the others waiting."""
        try:
            await self._serve(recipient)
        except Exception as error:  # noqa: BLE001 - whatever it was, it is logged, and the recipient waits
            _log.exception("recipient failed", recipient=str(recipient.dn))
            now = self._parts.clock.now()
            async with self._parts.db.transaction() as tx:
                await store.failed(tx, recipient.id, type(error).__name__, now + wait(recipient.attempts + 1))

    async def _serve(self, recipient: Recipient) -> None:
        """Tell one recipient what is due, a batch at a time; after a failure the rest waits."""
        subscription = _usable(recipient)
        while True:
            now = self._parts.clock.now()
            async with self._parts.db.snapshot() as tx:
                pending = await store.pending(tx, recipient.id, now, BATCH)
            if not pending:
                return
            ids, sent, error = await self._send(recipient, subscription, pending)
            now = self._parts.clock.now()
            async with self._parts.db.transaction() as tx:
                if ids:
                    await store.delivered(tx, recipient.id, ids, sent, now)
                if error:
                    await store.failed(tx, recipient.id, error, now + wait(1 if ids else recipient.attempts + 1))
            if error:
                _log.warning("notification not taken", recipient=str(recipient.dn), error=error)
                return
            recipient = replace(recipient, attempts=0, delivered=recipient.delivered + sent)

    async def _send(
        self, recipient: Recipient, subscription: Subscription | str, pending: Sequence[Pending]
    ) -> tuple[list[int], int, str | None]:
        """Post a batch; gives what was dealt with, how many posts that took, and the error that stopped it."""
        if isinstance(subscription, str):
            return [], 0, subscription
        done: list[int] = []
        sent = 0
        for post in posts(recipient, subscription, pending, self._address):
            error = await self._post(subscription.recipient, post)
            if error is not None:
                return done, sent, error
            done += post.ids
            sent += bool(post.body)
            await asyncio.sleep(0)
        return done, sent, None

    async def _post(self, url: str, post: Post) -> str | None:
        for _ in range(post.copies if post.body else 0):
            try:
                response = await self._client.post(url, content=post.body, headers={"Content-Type": "application/json"})
            except httpx.HTTPError as error:
                return f"{type(error).__name__}: {error}"
            if response.status_code not in _TAKEN:
                return f"answered {response.status_code}"
        return None

    async def _tidy(self) -> None:
        """Replace queues that nobody has emptied for too long by the advice to read again."""
        async with self._parts.db.transaction() as tx:
            count = await store.overflow(tx, QUEUE, self._parts.clock.now(), KEPT)
        if count:
            _log.warning("notifications given up", recipients=count)


def _usable(recipient: Recipient) -> Subscription | str:
    """Give the subscription, or why nothing may be sent: the contract may have changed since it was made."""
    try:
        subscription = read_subscription(recipient.attributes)
    except RepresentationError as error:
        return str(error)
    if not is_registered(subscription.recipient, recipient.hosts):
        return "the recipient's host is no longer registered for the utility"
    return subscription


def _seconds_until(due: datetime | None, clock: Clock) -> float:
    return IDLE_S if due is None else min(IDLE_S, (due - clock.now()).total_seconds())
