"""The port: what every connector does for the platform. ``tests/contract/connectors`` is its other half.

A provider says honestly, by the error it raises, what is known of the effect of a call (see ``errors``). It keeps no
state of its own beyond its connections: what must survive a crash is in our database and at the operator.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from tieline.utility.connectors.capabilities import Capabilities
from tieline.utility.connectors.model import Batch, Outcome, Report, Verdict

Leaves = Callable[[], None]
Turn = Callable[[], Awaitable[Leaves]]
"""Waits until another request may be made; raises a ``ConnectorError`` when none may be made now.

What it gives is to be called when the request leaves, which may be later than at once: a connection had to be opened.
"""


def at_once() -> None:
    """Nobody is told when the request leaves."""


async def no_wait() -> Leaves:
    """The turn of a connector that nobody paces."""
    return at_once


@dataclass(frozen=True, slots=True)
class Feed:
    """Notifications that an operator has been asked to send. ``id`` is the operator's name for the subscription."""

    id: str
    recipient: str
    heartbeat_seconds: int


@runtime_checkable
class Connector(Protocol):
    """An operator's platform."""

    @property
    def capabilities(self) -> Capabilities:
        """What the platform can do."""
        ...

    def paced(self, turn: Turn) -> None:
        """Await ``turn`` before each request to the operator from now on: that keeps the permitted rate."""
        ...

    async def validate(self, batch: Batch) -> Sequence[Verdict]:
        """Ask what would happen, without an effect; one verdict for each operation, in order."""
        ...

    async def submit(self, batch: Batch, key: str) -> str:
        """Hand a batch over and return the operator's reference of it.

        ``key`` makes it happen once: a second call with the same key and batch returns the first one's reference.
        Where the platform lacks keys (``finds_by_key`` is false) the connector has to keep to that by other means.
        """
        ...

    async def find(self, key: str) -> str | None:
        """The reference of the batch that was handed over under a key, or None when none was."""
        ...

    async def outcome(self, reference: str) -> Outcome:
        """How far the operator has got with a batch; complete results once its state is over."""
        ...

    async def read_back(self, reference: str, refs: Sequence[str]) -> Sequence[Report]:
        """Read the subscriptions of a batch as the network has them now.

        ``refs`` are those wanted; more may be answered, in any order. One that does not exist is left out.
        """
        ...

    def read_all(self) -> AsyncIterator[Sequence[Report]]:
        """Read every subscription, in pages as they come; nothing is held in memory as a whole."""
        ...

    async def cancel(self, reference: str) -> None:
        """Ask the operator to stop a batch; what is done stays done. Its outcome then tells."""
        ...

    async def subscribe(self, recipient: str, *, heartbeat_seconds: int) -> Feed:
        """Ask for notifications of every change to be sent to a URL; asking again replaces."""
        ...

    async def unsubscribe(self, feed: str) -> None:
        """End notifications; ending what has ended is no error."""
        ...

    async def watch_devices(self, recipient: str, *, until: datetime) -> str:
        """Ask for word, sent to a URL until a moment, of every SIM that is used with another device; gives its name."""
        ...

    async def unwatch_devices(self, watch: str) -> None:
        """End that; ending what has ended is no error."""
        ...

    async def close(self) -> None:
        """Give up connections."""
        ...
