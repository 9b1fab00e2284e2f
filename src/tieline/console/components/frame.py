"""What stands around a page: rail, top bar, page header."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar

from tieline.console.components.values import Tone
from tieline.console.components.views import ViewsBar
from tieline.platform.scope import Permission, Scope


@dataclass(frozen=True, slots=True)
class NavItem:
    """A line of the rail. Only what the person may see is listed. ``group`` heads the items that share it.

    ``go`` is the key that leads there after g.
    """

    key: str
    label: str
    href: str
    icon: str
    group: str = ""
    count: int | None = None
    go: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a console: the key that its pages pass as ``current``, and the permission that shows it.

    ``go`` is the key that leads there after g.
    """

    key: str
    label: str
    href: str
    icon: str
    needs: Permission
    group: str = ""
    go: str = ""


def rail(scope: Scope, places: Iterable[Place], waiting: Mapping[str, int]) -> tuple[NavItem, ...]:
    """What somebody sees in the rail; ``waiting`` by place where somebody waits behind it."""
    return tuple(
        NavItem(place.key, place.label, place.href, place.icon, place.group, waiting.get(place.key), place.go)
        for place in places
        if scope.may(place.needs)
    )


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in."""

    name: str
    role: str
    href: str = "/account"
    sign_out_href: str = "/sign-out"
    href_label: str = "Account and tokens"


@dataclass(frozen=True, slots=True)
class Feed:
    """A source of observations and how fresh it is."""

    name: str
    tone: Tone
    word: str
    at: datetime | None = None
    stale_after: timedelta | None = None
    href: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    """A change that runs now, in the top bar."""

    title: str
    href: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class StormNotice:
    """Storm mode, on every page while it lasts; ``href`` leads to where it is ended."""

    where: str
    reason: str
    who: str
    since: datetime
    ends_at: datetime | None
    spares_crews: bool
    href: str


@dataclass(frozen=True, slots=True)
class CalendarNotice:
    """A calendar that runs at a declared speed: on every page, so that nobody takes a demonstration for the truth."""

    shows: datetime
    speed: float


@dataclass(frozen=True, slots=True)
class Frame:
    """Everything around the page. ``current`` is the key of the rail's item that the page belongs to.

    ``search_href`` answers the search box, whose ``search_hint`` says what it finds; without one there is none.
    ``no_feeds`` says what would fill the list of feeds.
    """

    nav: tuple[NavItem, ...]
    current: str
    person: Person
    csrf_token: str
    now: datetime
    feeds: tuple[Feed, ...] = ()
    running: tuple[Running, ...] = ()
    storms: tuple[StormNotice, ...] = ()
    calendar: CalendarNotice | None = None
    views: ViewsBar | None = None
    views_href: str = ""
    search_href: str = "/search"
    search_hint: str = "Search site, SIM, change, visit…"
    no_feeds: str = "Nothing reports to us yet. Feeds appear here once an operator is connected."
    no_feeds_word: str = "No feeds yet"
    """What the bar says while there is none."""
    status_href: str = ""
    product: str = "Tieline"
    utility: str = ""

    def unasked(self) -> "Frame":
        """The frame of a page that did not ask how the feeds are, such as one that tells of an error."""
        return replace(self, no_feeds="This page did not ask how they are.", no_feeds_word="Feeds")

    @property
    def feeds_tone(self) -> Tone:
        """The worst feed decides the dot."""
        return max((feed.tone for feed in self.feeds), key=lambda tone: tone.rank, default=Tone.UNKNOWN)

    @property
    def feeds_word(self) -> str:
        """What the dot says in words."""
        troubled = [feed for feed in self.feeds if feed.tone is not Tone.OK]
        if not self.feeds:
            return self.no_feeds_word
        return f"{len(troubled)} of {len(self.feeds)} feeds late" if troubled else "Feeds up to date"

    def groups(self) -> tuple[tuple[str, tuple[NavItem, ...]], ...]:
        """The rail's items under their headings, in the order given."""
        found: dict[str, list[NavItem]] = {}
        for item in self.nav:
            found.setdefault(item.group, []).append(item)
        return tuple((name, tuple(items)) for name, items in found.items())


@dataclass(frozen=True, slots=True)
class Crumb:
    """A step of the way back."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Tab:
    """A part of the page with its own URL."""

    label: str
    href: str
    current: bool = False
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """A button of the page's header or of a table's selection.

    ``href`` alone is a link; ``method`` "post" makes a form with the CSRF token; ``dialog`` is the id of a dialog that
    asks first. ``kind``: primary (one a page), plain, quiet, danger. ``unless`` says why it cannot be done now: the
    button then stands disabled and tells it. ``name`` and ``value`` are sent with a form. ``tip`` says what it does
    where its name alone does not tell it from its neighbours.
    """

    part: ClassVar[str] = "action"
    label: str
    href: str = ""
    icon: str = ""
    kind: str = "plain"
    method: str = "get"
    dialog: str = ""
    unless: str = ""
    name: str = ""
    value: str = ""
    tip: str = ""


@dataclass(frozen=True, slots=True)
class PageHead:
    """The page's title, its state in one line, the way back, what can be done, and its tabs."""

    title: str
    state: str = ""
    crumbs: tuple[Crumb, ...] = ()
    actions: tuple[Action, ...] = ()
    tabs: tuple[Tab, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Hit:
    """A result of the global search. ``matched`` is the part of ``text`` that was searched for."""

    text: str
    href: str
    icon: str = "search"
    hint: str = ""
    matched: str = ""


@dataclass(frozen=True, slots=True)
class HitGroup:
    """Results of one kind."""

    label: str
    hits: tuple[Hit, ...]
