"""A key and what was answered under it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

KEPT = timedelta(hours=24)
"""For how long a key counts. Whoever tries again later asks anew what became of it."""
MOST_KEYS = 10_000
"""Keys of one asker that count at a time."""
MOST_BODY = 1024 * 1024
"""Octets of an answer that are kept."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request by its key: who asks (as the audit trail names them), and a digest of all that was sent."""

    actor: str
    key: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """The first answer under a key. ``body`` is None where it was larger than ``MOST_BODY``."""

    digest: bytes
    at: datetime
    status: int
    media_type: str | None
    location: str | None
    body: bytes | None
