"""The port: what every way to an operator's usage records does. Errors are those of connectors."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from typing import Protocol, runtime_checkable

from tieline.standards.tmf.usage import Stretch


@runtime_checkable
class Records(Protocol):
    """Where an operator keeps what our subscriptions used. Pages come as they are read; each may be read again."""

    def month(self, month: date) -> AsyncIterator[Sequence[Stretch]]:
        """A month by subscription, each up to the last day that is closed; nothing when the operator has none."""
        ...

    def day(self, day: date) -> AsyncIterator[Sequence[Stretch]]:
        """A day, by subscription; nothing before it is closed."""
        ...

    def corrected(self, since: datetime) -> AsyncIterator[Sequence[Stretch]]:
        """Days of subscriptions that were put right since a moment."""
        ...
