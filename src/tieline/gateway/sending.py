"""Sends in the background what recipients are to be told: a task for each, in order, until it is taken (any 2xx).

A recipient is only ever called at an ``https`` address on a host that is registered for its utility, with this
gateway's certificate, and redirections are not followed. One that fails is left alone, longer each time, and what it is
to be told waits; it does not keep the others waiting.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Generic, Protocol, TypeVar

import httpx
import structlog

from tieline.gateway.model import LONGEST_WAIT
from tieline.gateway.objects.classes import is_registered
from tieline.gateway.parts import Parts, until
from tieline.platform.db import Tx

KEPT = timedelta(days=7)
"""How long something waits for a recipient that does not answer."""
IDLE_S = 5.0
"""The queue is looked at so often even if nothing says that something is in it."""
LEAST_S = 0.2
"""The shortest pause between two looks: what happens within it goes together."""
HOUSEKEEPING_S = 30.0
_FIRST_WAIT = timedelta(seconds=0.5)
_TAKEN = range(200, 300)
_HEADERS = {"Content-Type": "application/json"}

_log: structlog.stdlib.BoundLogger = structlog.get_logger("tieline.gateway")


class Recipient(Protocol):
    """Who is to be told. ``attempts`` are those that failed in a row; ``name`` is for the log."""

    @property
    def id(self) -> int:
        """Its number."""
        ...

    @property
    def attempts(self) -> int:
        """How many attempts failed in a row."""
        ...

    @property
    def name(self) -> str:
        """What the log calls it."""
        ...


R = TypeVar("R", bound=Recipient)
P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of sending: which things are dealt with, in how many posts, and the error that stopped the rest."""

    ids: Sequence[int] = ()
    posts: int = 0
    error: str | None = None


class Sender(ABC, Generic[R, P]):
    """A background worker; one a gateway for each sort of thing that is told. ``signal`` says that there is something.

    Beneath it are a queue, and how what waits in it is put into posts.
    """

    what: ClassVar[str]

    def __init__(self, parts: Parts, client: httpx.AsyncClient, signal: asyncio.Event) -> None:
        self._parts = parts
        self._client = client
        self._signal = signal
        self._tidied = 0.0

    @abstractmethod
    async def ready(self, tx: Tx, now: datetime) -> Sequence[R]:
        """Give the recipients for whom something is due and who are not being left alone."""

    @abstractmethod
    async def pending(self, tx: Tx, recipient: R, now: datetime) -> Sequence[P]:
        """Give what a recipient is to be told next, in order, as much as goes before its success is written down."""

    @abstractmethod
    async def send(self, recipient: R, pending: Sequence[P]) -> Sent:
        """Post it, with :meth:`post`, up to the first failure."""

    @abstractmethod
    async def delivered(self, tx: Tx, recipient: R, sent: Sent, now: datetime) -> R:
        """Take what was taken off the queue; gives the recipient as it is now, without failed attempts."""

    @abstractmethod
    async def failed(self, tx: Tx, recipient: R, error: str, retry_at: datetime) -> None:
        """Leave a recipient alone until a moment."""

    @abstractmethod
    async def next_due(self, tx: Tx) -> datetime | None:
        """Say when something may next be sent, if anything is waiting."""

    @abstractmethod
    async def tidy(self, tx: Tx, now: datetime) -> int:
        """Give up what nobody has taken for too long; gives how many."""

    async def run(self) -> None:
        """Send until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self.round()
            if loop.time() - self._tidied > HOUSEKEEPING_S:
                await self._tidy()
                self._tidied = loop.time()
            async with self._parts.db.snapshot() as tx:
                due = await self.next_due(tx)
            await asyncio.sleep(LEAST_S)
            pause = IDLE_S if due is None else min(IDLE_S, (due - self._parts.clock.now()).total_seconds())
            if pause > 0:
                await until(self._signal, pause)

    async def round(self) -> None:
        """Tell each recipient what is due for it."""
        async with self._parts.db.transaction() as tx:
            recipients = await self.ready(tx, self._parts.clock.now())
        if recipients:
            async with asyncio.TaskGroup() as group:
                for recipient in recipients:
                    group.create_task(self._guarded(recipient))

    async def _guarded(self, recipient: R) -> None:
        try:
            await self._serve(recipient)
        except Exception as error:  # noqa: BLE001 - whatever it was, it is logged, and the recipient waits
            _log.exception("recipient failed", what=self.what, recipient=recipient.name)
            await self._leave(recipient, type(error).__name__)

    async def _serve(self, recipient: R) -> None:
        """Tell one recipient what is due, a batch at a time; after a failure the rest waits."""
        while True:
            async with self._parts.db.snapshot() as tx:
                pending = await self.pending(tx, recipient, self._parts.clock.now())
            if not pending:
                return
            sent = await self.send(recipient, pending)
            if sent.ids:
                async with self._parts.db.transaction() as tx:
                    recipient = await self.delivered(tx, recipient, sent, self._parts.clock.now())
            if sent.error is not None:
                _log.warning("not taken", what=self.what, recipient=recipient.name, error=sent.error)
                await self._leave(recipient, sent.error)
                return

    async def _leave(self, recipient: R, error: str) -> None:
        async with self._parts.db.transaction() as tx:
            retry_at = self._parts.clock.now() + wait(recipient.attempts + 1)
            await self.failed(tx, recipient, error, retry_at)

    async def post(self, url: str, hosts: frozenset[str], body: bytes, copies: int = 1) -> str | None:
        """Post a body, as often as there are to be copies of it; gives why it was not taken."""
        if not is_registered(url, hosts):
            return "the recipient's host is no longer registered for the utility"
        for _ in range(copies):
            try:
                response = await self._client.post(url, content=body, headers=_HEADERS)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                return f"{type(error).__name__}: {error}"
            if response.status_code not in _TAKEN:
                return f"answered {response.status_code}"
        return None

    async def _tidy(self) -> None:
        async with self._parts.db.transaction() as tx:
            count = await self.tidy(tx, self._parts.clock.now())
        if count:
            _log.warning("given up", what=self.what, count=count)


def wait(attempts: int) -> timedelta:
    """How long a recipient is left alone after so many failures in a row: doubled each time, a minute at most."""
    doubled: timedelta = _FIRST_WAIT * (1 << min(attempts - 1, 10))
    return min(doubled, LONGEST_WAIT)
