"""What is to be told to whom. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tieline.standards.mns.dn import Dn
from tieline.standards.mns.scope import Scope

BATCH = 500
"""Changes that one ``notifyMOIChanges`` carries at most."""
QUEUE = 1_000_000
"""Notifications kept for a recipient that does not answer; beyond, it is told to read the tree again."""


@dataclass(frozen=True, slots=True)
class Watch:
    """A subscription as far as it decides which changes are kept for it."""

    recipient_id: int
    base: Dn
    scope: Scope

    def covers(self, dn: Dn) -> bool:
        """Tell whether an object is within the subscription's scope."""
        return dn.is_at_or_below(self.base) and self.scope.includes(len(dn) - len(self.base))


@dataclass(frozen=True, slots=True)
class Pending:
    """One thing to be told; ``kind`` is a happening, ``heartbeat`` or ``resync``."""

    id: int
    kind: str
    dn: Dn
    source: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    copies: int
    event_at: datetime


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who is to be told: the subscription, its address, and how deliveries went so far."""

    id: int
    utility_id: int
    dn: Dn
    attributes: Mapping[str, Any]
    hosts: frozenset[str]
    attempts: int
    delivered: int
    heartbeat_s: int = 0

    @property
    def name(self) -> str:
        """What the log calls it."""
        return str(self.dn)
