"""What every part of a lane needs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from tieline.platform.clock import Clock
from tieline.platform.db import Database
from tieline.platform.scope import system
from tieline.utility.changes.policy.windows import BELIEVED
from tieline.utility.connectors import Lease, Line, Lines, Patience

SYSTEM = system("changes")
PURPOSE = "changes"


def _nothing(_boundary: str) -> None:
    """Pass every boundary."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the driver looks, in seconds.

    ``poll``: outcomes, first and longest pause. ``follow``: operational state of what was accepted. ``deadline``: how
    long the network may take before an item counts as failed; None: worked out from what the operator declares.
    ``retry``: how an operator that does not answer is tried again. ``lease``: how long a lease lasts, and so how long
    work waits after its worker was killed; ``idle``: the pause when there is nothing to do; ``linger``: how long a lane
    waits for more before it gives its lease back.
    """

    poll: tuple[float, float] = (0.05, 2.0)
    follow: tuple[float, float] = (0.25, 5.0)
    deadline: float | None = None
    retry: Patience = field(default_factory=lambda: Patience(attempts=1_000_000, first=0.5, longest=30.0))
    lease: float = 5.0
    idle: float = 0.25
    linger: float = 5.0


@dataclass(slots=True)
class HighWater:
    """The latest moment that a driver has seen, for rules that a clock which goes back must not undo."""

    latest: datetime | None = None

    def reach(self, now: datetime) -> datetime:
        """The latest moment ever seen, ``now`` included; one that lies more than a day ahead is forgotten."""
        if self.latest is None or now > self.latest or self.latest - now > BELIEVED:
            self.latest = now
        return self.latest


@dataclass(frozen=True, slots=True)
class Context:
    """One lane's surroundings. ``boundary`` is called at each step's edge: tests abandon the driver there."""

    db: Database
    lines: Lines
    clock: Clock
    operator_id: int
    code: str
    lease: Lease
    pace: Pace
    boundary: Callable[[str], None] = _nothing
    high_water: HighWater = field(default_factory=HighWater)

    async def line(self) -> Line:
        """The line to the operator, with its present settings."""
        return await self.lines.get(self.code)
