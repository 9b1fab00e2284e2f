"""Counts of a change's items, and what they become on a page: lots of a progress, figures, sentences."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tieline.console.components.values import Badge
from tieline.console.components.work import Lot
from tieline.utility.console.pages.changes.source import Progress

DONE = ("verified",)
UNDER_WAY = ("queued", "sent", "accepted")
FAILED = ("failed",)
WAITING = ("planned", "waiting")
LEFT_OUT = ("blocked", "conflict", "cancelled")
GIVEN_UP = ("cancelled",)
"""States of items as a progress shows them; what is left out is not counted into its whole."""

Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many items stand in which state: in all, by operator and by wave; ``held``: an operator's part is paused."""

    whole: Counts = field(default_factory=dict)
    by_operator: Mapping[str, Counts] = field(default_factory=dict)
    by_wave: Mapping[int, Counts] = field(default_factory=dict)
    held: bool = False

    @classmethod
    def of(cls, progress: Progress) -> "Tally":
        """From how a change gets on."""
        operators = {lane.operator: lane.counts for lane in progress.operators}
        waves = {wave["number"]: wave["counts"] for wave in progress.waves}
        return cls(progress.counts, operators, waves, any(lane.state == "paused" for lane in progress.operators))

    def states(self, *, operator: str | None = None, wave: int | None = None) -> Counter[str]:
        """Items by state: of one operator, of one wave, or all."""
        if operator is not None:
            return Counter(self.by_operator.get(operator, {}))
        return Counter(self.whole if wave is None else self.by_wave.get(wave, {}))

    @property
    def total(self) -> int:
        """All items."""
        return sum(self.whole.values())

    def count(self, *states: str) -> int:
        """Items in any of some states."""
        return _sum(self.whole, states)


def lot(
    label: str,
    states: Counts,
    *,
    rate: float | None = None,
    left_s: tuple[float, float] | None = None,
    state: Badge | None = None,
    href: str = "",
) -> Lot:
    """A lot of a progress from counts by state."""
    return Lot(
        label,
        verified=_sum(states, DONE),
        done=_sum(states, UNDER_WAY),
        failed=_sum(states, FAILED),
        waiting=_sum(states, WAITING),
        blocked=_sum(states, LEFT_OUT),
        given_up=_sum(states, GIVEN_UP),
        rate=rate,
        left_s=left_s,
        state=state,
        href=href,
    )


def _sum(states: Counts, names: Iterable[str]) -> int:
    return sum(states.get(name, 0) for name in names)
