"""What an event is, what came of it, and how long a failed delivery waits."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

CHANNEL = "tieline_outbox"
ATTEMPTS = 12
RETENTION = timedelta(days=7)
_FIRST_WAIT = timedelta(seconds=0.5)
LONGEST_WAIT = timedelta(minutes=5)
_JITTER = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, as it was told in the transaction that made it so.

    ``key`` names the thing it happened to; a handler gets the events of one key in their order.
    """

    id: int
    topic: str
    key: str
    payload: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to a handler, and how often that was tried."""

    event: Event
    attempts: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A delivery that was given up after its last attempt, kept until somebody revives it."""

    handler: str
    event: Event
    attempts: int
    error: str


@dataclass(frozen=True, slots=True)
class Status:
    """How far behind the handlers are: deliveries waiting and dead, and the age of the oldest waiting, in seconds."""

    waiting: int
    dead: int
    lag: float


def wait_after(attempts: int) -> timedelta:
    """How long to wait after so many failed attempts: doubling, at most five minutes, with jitter of a half."""
    doubled = _FIRST_WAIT * float(1 << min(attempts - 1, 20))
    return min(doubled, LONGEST_WAIT) * _JITTER.uniform(0.5, 1.0)
