"""Notices as the gateway keeps them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

MAX_HUBS = 10
"""Callbacks that one utility may have."""
BATCH = 50
"""Events sent to a callback before its success is written down."""


class Kind(StrEnum):
    """What is announced."""

    PHASE_OUT = "phase-out"
    PLANNED_WORK = "planned-work"


class State(StrEnum):
    """How far a notice has come. A draft was never published."""

    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice with what is published of it (``content``) and what is written and not published yet (``draft``).

    ``audience``: codes of the utilities that it is for; None: every one. ``revision`` 0: never published.
    """

    id: int
    ref: str
    kind: Kind
    state: State
    approval: bool
    audience: tuple[str, ...] | None
    draft: Mapping[str, Any] | None
    content: Mapping[str, Any] | None
    revision: int
    reason: str
    published_at: datetime | None
    updated_at: datetime
    updated_by: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a utility said, and to which revision."""

    status: str
    revision: int
    reason: str
    notes: tuple[Mapping[str, Any], ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Hub:
    """A callback of a utility."""

    id: int
    callback: str
    hosts: frozenset[str]
    attempts: int

    @property
    def name(self) -> str:
        """What the log calls it."""
        return self.callback


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that a callback has not taken yet."""

    id: int
    body: Any
