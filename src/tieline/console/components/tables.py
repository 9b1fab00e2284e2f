"""Lists: a table with keyset pages, and the filter bar above it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import parse_qsl

from tieline.console.components.frame import Action

TYPED_COUNT_FROM = 1001
"""From this many things on, a confirmation asks for the number to be typed."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column. ``unit`` stands in the header, so that cells hold bare numbers.

    ``numeric`` aligns right. ``hidden`` columns wait in the chooser. ``sort_href`` makes the header a link, ``sorted``
    ("asc", "desc") tells the order in force. ``narrow`` columns are also shown under 640 px; with none marked, all are.
    """

    key: str
    label: str
    numeric: bool = False
    unit: str = ""
    hidden: bool = False
    fixed: bool = False
    sort_href: str = ""
    sorted: str = ""
    narrow: bool = False
    wrap: bool = False

    def css(self, *, narrow_marked: bool) -> str:
        """Classes of its cells; a page holds thousands of them, so they are put together here."""
        wide_only = " wide-only" if narrow_marked and not self.narrow else ""
        return f"{'num' if self.numeric else ''}{' wrap' if self.wrap else ''}{wide_only}"


@dataclass(frozen=True, slots=True)
class Row:
    """A row. ``cells`` are any values that ``ui.value`` shows; a column without a cell shows nothing.

    The first column's cell becomes the row's link when ``href`` is given; ``sheet`` opens it beside the list.
    ``muted`` greys what no longer counts. ``tone`` marks a row that needs attention at its left edge.
    """

    key: str
    cells: Mapping[str, object]
    href: str = ""
    sheet: bool = False
    muted: bool = False
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Paging:
    """Keyset pages: where the newer and the older rows are, and how much is known of the whole.

    ``shown`` is a sentence made by the server ("100 of about 40,000"); an exact count is never needed.
    """

    newer: str = ""
    older: str = ""
    shown: str = ""
    newer_label: str = "Newer"
    older_label: str = "Older"


@dataclass(frozen=True, slots=True)
class Selection:
    """What can be done with chosen rows.

    The form posts ``id`` for each row, or ``all_matching=1`` with ``query``, the list's own query string, for all
    ``matching`` rows. Each action's ``href`` is the ``formaction`` of its button.
    """

    matching: int
    actions: tuple[Action, ...]
    query: str = ""
    csrf_token: str = ""
    noun: str = "row"


@dataclass(frozen=True, slots=True)
class Empty:
    """A page or list with nothing on it: what would fill it, and how. ``searched`` when filters hid everything."""

    title: str
    text: str = ""
    actions: tuple[Action, ...] = ()
    icon: str = "inbox"


@dataclass(frozen=True, slots=True)
class Table:
    """A list. ``id`` names it for the choice of columns, so it is the same on every visit.

    ``caption`` says to a screen reader what is listed; ``fresh_href`` with ``fresh_trigger`` lets htmx fetch the table
    anew (the server answers with ``ui.table`` of the same id). ``view`` is the saved view that chose the columns: then
    those that somebody hid on this machine do not count.
    """

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    paging: Paging | None = None
    selection: Selection | None = None
    csv_href: str = ""
    empty: Empty = field(default_factory=lambda: Empty("Nothing here"))
    chooser: bool = True
    fresh_href: str = ""
    fresh_trigger: str = ""
    view: str = ""

    @property
    def hidden(self) -> str:
        """Keys of the columns that start hidden."""
        return " ".join(column.key for column in self.columns if column.hidden)


class FilterKind(StrEnum):
    """How a filter is asked for."""

    CHOICE = "choice"
    TEXT = "text"
    RANGE = "range"
    DATES = "dates"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Option:
    """Something to choose. ``count`` is how many there are, when that is known cheaply.

    ``gone`` marks one that the URL asks for and that is not there (any more).
    """

    value: str
    label: str
    count: int | None = None
    chosen: bool = False
    hint: str = ""
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """A typed chip.

    CHOICE has ``options``, of which several may be chosen; TEXT and FLAG use ``value``; RANGE and DATES use ``low`` and
    ``high``, sent as ``<key>_from`` and ``<key>_to``, with ``unit`` behind. ``pinned`` ones stand there unused, too.
    """

    key: str
    label: str
    kind: FilterKind
    options: tuple[Option, ...] = ()
    value: str = ""
    low: str = ""
    high: str = ""
    unit: str = ""
    pinned: bool = False

    @property
    def active(self) -> bool:
        """Whether it narrows the list now."""
        return bool(self.value or self.low or self.high or any(option.chosen for option in self.options))

    @property
    def words(self) -> str:
        """What the chip says after its name."""
        if self.kind is FilterKind.CHOICE:
            return ", ".join(option.label for option in self.options if option.chosen)
        if self.kind is FilterKind.FLAG:
            return "yes" if self.value else ""
        if self.kind is FilterKind.TEXT:
            return f"\u201c{self.value}\u201d" if self.value else ""
        unit = f" {self.unit}" if self.unit else ""
        if self.low and self.high:
            return f"{self.low} to {self.high}{unit}"
        return f"from {self.low}{unit}" if self.low else f"to {self.high}{unit}" if self.high else ""

    @property
    def fields(self) -> tuple[str, ...]:
        """The names that it takes in the URL."""
        ranged = self.kind in {FilterKind.RANGE, FilterKind.DATES}
        return (f"{self.key}_from", f"{self.key}_to") if ranged else (self.key,)


@dataclass(frozen=True, slots=True)
class FilterBar:
    """The filters of a list. ``url`` is the list's present URL, which holds all of their state.

    ``keep`` are query fields that are no filter and stay (the sort order, say). ``count`` says how many match.
    """

    url: str
    filters: tuple[Filter, ...]
    keep: Mapping[str, str] = field(default_factory=dict)
    count: str = ""

    @property
    def path(self) -> str:
        """Where the form is sent."""
        return self.url.partition("?")[0]

    @property
    def view(self) -> str:
        """The saved view that the list was opened by, which other filters do not forget; empty for none."""
        return next((value for key, value in parse_qsl(self.url.partition("?")[2]) if key == "saved"), "")

    @property
    def any_active(self) -> bool:
        """Whether anything narrows the list."""
        return any(one.active for one in self.filters)

    def without(self, one: Filter) -> dict[str, None]:
        """The changes of the query that take a filter away."""
        return dict.fromkeys(one.fields)

    @property
    def cleared(self) -> dict[str, None]:
        """The changes of the query that take every filter away."""
        return {name: None for one in self.filters for name in one.fields}
