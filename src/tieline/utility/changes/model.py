"""The words of the change engine: changes, items, waves, batches, and what is planned for each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, Literal

import msgspec

Fields = Mapping[str, Any]
"""Values by field of a subscription, as they stand in JSON; ``rat_restriction`` is a list."""


class ChangeType(StrEnum):
    """How much has to be agreed beforehand (ITIL).

    ``normal``: planned and approved. ``standard``: runs at once within a policy approved beforehand.
    ``emergency``: one person and a reason; approved afterwards, within 24 hours.
    """

    NORMAL = "normal"
    STANDARD = "standard"
    EMERGENCY = "emergency"


class ChangeState(StrEnum):
    """Where a change is; ``policy.states`` has the table."""

    DRAFT = "draft"
    PLANNING = "planning"
    PLANNED = "planned"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    STOPPED = "stopped"


class ItemState(StrEnum):
    """Where an item is; ``policy.states`` has the table.

    ``waiting``: something outside has to happen first, and then it is released; ``queued``: its batch is committed and
    may be under way; ``sent``: the operator has the batch; ``accepted``: the operator says done; ``verified``: it
    reached the grade of evidence that its kind needs.
    """

    BLOCKED = "blocked"
    WAITING = "waiting"
    PLANNED = "planned"
    QUEUED = "queued"
    SENT = "sent"
    ACCEPTED = "accepted"
    VERIFIED = "verified"
    FAILED = "failed"
    CONFLICT = "conflict"
    CANCELLED = "cancelled"


TO_DO = frozenset({ItemState.WAITING, ItemState.PLANNED})
"""Meant to be done, and not begun."""

OPEN_ITEMS = frozenset({ItemState.QUEUED, ItemState.SENT, ItemState.ACCEPTED})
"""At the operator, and not known to be well."""


class Grade(IntEnum):
    """How good the evidence is that a change is in effect; each includes those before it."""

    NONE = 0
    ACCEPTED = 1
    OPERATIONAL = 2
    SEEN = 3
    IN_SERVICE = 4

    @property
    def word(self) -> str:
        """The grade as it is written in the database and in REST."""
        return self.name.lower()


class BatchState(StrEnum):
    """Where a batch is.

    ``intended``: committed before the call, so it may be at the operator or not; ``sent``: the operator's reference
    is known; ``settled``: results are known, some items wait for the network; ``closed``: every item has its end.
    """

    INTENDED = "intended"
    SENT = "sent"
    SETTLED = "settled"
    CLOSED = "closed"


class LaneState(StrEnum):
    """Where a change is at one operator. Each operator's trouble stays in its own lane."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"


class Waves(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a change is cut into waves.

    ``canary`` sites go first (0: none). Then ``size``: waves of the ``steps`` given, in sites, the last one repeated;
    ``percent``: shares of the whole that should add up to 100; ``region``: one wave a region, in ``regions``' order,
    the others after it by name; ``once``: all the rest at once.
    """

    by: Literal["once", "size", "percent", "region"] = "once"
    steps: tuple[int, ...] = ()
    regions: tuple[str, ...] = ()
    canary: int = 0


class Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """When a lane goes on to the next wave and when it pauses; shares of the wave's items, from 0 to 1."""

    success: float = 0.9
    error: float = 0.1


class Recurring(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A window that recurs: from ``starts`` to ``ends`` (HH:MM by the clocks of ``zone``) on the days of a rule.

    ``days`` and each of ``but_not`` are rules of RFC 5545, as ``policy.recurrence`` reads them; a day is that on which
    the window begins. An end that is not after the beginning is on the next day.
    """

    zone: str
    starts: str
    ends: str
    days: str
    but_not: tuple[str, ...] = ()


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """When items may be sent; either end may be open. What is under way when it closes is finished.

    With ``rules``, only while one of them is open.
    """

    opens: datetime | None = None
    closes: datetime | None = None
    rules: tuple[Recurring, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something cannot be or needs care: a code for programs, a sentence for people."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedItem:
    """What a change will do to one subscription, or why it cannot.

    ``subscription_id`` and ``ref`` name the subscription that is written to; ``source_id`` the selected one, which is
    another where a new subscription is prepared for it. ``before`` holds the values of the fields in ``desired``.
    ``fingerprint`` is that of the selected row: if it differs later, the selection has changed. ``blocked`` wins over
    everything else; ``conflict`` says that somebody changed since what an undo would set back. ``awaits`` says in words
    what has to happen before it is released; empty: nothing. ``after_id`` is a subscription whose own item in this
    change has to be verified first.
    """

    operator_id: int
    operator: str
    source_id: int
    fingerprint: str
    subscription_id: int | None = None
    ref: str = ""
    version: int | None = None
    site_id: int | None = None
    site: str = ""
    site_name: str = ""
    region: str = ""
    criticality: str = "normal"
    customers: int = 0
    link_id: int | None = None
    role: str = ""
    card_id: int | None = None
    reservation_id: int | None = None
    undoes_id: int | None = None
    before: Fields = field(default_factory=dict)
    desired: Fields = field(default_factory=dict)
    notes: tuple[Reason, ...] = ()
    blocked: Reason | None = None
    conflict: Reason | None = None
    awaits: str = ""
    after_id: int | None = None
    wave: int = 0

    @property
    def state(self) -> ItemState:
        """The state in which the item is planned."""
        if self.blocked:
            return ItemState.BLOCKED
        if self.conflict:
            return ItemState.CONFLICT
        return ItemState.WAITING if self.awaits else ItemState.PLANNED

    @property
    def reason(self) -> Reason | None:
        """Why it will not be done, if it will not."""
        return self.blocked or self.conflict


@dataclass(frozen=True, slots=True)
class WaveTally:
    """How the items of a wave (of one lane) are doing. Blocked and conflicting items are not counted."""

    total: int
    verified: int
    failed: int
    open: int
    waiting: int
    cancelled: int = 0


@dataclass(frozen=True, slots=True)
class Editor:
    """Somebody who edited a change after it was made."""

    actor: str
    user_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change as it stands. ``state_why`` tells in words how it came to its state, where that needs telling."""

    id: int
    kind: str
    title: str
    type: ChangeType
    reason: str
    state: ChangeState
    state_why: str
    selection: Mapping[str, Any]
    parameters: Mapping[str, Any]
    waves: Waves
    thresholds: Thresholds
    window: Window
    policy_id: int | None
    undo_of: int | None
    disruptive: bool
    plan_version: int
    plan_hash: str
    summary: Mapping[str, Any] | None
    created_by: str
    created_by_user: int | None
    created_at: datetime
    planned_by: str | None
    planned_by_user: int | None
    planned_at: datetime | None
    started_by: str | None
    started_by_user: int | None
    started_at: datetime | None
    ended_at: datetime | None
    approval_due_at: datetime | None
    editors: tuple[Editor, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A decision on a plan; void once the plan was replaced or its selection changed."""

    id: int
    plan_version: int
    plan_hash: str
    decision: Literal["approved", "rejected"]
    by_policy: bool
    afterwards: bool
    actor: str
    comment: str
    at: datetime
    void_at: datetime | None
    void_why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A change at one operator."""

    operator_id: int
    operator: str
    state: LaneState
    wave: int
    forgiven: int
    why: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What an item did, or is doing, to a subscription. ``going_on``: its change is running or paused.

    ``reference`` is the operator's of the batch that the item went out with.
    """

    subscription_id: int
    change_id: int
    title: str
    kind: str
    going_on: bool
    state: str
    before: Fields
    desired: Fields
    accepted_at: datetime | None
    ended_at: datetime | None
    reference: str
