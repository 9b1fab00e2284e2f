"""Plans and jobs as the gateway keeps them. Pure."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from tieline.standards.mns.plans import (
    ConfigChange,
    JobState,
    MemberConflict,
    SummaryStatus,
)

DESCRIPTOR = "pd"
GROUP = "pg"
ACTIVATION = "aj"
VALIDATION = "vj"
FALLBACK = "fb"
TRIGGER = "tr"

LISTED = 1000
"""Entries of a list, newest first."""
MOST_IN_GROUP = 50_000
"""Changes of all the members of a group."""
DEEPEST_GROUP = 8

_changes = msgspec.json.Decoder(list[ConfigChange])


@dataclass(frozen=True, slots=True)
class Part:
    """The changes of one plan within a job: which plan (None: one that the job brought along), and how many."""

    content_id: int
    size: int
    plan: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A validation or activation job. ``position`` is how many changes were dealt with, in order."""

    id: int
    utility_id: int
    kind: str
    name: str | None
    request: Mapping[str, Any]
    requested_by: str
    client: str | None
    mode: str
    parts: tuple[Part, ...]
    fallback_of: int | None
    fallback: str
    state: JobState
    cancel_requested: bool
    message: str | None
    total: int
    position: int
    failed: int
    rolled_back: int
    conflicts: tuple[MemberConflict, ...]
    created_at: datetime
    started_at: datetime | None
    stopped_at: datetime | None

    @property
    def public_id(self) -> str:
        """The identifier on the wire; also ``lastPlan`` of what an activation changed."""
        return public_id(ACTIVATION if self.kind == "activation" else VALIDATION, self.id)

    @property
    def summary(self) -> SummaryStatus:
        """How many operations are in which state."""
        dealt = self.position - self.rolled_back
        return SummaryStatus(
            not_finished=self.total - self.position,
            succeeded=dealt - self.failed,
            failed=self.failed,
            rollback_succeeded=self.rolled_back,
            conflicting=len(self.conflicts),
        )


def public_id(kind: str, number: int) -> str:
    """Give the identifier that stands on the wire."""
    return f"{kind}-{number}"


def number_in(kind: str, identifier: str) -> int | None:
    """Read an identifier of ours; None for anything else, which then does not exist.

    One object has one spelling: what refers to it (a group to its members) is found by that.
    """
    prefix, dash, digits = identifier.partition("-")
    if prefix != kind or not dash or not digits.isascii() or not digits.isdigit() or len(digits) > 18:  # noqa: PLR2004 - fits a bigint
        return None
    return int(digits) if digits[0] != "0" else None


def write_changes(changes: list[ConfigChange]) -> bytes:
    """Write changes as they are kept."""
    return zlib.compress(msgspec.json.encode(changes), 1)


def read_kept_changes(kept: bytes) -> list[ConfigChange]:
    """Read changes that ``write_changes`` wrote."""
    return _changes.decode(zlib.decompress(kept))
