"""Saved views around a page: the bar at the head of its list, those pinned to the navigation, what opens at first."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

from tieline.console.components.frame import NavItem
from tieline.console.components.tables import Filter, FilterBar, FilterKind, Table
from tieline.console.components.values import Link
from tieline.console.components.views import ViewsBar
from tieline.console.render import with_query
from tieline.platform.scope import Permission, Scope, named
from tieline.utility import views
from tieline.utility.console.words import listed
from tieline.utility.views import Pin, SavedView, same, tidy

FIELD, NO_VIEW = "saved", "none"
"""The field of a list's URL that names the view it was opened by, and its value for the list as it is."""
_MOST_DIGITS, _MOST_PINNED, _DIGITS = 18, 12, 10


@dataclass(frozen=True, slots=True)
class Look:
    """What the views of a person make of one page.

    ``go`` is where to go instead: the view that opens at first. ``bare`` tells that there is one, and that the list is
    shown without a view: then its own links say so, or taking the last filter away would open that view.
    """

    pinned: tuple[NavItem, ...] = ()
    bar: ViewsBar | None = None
    opened: SavedView | None = None
    go: str = ""
    bare: bool = False


def look(path: str, query: str, found: Sequence[SavedView], scope: Scope, csrf_token: str) -> Look:
    """The views that matter on a page: ``found`` are those of its list, and those pinned to the navigation."""
    pinned = tuple(
        NavItem(f"view-{one.id}", one.name, one.href, "bookmark", "Pinned views", go=str(at) if at < _DIGITS else "")
        for at, one in enumerate([one for one in found if one.pin is Pin.NAVIGATION][:_MOST_PINNED], 1)
    )
    place = views.list_of(path)
    if place is None:
        return Look(pinned)
    here = [one for one in found if one.path == path]
    first = next((one for one in here if one.is_default), None)
    if first is not None and not query:
        return Look(go=first.href)
    opened, gone = _opened(query, here)
    bar = ViewsBar(
        path,
        tidy(query),
        csrf_token,
        Link(f"{place.title} without a view", without_view(path)),
        own=tuple(_link(one) for one in here if one.own),
        shared=tuple(_link(one) for one in here if not one.own),
        at_hand=tuple(_link(one) for one in here if one.pin is Pin.LIST)[:_MOST_PINNED],
        chosen=opened.name if opened else "",
        chosen_id=opened.id if opened else 0,
        may_change=opened is not None and (opened.own or scope.may(Permission.USER_WRITE)),
        may_share=scope.may(Permission.VIEW_SHARE),
        changed=opened is not None and not same(query, opened.query),
        missing="This view was deleted, or is no longer shared with you. The list shows what its address asks for."
        if gone
        else "",
    )
    return Look(pinned, bar, opened, bare=first is not None and opened is None)


def without_view(path: str) -> str:
    """A list as it is: nothing narrows it, and no view is open, not even the one that opens at first."""
    return f"{path}?{FIELD}={NO_VIEW}"


def _opened(query: str, here: Iterable[SavedView]) -> tuple[SavedView | None, bool]:
    """The view that the URL names, and whether it names one that is not there."""
    wanted = next((value for key, value in parse_qsl(query) if key == FIELD), "")
    if not wanted or wanted == NO_VIEW:
        return None, False
    number = int(wanted) if wanted.isdecimal() and len(wanted) <= _MOST_DIGITS else 0
    found = next((one for one in here if one.id == number), None)
    return found, found is None


def _link(one: SavedView) -> Link:
    words = [] if one.own else [f"by {named(one.owner)}"]
    words += ["shared"] if one.own and one.shared else []
    words += ["opens first"] if one.is_default else []
    return Link(one.name, one.href, hint=", ".join(words))


def rail_with(nav: Sequence[NavItem], pinned: Sequence[NavItem]) -> tuple[NavItem, ...]:
    """The rail with pinned views after what has no heading."""
    ahead = [one for one in nav if not one.group]
    return (*ahead, *pinned, *(one for one in nav if one.group))


def worn(seen: Look, context: Mapping[str, Any]) -> tuple[Look, dict[str, Any]]:
    """The page's parts as the open view wants them: its columns; and what it names that the parts do not have."""
    view, parts = seen.opened, dict(context)
    if seen.bare:
        bars = {key: value for key, value in parts.items() if isinstance(value, FilterBar)}
        parts |= {key: replace(bar, url=with_query(bar.url, **{FIELD: NO_VIEW})) for key, bar in bars.items()}
    if view is None or seen.bar is None:
        return seen, parts
    tables = {key: value for key, value in parts.items() if isinstance(value, Table)}
    missing = _missing_values(view, [value for value in parts.values() if isinstance(value, FilterBar)])
    for key, table in list(tables.items())[:1]:
        if view.hidden is not None:
            parts[key] = dressed(table, view)
        missing += _missing_columns(view, table) + _missing_order(view, table)
    if missing:
        told = f"This view names what is not there any more: {listed(missing[:8])}."
        seen = replace(seen, bar=replace(seen.bar, missing=told))
    return seen, parts


def dressed(table: Table, view: SavedView) -> Table:
    """A table with the columns of a view; what a person hid on this machine does not count then."""
    hidden = set(view.hidden or ())
    columns = tuple(replace(one, hidden=one.key in hidden and not one.fixed) for one in table.columns)
    return replace(table, columns=columns, view=str(view.id))


def _missing_values(view: SavedView, bars: Sequence[FilterBar]) -> list[str]:
    known = {one.key: one for bar in bars for one in bar.filters if one.kind is FilterKind.CHOICE}
    asked = dict.fromkeys(parse_qsl(view.query))
    return [_named(known[key], value) for key, value in asked if key in known and not _has(known[key], value)]


def _has(one: Filter, value: str) -> bool:
    return any(option.value == value and not option.gone for option in one.options)


def _named(one: Filter, value: str) -> str:
    return f"{one.label.lower()} \u201c{value}\u201d"


def _missing_columns(view: SavedView, table: Table) -> list[str]:
    if not table.rows:
        return []  # a list without rows may have fewer columns
    there = {one.key for one in table.columns}
    return [f"column \u201c{key}\u201d" for key in view.hidden or () if key not in there]


def _missing_order(view: SavedView, table: Table) -> list[str]:
    asked = [value for key, value in parse_qsl(view.query) if key == "sort"][:1]
    queries = [one.sort_href.partition("?")[2] for one in table.columns if one.sort_href]
    there = {value.removeprefix("-") for query in queries for key, value in parse_qsl(query) if key == "sort"}
    return [f"order \u201c{one}\u201d" for one in asked if there and one.removeprefix("-") not in there]
