"""The list of notices."""

from collections.abc import Mapping, Sequence
from datetime import datetime

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
from tieline.console.components.values import Age
from tieline.utility.console.filters import pairs_of
from tieline.utility.console.pages.notices import words
from tieline.utility.console.pages.parts import lists
from tieline.utility.notices import DeskState, Kind, Notice
from tieline.utility.notices import Filter as Wanted

KEYS = ("operator", "kind", "technology", "open", "waits")
_LABELS = {"operator": "Operator", "kind": "Kind", "technology": "Technology", "open": "Still to come"}
_YES_NO = {"1": "yes", "0": "no"}


def wanted(query: str) -> Wanted:
    """The filter that the list's URL holds."""
    pairs = pairs_of(query)

    def many(key: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(value for one, value in pairs if one == key and value))

    def choice(key: str) -> bool | None:
        chosen = [value for one, value in pairs if one == key and value in _YES_NO]
        return chosen[-1] == "1" if chosen else None

    return Wanted(
        operators=many("operator"),
        kinds=many("kind"),
        technologies=many("technology"),
        is_open=choice("open"),
        waits=choice("waits"),
    )


def filters(url: str, operators: Mapping[str, str]) -> FilterBar:
    """The filter bar; ``operators`` are names by code."""
    pairs = pairs_of(url.partition("?")[2])
    choices: dict[str, Mapping[str, str]] = {
        "operator": operators,
        "kind": {kind.value: badge.word for kind, badge in words.KINDS.items()},
        "technology": {name: name for name in ("2G", "3G", "4G", "5G")},
        "open": _YES_NO,
    }
    chips = [
        Filter(
            key,
            _LABELS[key],
            FilterKind.CHOICE,
            tuple(Option(value, word, chosen=(key, value) in pairs) for value, word in known.items()),
            pinned=True,
        )
        for key, known in choices.items()
    ]
    waiting = Filter("waits", "Waits for your answer", FilterKind.FLAG, value="1" if ("waits", "1") in pairs else "")
    return FilterBar(url, (*chips, waiting))


def head(desks: Sequence[DeskState]) -> PageHead:
    """Head of the list, and whether every operator could be read."""
    silent = [desk.operator for desk in desks if desk.error]
    state = "What operators announce: technologies that end, planned work."
    if silent:
        state = f"Operator {', '.join(silent)} cannot be read at the moment: what is new there may be missing."
    return PageHead("Notices", state)


def table(rows: Sequence[Notice], paging: Paging, now: datetime, *, filtered: bool) -> Table:
    """The list itself, the latest to come in first."""
    columns = (
        Column("title", "Notice", fixed=True, narrow=True, wrap=True),
        Column("state", "State", narrow=True),
        Column("kind", "Kind"),
        Column("operator", "Operator"),
        Column("technology", "Technology"),
        Column("starts", "Begins"),
        Column("ends", "Over by"),
        Column("revision", "Revision", numeric=True, hidden=True),
        Column("first", "Came in"),
        Column("ref", "Operator's reference", hidden=True),
    )
    return Table(
        "notices", "Notices", columns, [_row(one, now) for one in rows], paging, empty=_empty(filtered=filtered)
    )


def _empty(*, filtered: bool) -> Empty:
    if filtered:
        return lists.no_match("No notice matches", "/notices")
    return Empty(
        "No notice yet",
        "What operators announce comes in by itself, over TMF655, from each operator that a connection is set up to.",
        (Action("Operators", "/operators", "network"),),
        "calendar-clock",
    )


def _row(one: Notice, now: datetime) -> Row:
    cells: dict[str, object] = {
        "title": one.title,
        "state": words.state(one, now),
        "kind": words.KINDS[one.kind],
        "operator": one.operator_name,
        "technology": one.technology or ("all" if one.kind is not Kind.OTHER else None),
        "starts": Age(one.starts_at) if one.starts_at else None,
        "ends": Age(one.ends_at) if one.ends_at else None,
        "revision": one.revision,
        "first": Age(one.first_at, one.operator_name),
        "ref": one.ref,
    }
    over = one.over or (one.ends_at is not None and one.ends_at <= now)
    return Row(str(one.id), cells, f"/notices/{one.id}", muted=over, tone="warn" if one.waits else "")
