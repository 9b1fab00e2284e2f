"""What pages of the operator's console consist of: panels in rows, each with one part in it."""

from dataclasses import dataclass, field
from typing import Any

from tieline.console.components.figures import Chart, Figure, Timeline
from tieline.console.components.forms import Form
from tieline.console.components.frame import Action
from tieline.console.components.tables import FilterBar, Table
from tieline.console.components.work import Confirm, Evidence, PlanDiff, Progress

Pairs = tuple[tuple[str, object], ...]
Content = Pairs | Table | Form | PlanDiff | Progress | Chart | Timeline | tuple[Evidence, ...] | str
_KINDS: tuple[tuple[type, str], ...] = (
    (Table, "table"),
    (Form, "form"),
    (PlanDiff, "diff"),
    (Progress, "progress"),
    (Chart, "chart"),
    (Timeline, "timeline"),
    (str, "text"),
)


@dataclass(frozen=True, slots=True)
class Block:
    """A panel. ``content`` is one part; ``href`` leads to the list behind it; ``hidden`` go along with a form.

    ``actions`` stand under the part, for what is done to what it shows.
    """

    title: str
    content: Content
    href: str = ""
    href_text: str = ""
    state: str = ""
    hidden: dict[str, str] = field(default_factory=dict)
    actions: tuple[Action, ...] = ()

    @property
    def kind(self) -> str:
        """What the template draws: a word for the part."""
        known = next((word for kind, word in _KINDS if isinstance(self.content, kind)), "")
        if known:
            return known
        first = next(iter(self.content), None) if isinstance(self.content, tuple) else None
        return "evidence" if isinstance(first, Evidence) else "pairs"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole page: figures, then rows of one or two panels, and the dialogs that its buttons open."""

    rows: tuple[tuple[Block, ...], ...] = ()
    figures: tuple[Figure, ...] = ()
    notes: tuple[Evidence, ...] = ()
    bar: FilterBar | None = None
    dialogs: tuple[Confirm, ...] = ()

    def context(self) -> dict[str, Any]:
        """What the template takes."""
        return {"it": self}
