"""The calendar: a month or a week as a grid of days, and the same as a list for narrow screens."""

import calendar as days_of
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from tieline.console.components import formats
from tieline.console.components.frame import Action, PageHead
from tieline.console.components.tables import Filter, FilterBar, FilterKind, Option
from tieline.console.components.values import Badge, Link, Tone
from tieline.console.render import with_query
from tieline.utility.changes import CalendarEntry
from tieline.utility.console.pages.changes.views import words
from tieline.utility.console.pages.changes.views.places import HOME, tabs

VIEWS: Mapping[str, str] = {"month": "Month", "week": "Week"}
_IN_MONTH, _IN_WEEK = 4, 50
_DAY = timedelta(days=1)
_KINDS: Mapping[str, Badge] = {
    "change": Badge("Changes", Tone.BUSY, "git-pull-request-arrow"),
    "freeze": Badge("Freezes", Tone.HELD, "calendar-clock"),
    "storm": Badge("Storm mode", Tone.WARN, "zap"),
    "veto": Badge("Vetoes", Tone.HELD, "ban"),
    "notice": Badge("Notices", Tone.WARN, "radio-tower"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry on a day. ``when`` says from when to when on this day."""

    entry: CalendarEntry
    tone: str
    icon: str
    word: str
    when: str


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the grid; ``more`` are those that have no room."""

    day: date
    label: str
    today: bool
    outside: bool
    entries: tuple[Shown, ...]
    more: int
    href: str


@dataclass(frozen=True, slots=True)
class Grid:
    """What is shown: its days in weeks, its title, and the ways to what lies before and after."""

    view: str
    title: str
    weeks: tuple[tuple[Day, ...], ...]
    earlier: str
    later: str
    today: str
    views: tuple[tuple[str, str, bool], ...]

    @property
    def agenda(self) -> tuple[Day, ...]:
        """The days on which something is."""
        return tuple(day for week in self.weeks for day in week if day.entries and not day.outside)


def range_of(view: str, at: date) -> tuple[date, date]:
    """The first day of the grid, and the day after its last: whole weeks from Monday."""
    if view == "week":
        first = at - at.weekday() * _DAY
        return first, first + 7 * _DAY
    first = at.replace(day=1)
    last = first.replace(day=days_of.monthrange(first.year, first.month)[1])
    return first - first.weekday() * _DAY, last + (7 - last.weekday()) * _DAY


def moments(first: date, last: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """The moments at which two days begin."""
    return datetime.combine(first, time(), zone), datetime.combine(last, time(), zone)


@dataclass(frozen=True, slots=True)
class Look:
    """What is looked at: a month or a week around a day, in a time zone; ``now`` and the page's own URL."""

    view: str
    at: date
    zone: tzinfo
    now: datetime
    url: str


def grid(look: Look, entries: Sequence[CalendarEntry]) -> Grid:
    """Put entries into days."""
    view, at, url = look.view, look.at, look.url
    first, last = range_of(view, at)
    days = [_day(look, first + n * _DAY, entries) for n in range((last - first).days)]
    if view == "week":
        step_back, step_on = at - 7 * _DAY, at + 7 * _DAY
        title = f"{formats_day(first)} to {formats_day(last - _DAY)}"
    else:
        step_back = (at.replace(day=1) - _DAY).replace(day=1)
        step_on = (at.replace(day=28) + 4 * _DAY).replace(day=1)
        title = f"{at:%B %Y}"
    return Grid(
        view,
        title,
        tuple(tuple(days[n : n + 7]) for n in range(0, len(days), 7)),
        with_query(url, at=step_back.isoformat()),
        with_query(url, at=step_on.isoformat()),
        with_query(url, at=None),
        tuple((word, with_query(url, view=key), key == view) for key, word in VIEWS.items()),
    )


def formats_day(day: date) -> str:
    """A day in words: 21 Nov 2026."""
    return f"{day.day} {day:%b %Y}"


def _day(look: Look, day: date, entries: Sequence[CalendarEntry]) -> Day:
    start, end = moments(day, day + _DAY, look.zone)
    room = _IN_MONTH if look.view == "month" else _IN_WEEK
    found = [_shown(one, start, end, look.zone, room) for one in entries if one.starts_at < end and _lasts(one, start)]
    return Day(
        day,
        f"{day:%A}, {formats_day(day)}",
        day == look.now.astimezone(look.zone).date(),
        look.view == "month" and day.month != look.at.month,
        tuple(found[:room]),
        max(0, len(found) - room),
        with_query(look.url, view="week", at=day.isoformat()),
    )


def _lasts(one: CalendarEntry, start: datetime) -> bool:
    return one.ends_at is None or one.ends_at > start or one.starts_at >= start


def _shown(one: CalendarEntry, start: datetime, end: datetime, zone: tzinfo, room: int) -> Shown:
    begins = f"{one.starts_at.astimezone(zone):%H:%M}" if one.starts_at >= start else ""
    ends = f"{one.ends_at.astimezone(zone):%H:%M}" if one.ends_at is not None and one.ends_at < end else ""
    when = f"{begins}\u2013{ends}" if begins and ends else begins or (f"to {ends}" if ends else "all day")
    if room == _IN_MONTH:  # a cell of a month has room for when something begins, and for its title
        when = begins or (f"to {ends}" if ends else "")
    badge = _KINDS.get(one.kind) or Badge(one.kind.capitalize(), Tone.OFF, "info")
    state = words.STATES.get(one.state)
    tone = "warn" if one.conflicts else state.tone if state else badge.tone
    icon = "triangle-alert" if one.conflicts else state.icon if state else badge.icon
    return Shown(one, str(tone), icon or Tone(tone).icon, state.word if state else badge.word, when)


def head(grid_: Grid, conflicts: int) -> PageHead:
    """Head of the calendar."""
    state = f"{grid_.title}. Changes where they run, or are expected to; what holds them back; what operators announce."
    if conflicts:
        state = f"{grid_.title}. {formats.plural(conflicts, 'change')} meet another one at a site or an operator."
    action = Action("Plan a freeze", "/changes/holds/freeze", "plus")
    return PageHead("Calendar", state, (HOME,), (action,), tabs("calendar"))


def filters(url: str, kinds: Sequence[str], keep: Mapping[str, str], *, conflicts: bool) -> FilterBar:
    """The filter bar."""
    options = tuple(Option(key, badge.word, chosen=key in kinds) for key, badge in _KINDS.items())
    return FilterBar(
        url,
        (
            Filter("kind", "What", FilterKind.CHOICE, options, pinned=True),
            Filter("conflicts", "Conflicts", FilterKind.FLAG, value="1" if conflicts else "", pinned=True),
        ),
        keep=keep,
    )


def chosen(entries: Sequence[CalendarEntry], kinds: Sequence[str], *, conflicts: bool) -> list[CalendarEntry]:
    """The entries that the filters leave."""
    return [one for one in entries if (not kinds or one.kind in kinds) and (one.conflicts or not conflicts)]


def conflicts_of(entries: Sequence[CalendarEntry]) -> list[CalendarEntry]:
    """The changes that meet another one."""
    return [one for one in entries if one.conflicts]


def pairs(entries: Sequence[CalendarEntry]) -> list[tuple[Link, Link, str]]:
    """The changes that meet, each pair once, and where."""
    seen: set[frozenset[int]] = set()
    found = []
    for one in entries:
        for other in one.meetings:
            pair = frozenset({one.change_id or 0, other.change_id})
            if pair not in seen:
                seen.add(pair)
                found.append((Link(one.title, one.href), Link(other.title, f"/changes/{other.change_id}"), other.where))
    return found
