"""The port: what every way to an operator's desk does. Errors are those of connectors."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from tieline.utility.notices.model import Answer, Told


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to a revision of a notice. ``key`` makes it happen once; ``words`` are for people, by ``author``."""

    ref: str
    revision: int
    answer: Answer
    words: str
    author: str
    key: str


@runtime_checkable
class Desk(Protocol):
    """Where an operator announces."""

    async def subscribe(self, callback: str) -> str:
        """Ask for events at a URL, and return the operator's name for that; asking again changes nothing."""
        ...

    async def unsubscribe(self, subscription: str) -> None:
        """End events; ending what has ended is no error."""
        ...

    def notices(self) -> AsyncIterator[Sequence[Told]]:
        """Read everything that is announced to us, in pages as they come."""
        ...

    async def knows(self, ref: str) -> bool:
        """Whether the operator still has a notice that it called so."""
        ...

    async def reply(self, reply: Reply) -> Told:
        """Say yes or no to a revision; gives the notice as it then is. Raises ``Rejected`` when it is not taken."""
        ...
