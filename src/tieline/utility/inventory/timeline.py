"""The timeline of a thing: everything that happened to it, in lanes that contexts bring.

A context registers a lane once, in its ``register``; the inventory brings ``configuration`` and ``links``. A lane's
provider is asked with the scope of who looks, after it is certain that they may see the thing itself.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tieline.platform.db import Tx
from tieline.platform.scope import Scope
from tieline.utility.inventory.model import Kind

MAX_EVENTS = 500


@dataclass(frozen=True, slots=True)
class Thing:
    """Whose timeline it is; ``subscription_ids`` are those that belong to it now."""

    kind: Kind
    id: int
    subscription_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """Something that happened: a sentence, who did it, and the evidence; ``link`` is where more is told."""

    lane: str
    at: datetime
    title: str
    actor: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    link: str | None = None


Provider = Callable[[Tx, Scope, Thing, datetime, int], Awaitable[Sequence[TimelineEvent]]]
"""Gives the newest events of a thing before a moment, at most so many."""

_LANES: dict[str, Provider] = {}


def register_lane(name: str, provider: Provider) -> None:
    """Bring a lane; the same name again replaces it."""
    _LANES[name] = provider


def lanes() -> Mapping[str, Provider]:
    """The lanes there are, by name."""
    return dict(_LANES)
