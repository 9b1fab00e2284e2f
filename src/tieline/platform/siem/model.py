"""What is exported, and how far it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from tieline.platform.db import Tx


class Form(StrEnum):
    """How the body of a message is written."""

    CEF = "cef"
    JSON = "json"
    STRUCTURED = "structured"


@dataclass(frozen=True, slots=True)
class Event:
    """An entry of a trail as it goes out. ``number`` counts within ``source``; ``hash`` is its link in a chain."""

    source: str
    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]
    request_id: str = ""
    hash: str = ""


class Source(Protocol):
    """A trail whose entries are numbered in the order in which they are to go out, and never altered."""

    @property
    def name(self) -> str:
        """Which trail, for its cursor and for the receiver."""
        ...

    async def after(self, tx: Tx, number: int, limit: int) -> Sequence[Event]:
        """The next entries behind a number; none that another could still come before."""
        ...

    async def end(self, tx: Tx) -> int:
        """The number of the last entry; 0 when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a trail was sent, when last, and what went wrong last."""

    source: str
    sent: int
    sent_at: datetime | None
    error: str
    error_at: datetime | None


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a trail is doing. ``end`` is the number of its last entry."""

    cursor: Cursor
    end: int

    @property
    def waiting(self) -> int:
        """Entries that are still to go out, for a trail whose numbers have no gaps."""
        return max(0, self.end - self.cursor.sent)

    @property
    def troubled(self) -> bool:
        """Whether the last thing that happened was an error."""
        cursor = self.cursor
        return bool(cursor.error) and (cursor.sent_at is None or (cursor.error_at or cursor.sent_at) >= cursor.sent_at)


@dataclass(frozen=True, slots=True)
class State:
    """Where trails go, and how each is doing. ``target`` empty: nowhere."""

    target: str
    form: str
    sources: tuple[SourceState, ...]
