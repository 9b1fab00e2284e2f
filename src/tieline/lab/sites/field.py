"""What a site does when it is reached: how long it takes, and whether its application is dead. Pure."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

_WHOLE = float(2**64)
_ROUND_TRIP_MS: Mapping[str, float] = {"GERAN": 550, "UTRA": 120, "EUTRA": 45, "NR": 25}
"""Typical of each technology, as in the simulated world's own reports."""


class Dead(StrEnum):
    """How an application is dead although the link is up."""

    REFUSES = "refuses"
    SILENT = "silent"
    GARBLES = "garbles"


@dataclass(frozen=True, slots=True)
class Field:
    """The field: ``dead_share`` of the addresses have a dead application, chosen by ``seed``, a third of each kind.

    ``hurry`` divides the round trips: 0 makes every site answer at once.
    """

    seed: int = 1
    dead_share: float = 0.0
    dead: frozenset[str] = frozenset()
    """Addresses whose application is dead in any case."""
    hurry: float = 1.0

    def fault(self, address: str) -> Dead | None:
        """How the application at an address is dead, if it is."""
        digest = hashlib.sha256(f"{self.seed}:{address}".encode()).digest()
        if address not in self.dead and int.from_bytes(digest[:8], "big") / _WHOLE >= self.dead_share:
            return None
        return tuple(Dead)[digest[8] % len(Dead)]

    def round_trip_s(self, rat: str | None) -> float:
        """How long an answer takes over a technology, in seconds."""
        return _ROUND_TRIP_MS.get(rat or "", 50) / 1000 / self.hurry if self.hurry else 0.0
