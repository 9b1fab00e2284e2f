"""Counts of a change's items, and what they become on a page: lots of a progress, figures, sentences."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tieline.utility.console.components.values import Badge
from tieline.utility.console.components.work import Lot

DONE = ("verified",)
UNDER_WAY = ("queued", "sent", "accepted")
FAILED = ("failed",)
WAITING = ("planned",)
LEFT_OUT = ("blocked", "conflict", "cancelled")
"""States of items as a progress shows them; what is left out is not counted into its whole."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many items stand in which state, by operator and wave."""

    cells: Mapping[tuple[str, int, str], int] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]]) -> "Tally":
        """From rows with ``operator``, ``wave``, ``state`` and ``items``."""
        found: Counter[tuple[str, int, str]] = Counter()
        for row in rows:
            found[str(row["operator"]), int(row["wave"]), str(row["state"])] += int(row["items"])
        return cls(found)

    def states(self, *, operator: str | None = None, wave: int | None = None) -> Counter[str]:
        """Items by state, of one operator or wave when given."""
        found: Counter[str] = Counter()
        for (its_operator, its_wave, state), count in self.cells.items():
            if operator in (None, its_operator) and wave in (None, its_wave):
                found[state] += count
        return found

    def operators(self) -> tuple[str, ...]:
        """Every operator that has items, in order."""
        return tuple(sorted({operator for operator, _, _ in self.cells}))

    def waves(self) -> tuple[int, ...]:
        """Every wave that has items; what is left out of the plan is in none."""
        return tuple(sorted({wave for _, wave, _ in self.cells if wave > 0}))

    @property
    def total(self) -> int:
        """All items."""
        return sum(self.cells.values())

    def count(self, *states: str) -> int:
        """Items in any of some states."""
        found = self.states()
        return sum(found[state] for state in states)


def lot(
    label: str,
    states: Mapping[str, int],
    *,
    rate: float | None = None,
    permitted_rate: float | None = None,
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
        rate=rate,
        permitted_rate=permitted_rate,
        left_s=left_s,
        state=state,
        href=href,
    )


def _sum(states: Mapping[str, int], names: Iterable[str]) -> int:
    return sum(states.get(name, 0) for name in names)
