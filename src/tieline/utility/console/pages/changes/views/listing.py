"""The list of changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tieline.console.components import formats
from tieline.console.components.frame import Action, PageHead
from tieline.console.components.tables import (
    Column,
    Empty,
    Filter,
    FilterBar,
    FilterKind,
    Option,
    Paging,
    Row,
    Table,
)
from tieline.console.components.values import Age, Badge, Several, Share, Tone
from tieline.platform.scope import Permission, Scope, named
from tieline.utility.console.pages.changes.source import Change
from tieline.utility.console.pages.changes.views import words
from tieline.utility.console.pages.changes.views.places import tabs
from tieline.utility.console.pages.parts import lists


@dataclass(frozen=True, slots=True)
class Listed:
    """A change and, where they were counted, its items by state."""

    change: Change
    states: Mapping[str, int] | None = None

    @property
    def planned(self) -> int:
        """Items that the change is to do, or did."""
        impact = (self.change.summary or {}).get("impact") or {}
        return int(impact.get("items", 0))


def head(scope: Scope) -> PageHead:
    """Head of the list."""
    unless = "" if scope.may(Permission.CHANGE_PLAN) else "Your role may not plan changes."
    return PageHead(
        "Changes",
        "Whatever alters configuration: planned, approved, carried out in waves, verified, and undoable.",
        actions=(Action("New change", "/changes/new", "plus", "primary", unless=unless),),
        tabs=tabs("list"),
    )


def filters(url: str, states: Sequence[str], kinds: Sequence[str], text: str, known: Mapping[str, str]) -> FilterBar:
    """The filters of the list; ``known`` are the kinds there are, with their titles."""
    return FilterBar(
        url,
        (
            Filter(
                "state",
                "State",
                FilterKind.CHOICE,
                tuple(Option(name, badge.word, chosen=name in states) for name, badge in words.STATES.items()),
                pinned=True,
            ),
            Filter(
                "kind",
                "Kind",
                FilterKind.CHOICE,
                tuple(Option(name, title, chosen=name in kinds) for name, title in known.items()),
                pinned=True,
            ),
            Filter("q", "Title", FilterKind.TEXT, value=text, pinned=True),
        ),
    )


def table(rows: Sequence[Listed], kinds: Mapping[str, str], paging: Paging, *, filtered: bool) -> Table:
    """The list itself, the newest first."""
    columns = (
        Column("title", "Change", fixed=True, narrow=True, wrap=True),
        Column("state", "State", narrow=True),
        Column("progress", "Verified", numeric=True),
        Column("items", "Subscriptions", numeric=True),
        Column("failed", "Failed", numeric=True),
        Column("who", "By"),
        Column("when", "Made"),
        Column("id", "Number", numeric=True),
        Column("kind", "Kind", hidden=True),
    )
    empty = (
        lists.no_match("No change matches", "/changes")
        if filtered
        else Empty(
            "No change yet",
            "Choose subscriptions in the list or on the map and plan a change for them; nothing is sent before it is "
            "approved.",
            (Action("New change", "/changes/new", "plus"), Action("Choose subscriptions", "/subscriptions", "list")),
            "git-pull-request-arrow",
        )
    )
    return Table("changes", "Changes", columns, [_row(one, kinds) for one in rows], paging, empty=empty)


def _row(listed: Listed, kinds: Mapping[str, str]) -> Row:
    change, planned = listed.change, listed.planned
    counted = listed.states
    failed = counted.get("failed", 0) if counted else 0
    cells: dict[str, object] = {
        "title": change.title or f"Change {change.id}",
        "state": _state(change),
        "kind": kinds.get(change.kind, change.kind),
        "progress": Share(counted.get("verified", 0) / planned) if counted and planned else None,
        "items": planned if change.plan_hash else None,
        "failed": failed if counted else None,
        "who": named(change.created_by),
        "when": Age(change.created_at),
        "id": change.id,
    }
    tone = "bad" if failed and change.state.value in {"running", "paused"} else ""
    return Row(str(change.id), cells, f"/changes/{change.id}", tone=tone)


def _state(change: Change) -> object:
    state = words.badge(words.STATES, change.state.value)
    if change.type.value == "emergency":
        return Several((state, Badge("Emergency", Tone.BAD, "siren")))
    return state


def shown(rows: Sequence[Listed], *, more: bool) -> str:
    """How many are listed, in words."""
    return f"{formats.plural(len(rows), 'change')}{', and more' if more else ''}" if rows else ""
