"""The connector to a platform in memory."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from itertools import islice

from tieline.utility.connectors.capabilities import Capabilities
from tieline.utility.connectors.errors import Throttled, Unknown, Unreachable
from tieline.utility.connectors.model import Batch, Outcome, Report, Verdict
from tieline.utility.connectors.port import Feed, Turn, no_wait
from tieline.utility.connectors.providers.reference.platform import Platform
from tieline.utility.connectors.registry import Connection

PAGE = 500


class ReferenceConnector:
    """Every operation of the port, over a :class:`Platform`."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._turn: Turn = no_wait

    @property
    def capabilities(self) -> Capabilities:
        """What the platform declares."""
        return self._platform.capabilities

    def paced(self, turn: Turn) -> None:
        """Await ``turn`` before each call."""
        self._turn = turn

    async def validate(self, batch: Batch) -> Sequence[Verdict]:
        """Verdicts without an effect."""
        await self._arrive()
        return self._platform.validate(batch)

    async def submit(self, batch: Batch, key: str) -> str:
        """Hand over a batch; answers may be lost on the way."""
        await self._arrive()
        behaviour = self._platform.behaviour
        if behaviour.lost_requests > 0:
            behaviour.lost_requests -= 1
            raise Unknown("The connection broke before the operator answered.")
        reference = self._platform.submit(batch, key)
        if behaviour.lost_answers > 0:
            behaviour.lost_answers -= 1
            raise Unknown("The connection broke before the operator answered.")
        return reference

    async def find(self, key: str) -> str | None:
        """Look a batch up by its key."""
        await self._arrive()
        return self._platform.find(key)

    async def outcome(self, reference: str) -> Outcome:
        """How far a batch is."""
        await self._arrive()
        return self._platform.outcome(reference)

    async def read_back(self, reference: str, refs: Sequence[str]) -> Sequence[Report]:
        """The subscriptions of a batch as they are now."""
        del reference  # this platform is asked by subscription
        await self._arrive()
        return self._platform.read(refs)

    async def read_all(self) -> AsyncIterator[Sequence[Report]]:
        """Every subscription."""
        await self._arrive()
        reports = iter(self._platform.read())
        while page := list(islice(reports, PAGE)):
            yield page

    async def cancel(self, reference: str) -> None:
        """Stop a batch."""
        await self._arrive()
        self._platform.cancel(reference)

    async def subscribe(self, recipient: str, *, heartbeat_seconds: int) -> Feed:
        """Ask for notifications."""
        await self._arrive()
        self._platform.feeds["feed"] = recipient
        return Feed("feed", recipient, heartbeat_seconds)

    async def unsubscribe(self, feed: str) -> None:
        """End notifications."""
        await self._arrive()
        self._platform.feeds.pop(feed, None)

    async def watch_devices(self, recipient: str, *, until: datetime) -> str:
        """Ask for word of devices."""
        del until  # tests end it themselves
        await self._arrive()
        self._platform.watches["watch"] = recipient
        return "watch"

    async def unwatch_devices(self, watch: str) -> None:
        """End it."""
        await self._arrive()
        self._platform.watches.pop(watch, None)

    async def close(self) -> None:
        """Nothing is held."""

    async def _arrive(self) -> None:
        leaves = await self._turn()
        leaves()
        self._platform.calls += 1
        behaviour = self._platform.behaviour
        if behaviour.down:
            raise Unreachable("The operator refuses connections.")
        if behaviour.throttled > 0:
            behaviour.throttled -= 1
            raise Throttled("Too many calls.", retry_after=behaviour.retry_after)


async def open_connector(connection: Connection) -> ReferenceConnector:
    """Open a connector to the platform given as ``details["platform"]``, or to an empty one."""
    platform = connection.details.get("platform")
    return ReferenceConnector(platform if isinstance(platform, Platform) else Platform())
