"""An entry of the audit trail, and the verdict on the whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tieline.platform.audit.chain import Fault, Head


@dataclass(frozen=True, slots=True)
class Entry:
    """What was done to what: ``Entry("change.approved", "change:12", {…})``; the scope says who, in which request."""

    action: str
    subject: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """An entry as it stands in the trail."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]
    request_id: str
    hash: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries to list: from ``since`` to before ``until``; an action ``change.*`` means all that begin so.

    An actor is written in full (``user:ada``), or by name alone (``ada``), as pages show it.
    """

    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the trail is what was written.

    ``head`` is its last good entry, ``witnessed`` the last signed head that agrees with it; 0 means that none was
    found, so that a complete rewrite would not show.
    """

    head: Head
    witnessed: int
    fault: Fault | None

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.fault is None
