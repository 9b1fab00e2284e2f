"""Notices: what an operator announces, its phases, and what came of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from tieline.utility.inventory import Area


class Kind(StrEnum):
    """What is announced. Other: a change request of a class that is not known here."""

    PHASE_OUT = "phase-out"
    PLANNED_WORK = "planned-work"
    OTHER = "other"


class Answer(StrEnum):
    """What the utility says to a notice that asks for its approval, in the words of TMF655."""

    APPROVED = "approved"
    REJECTED = "rejected"


class AnswerState(StrEnum):
    """How far an answer has come: on its way, taken by the operator, refused by it."""

    PENDING = "pending"
    TAKEN = "taken"
    REFUSED = "refused"


class Source(StrEnum):
    """How a revision came in."""

    EVENT = "event"
    PULL = "pull"
    ANSWER = "answer"


CANCELLED = "cancelled"
OVER = frozenset({CANCELLED, "failed", "completed"})
"""Statuses of TMF655 from which nothing more comes."""
ASKING = frozenset({"waitForApproval", "requestForAuthorization"})
"""Statuses of TMF655 in which the operator waits for the utility's approval."""


class Phase(msgspec.Struct, frozen=True, omit_defaults=True):
    """A part of what is announced. ``id`` stays the same over revisions; at ``ends_at`` it is done in the area."""

    id: str
    title: str
    starts_at: datetime
    ends_at: datetime
    area: Area


class Content(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a revision says. ``technology`` None: all of them; a beginning and an end only for what has no phases."""

    kind: Kind
    title: str
    description: str = ""
    technology: str | None = None
    phases: tuple[Phase, ...] = ()
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Whence something was told: by which operator (its number and code), how, and when it came in."""

    operator_id: int
    operator: str
    source: Source
    at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """What an operator told of one notice. ``updated_at`` is the operator's clock; ``ref`` its own name of it."""

    ref: str
    revision: int
    updated_at: datetime
    status: str
    status_reason: str
    content: Content


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice as it is newest. ``asks``: the operator wants an answer to it, at some time or now.

    ``gone_at``: when the operator was found not to know it any more, though it never said that it is over.
    """

    id: int
    operator: str
    operator_name: str
    ref: str
    kind: Kind
    title: str
    description: str
    status: str
    status_reason: str
    technology: str | None
    revision: int
    updated_at: datetime
    starts_at: datetime | None
    ends_at: datetime | None
    phases: tuple[Phase, ...]
    asks: bool
    first_at: datetime
    seen_at: datetime
    answer: Answer | None = None
    answer_state: AnswerState | None = None
    answer_revision: int | None = None
    answer_words: str = ""
    answer_by: str | None = None
    answer_at: datetime | None = None
    answer_error: str = ""
    gone_at: datetime | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more comes of it."""
        return self.standing in OVER

    @property
    def standing(self) -> str:
        """The status that counts: what the operator does not know any more is as good as cancelled."""
        return self.status if self.gone_at is None else CANCELLED

    @property
    def waits(self) -> bool:
        """Whether the operator waits for an answer that was not given yet."""
        given = self.answer_revision == self.revision and self.answer_state is not AnswerState.REFUSED
        return self.standing in ASKING and not given

    @property
    def answerable(self) -> bool:
        """Whether an answer may be given or changed."""
        return self.asks and not self.over

    def by_end(self) -> tuple[Phase, ...]:
        """The phases, the one that is over first first: a site belongs to the first of them that it lies in."""
        return tuple(sorted(self.phases, key=lambda phase: (phase.ends_at, phase.starts_at, phase.id)))


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision as it was told."""

    id: int
    revision: int
    updated_at: datetime
    received_at: datetime
    source: Source
    content: Content


@dataclass(frozen=True, slots=True)
class Affected:
    """A site that a notice strikes. ``due_at``: the end of the earliest phase that hits one of its links."""

    notice_id: int
    operator: str
    site_id: int
    external_id: str
    name: str
    region: str | None
    postcode: str | None
    criticality: str
    links: int
    alone: bool
    phase_id: str
    phase_title: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """Which of the sites that notices strike: those of a phase, those that hang on the technology alone, critical."""

    phase_id: str | None = None
    alone: bool = False
    critical: bool = False


@dataclass(frozen=True, slots=True)
class PhaseCount:
    """What a phase strikes; a site counts in the first phase that it lies in. See ``inventory.AreaCount``."""

    phase: Phase
    sites: int = 0
    links: int = 0
    alone: int = 0
    critical: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is otherwise in a later revision, in words; ``phase`` is the id of the phase that it is about."""

    what: str
    words: str
    phase: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of what was told: whether the notice is new, or newer than before, and how it differs then."""

    notice_id: int
    new: bool = False
    newer: bool = False
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class DeskState:
    """How an operator's desk is doing: what was asked of it, when it was last read and heard of, what went wrong."""

    operator: str
    callback: str | None
    asked_at: datetime | None
    pulled_at: datetime | None
    heard_at: datetime | None
    failed_at: datetime | None
    error: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which notices: codes of operators, kinds, TMF655 statuses; ``is_open``: those that are not over (or are).

    ``between``: those of which some part lies between two moments.
    """

    operators: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    technologies: tuple[str, ...] = ()
    is_open: bool | None = None
    waits: bool | None = None
    between: tuple[datetime, datetime] | None = None

    def bound(self) -> Mapping[str, Any]:
        """What the store binds."""
        return {
            "f_operators": list(self.operators) or None,
            "f_kinds": list(self.kinds) or None,
            "f_statuses": list(self.statuses) or None,
            "f_technologies": list(self.technologies) or None,
            "f_open": self.is_open,
            "f_waits": self.waits,
            "f_start": self.between[0] if self.between else None,
            "f_end": self.between[1] if self.between else None,
        }
