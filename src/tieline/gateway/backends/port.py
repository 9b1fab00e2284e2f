"""What a gateway needs of the network behind it.

The gateway keeps what is wanted; the network does it in its own time and is asked how it went. Both questions may be
repeated at any time, after a crash too: ``admit`` has no effect, and ``apply`` asked twice leads to the same state.
No database transaction is open while a backend is asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol, runtime_checkable

from tieline.gateway.model import Consumer
from tieline.platform.db import Tx
from tieline.standards.tmf.announcements import Area
from tieline.standards.tmf.usage import Volume


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the network says to a change beforehand: ``refused`` holds its reason, None means that it would take it.

    ``seconds`` is how long it will then take, so that it is not asked before.
    """

    refused: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Order:
    """A subscription that the network is to bring into line. ``wanted`` holds every desired value that is set."""

    subscription: str
    wanted: Mapping[str, Any]
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an order: done, not done for good, or to be asked for again in ``again_s`` seconds."""

    done: bool
    again_s: float | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """A request that is to stay without an answer for so long; ``applied`` says whether it is carried out."""

    seconds: float
    applied: bool


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a notification: how often it is sent (0: never), and how much later."""

    copies: int = 1
    late_s: float = 0.0


@runtime_checkable
class Backend(Protocol):
    """A network, as far as the utilities' subscriptions go. Raises ``Unavailable`` when it does not answer."""

    async def admit(self, subscriptions: Sequence[str]) -> Sequence[Verdict]:
        """Ask whether changes of these subscriptions would be taken; one verdict each, in order, without effect."""
        ...

    async def apply(self, orders: Sequence[Order]) -> Sequence[Outcome]:
        """Bring subscriptions into line; one outcome each, in order."""
        ...

    async def close(self) -> None:
        """Give up connections."""
        ...


class Radio:
    """What follows in the radio network once subscriptions are what they should be: in a real one, by itself.

    A simulated one attaches and detaches here, in the transaction in which the operational state is taken down.
    """

    async def follow(self, tx: Tx, consumer: Consumer, object_ids: Sequence[int], now: datetime) -> None:
        """Act on new operational states of subscriptions, which are locked."""
        del tx, consumer, object_ids, now

    async def struck(self, tx: Tx, rat: str | None, area: Area) -> Mapping[str, int] | None:
        """How many subscriptions of each utility are served by a technology (None: any) within an area now.

        None where the network cannot tell: it knows no such places.
        """
        del tx, rat, area
        return None


class Interference:
    """What stands between a utility and a gateway that works: nothing. A simulated network may stand in the way."""

    def down(self) -> bool:
        """Whether every request is to be refused."""
        return False

    def holding(self) -> bool:
        """Whether ``hold`` may have something to say: finding out which subscriptions a request is about costs."""
        return False

    def hold(self, subscriptions: Sequence[str]) -> Hold | None:
        """Whether a request about these subscriptions is to stay without an answer."""
        del subscriptions
        return None

    def fate(self, subscription: str) -> Fate:
        """What becomes of a notification about a subscription."""
        del subscription
        return Fate()


@dataclass(frozen=True, slots=True)
class Metered:
    """A subscription that traffic is counted of: its state in the network, and its subscription group."""

    subscription: str
    state: str
    group: str


class Meter:
    """What counts traffic. A real one asks the operator's mediation; without one nothing is counted.

    ``origin`` says whence the figures are, in words that stand with every record; empty: the network.
    """

    origin = ""

    def month(self, subscriptions: Sequence[Metered], month: date) -> Sequence[Sequence[Volume | None]]:
        """Every day of a month for each of some subscriptions, in order; None: nothing is known of that day."""
        del month
        return [() for _ in subscriptions]
