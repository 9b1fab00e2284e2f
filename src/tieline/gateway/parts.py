"""What a running gateway is made of: handed to whatever answers a request or works in the background."""

import asyncio
from dataclasses import dataclass, field

from tieline.gateway.backends.port import Backend, Interference, Meter, Radio
from tieline.gateway.settings import GatewaySettings
from tieline.gateway.tally import Tally
from tieline.gateway.traffic import Traffic
from tieline.gateway.utilities.limits import RateLimit
from tieline.platform.clock import Clock
from tieline.platform.db import Database


@dataclass(frozen=True, slots=True)
class Signals:
    """Wakes what works in the background, once there is something to do in the database."""

    plans: asyncio.Event = field(default_factory=asyncio.Event)
    triggers: asyncio.Event = field(default_factory=asyncio.Event)
    network: asyncio.Event = field(default_factory=asyncio.Event)
    notifications: asyncio.Event = field(default_factory=asyncio.Event)
    exposure: asyncio.Event = field(default_factory=asyncio.Event)
    hub: asyncio.Event = field(default_factory=asyncio.Event)
    events: asyncio.Event = field(default_factory=asyncio.Event)

    def changed(self) -> None:
        """Objects changed: the network has orders, recipients have something to be told."""
        self.network.set()
        self.notifications.set()
        self.events.set()


@dataclass(frozen=True, slots=True)
class Parts:
    """One gateway process. ``base_url`` is where utilities find the standard interfaces."""

    settings: GatewaySettings
    db: Database
    clock: Clock
    backend: Backend
    interference: Interference
    base_url: str
    radio: Radio = field(default_factory=Radio)
    meter: Meter = field(default_factory=Meter)
    limit: RateLimit = field(default_factory=RateLimit)
    signals: Signals = field(default_factory=Signals)
    traffic: Traffic = field(default_factory=Traffic)
    tally: Tally = field(default_factory=Tally)

    @property
    def provisioning_url(self) -> str:
        """Where the tree of objects begins."""
        return f"{self.base_url}/3gpp-mns/ProvMnS/v1"


async def until(event: asyncio.Event, seconds: float) -> None:
    """Wait until an event is set or so many seconds have passed; the event is cleared."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
    event.clear()
