"""What is asked of a site's application, and what it answered. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Why(StrEnum):
    """What came of asking; only ``ANSWERED`` says that the application is in service."""

    ANSWERED = "answered"
    NO_ADDRESS = "no_address"
    NOT_ALLOWED = "not_allowed"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    NO_CONNECTION = "no_connection"
    SILENT = "silent"
    CLOSED = "closed"
    GARBLED = "garbled"
    NO_WAY = "no_way"

    @property
    def sentence(self) -> str:
        """What it means, for people."""
        return _SENTENCES[self]

    @property
    def is_final(self) -> bool:
        """Whether asking again within the same probe is of no use."""
        return self in {Why.ANSWERED, Why.NO_ADDRESS, Why.NOT_ALLOWED}


_SENTENCES = {
    Why.ANSWERED: "The application answered.",
    Why.NO_ADDRESS: "The subscription has no fixed address.",
    Why.NOT_ALLOWED: "Its address is none that a site may have.",
    Why.UNREACHABLE: "The network knows nobody at this address now.",
    Why.REFUSED: "Somebody is there, but the application does not listen.",
    Why.NO_CONNECTION: "No connection came about in time.",
    Why.SILENT: "The application took the connection and did not answer in time.",
    Why.CLOSED: "The application closed the connection without an answer.",
    Why.GARBLED: "What answered does not speak IEC 60870-5-104.",
    Why.NO_WAY: "The way into the operator's network, our proxy, did not work: nothing is known of the site.",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of asking once; times in milliseconds. ``rtt_ms`` is from the test frame to its confirmation."""

    why: Why
    connect_ms: float | None = None
    rtt_ms: float | None = None

    @property
    def ok(self) -> bool:
        """Whether the application is in service."""
        return self.why is Why.ANSWERED


@dataclass(frozen=True, slots=True)
class Latest:
    """The last answer of a subscription's application."""

    subscription_id: int
    ok: bool
    why: Why
    address: str | None
    connect_ms: float | None
    rtt_ms: float | None
    origin: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Probe:
    """A probe as it is listed; without ``answered_at`` it waits."""

    id: int
    subscription_id: int
    origin: str
    key: str
    operator: str
    asked_by: str
    asked_at: datetime
    attempts: int
    answered_at: datetime | None
    ok: bool | None
    why: Why | None
    address: str | None
    connect_ms: float | None
    rtt_ms: float | None


@dataclass(frozen=True, slots=True)
class ProbeFilter:
    """Which probes to list."""

    subscription_id: int | None = None
    ok: bool | None = None
    waiting: bool | None = None
    why: Why | None = None
    origin: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """The last answer of an application, and the site that it stands at; ``waiting_since``: it is being asked again."""

    subscription_id: int
    operator: str
    ref: str
    site_id: int | None
    site_name: str | None
    region: str | None
    ok: bool
    why: Why
    address: str | None
    rtt_ms: float | None
    at: datetime
    waiting_since: datetime | None


@dataclass(frozen=True, slots=True)
class AnswerFilter:
    """Which last answers to list: ``before`` those that are as old, ``text`` in a site's name, a SIM or an address."""

    ok: bool | None = None
    whys: Sequence[str] = ()
    operators: Sequence[str] = ()
    regions: Sequence[str] = ()
    before: datetime | None = None
    waiting: bool | None = None
    text: str = ""
    site_id: int | None = None


class Taken(NamedTuple):
    """A probe that this process is to carry out."""

    id: int
    subscription_id: int
    origin: str
    key: str
    attempts: int


class Settled(NamedTuple):
    """A probe and what came of it; ``again_at`` says that it is to be asked once more."""

    probe: Taken
    address: str | None
    answer: Answer
    at: datetime
    again_at: datetime | None = None
