"""Orders, visits, reports and crews as lists."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from tieline.console.components.figures import Figure
from tieline.console.components.formats import plural
from tieline.console.components.frame import Action, PageHead, Tab
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
from tieline.console.components.values import Badge, Count, Ident, Link, Several, Tone
from tieline.platform.scope import Permission, Scope, named
from tieline.utility.console.filters import href
from tieline.utility.console.pages.fieldwork.views import words
from tieline.utility.console.pages.parts.lists import no_match
from tieline.utility.fieldwork import Crew, Order, Outcome, ReportKind, ReportState, Visit, VisitState

_PLANNING = "Your role may not plan field work."
_HOW = "Programmes plan visits, and so may other systems by REST. Visits that wait are put into orders here."


def head(scope: Scope, current: str, state: str, attention: int) -> PageHead:
    """The head of the lists, with a tab each."""
    unless = "" if scope.may(Permission.FIELD_PLAN) else _PLANNING
    actions = {
        "orders": Action("Make orders", "/fieldwork/orders/new", "route", "primary", unless=unless),
        "crews": Action("New crew", "/fieldwork/crews/new", "plus", "primary", unless=unless),
    }
    tabs = (
        Tab("Orders", "/fieldwork", current=current == "orders"),
        Tab("Visits", "/fieldwork/visits", current=current == "visits"),
        Tab("Reports to look at", "/fieldwork/reports", current=current == "reports", count=attention or None),
        Tab("Crews", "/fieldwork/crews", current=current == "crews"),
    )
    own = actions.get(current)
    return PageHead("Field work", state, actions=(own,) if own else (), tabs=tabs)


def figures(tally: Sequence[Mapping[str, Any]], attention: int) -> tuple[Figure, ...]:
    """What matters on the morning of a working day."""
    total = {key: sum(row[key] for row in tally) for key in ("unassigned", "on_site", "late")}
    return (
        Figure("Visits in no order", total["unassigned"], "/fieldwork/visits?unassigned=1"),
        Figure("Crews on site now", total["on_site"], "/fieldwork/visits?state=on_site"),
        Figure("Visits late", total["late"], "/fieldwork/visits?late=1", tone="warn" if total["late"] else ""),
        Figure("Reports to look at", attention, "/fieldwork/reports", tone="bad" if attention else ""),
    )


_ORDERS = (
    Column("order", "Order", narrow=True, fixed=True),
    Column("day", "Day", narrow=True),
    Column("crew", "Crew"),
    Column("region", "Region"),
    Column("state", "State", narrow=True),
    Column("visits", "Finished", numeric=True),
    Column("km", "Drive", numeric=True, unit="km"),
    Column("saved", "Saved", numeric=True, unit="km"),
    Column("time", "Time", numeric=True),
    Column("marks", "Look at"),
)


def orders(found: Sequence[Order], now: datetime, paging: Any, *, filtered: bool) -> Table:
    """The list of orders."""
    empty = Empty("No order", _HOW, (Action("Make orders", "/fieldwork/orders/new", "route", "primary"),))
    if filtered:
        empty = no_match("No order fits", "/fieldwork", "Finished orders are left out unless you ask for them.")
    rows = [_order(one, now) for one in found]
    return Table("orders", "Work orders by day", _ORDERS, rows, paging, empty=empty)


def _order(one: Order, now: datetime) -> Row:
    marks = (
        *([Badge(f"{one.attention} to look at", Tone.BAD)] if one.attention else []),
        *([Badge(f"{one.troubled} with trouble", Tone.WARN)] if one.troubled else []),
    )
    return Row(
        str(one.id),
        {
            "order": str(one.id),
            "day": words.day_words(one.day, now),
            "crew": Link(one.crew, href("/fieldwork", crew=str(one.crew_id))),
            "region": one.region,
            "state": words.order_state(one, now),
            "visits": Link(f"{one.finished} of {one.visits}", f"/fieldwork/orders/{one.id}"),
            "km": one.km,
            "saved": one.km_saved,
            "time": words.hours(one.minutes),
            "marks": Several(marks) if marks else None,
        },
        f"/fieldwork/orders/{one.id}",
        muted=one.state == "cancelled",
    )


def order_filters(
    url: str, chosen: Mapping[str, Sequence[str]], crews: Sequence[Crew], regions: Sequence[str]
) -> FilterBar:
    """Filters of the orders' list."""
    return FilterBar(
        url,
        (
            _choice("region", "Region", {one: one for one in regions}, chosen),
            _choice("crew", "Crew", {str(one.id): one.name for one in crews}, chosen),
            Filter(
                "day",
                "Day",
                FilterKind.DATES,
                low=_first(chosen, "day_from"),
                high=_first(chosen, "day_to"),
                pinned=True,
            ),
            Filter(
                "all", "Finished and cancelled ones, too", FilterKind.FLAG, value=_first(chosen, "all"), pinned=True
            ),
        ),
    )


def _choice(
    key: str, label: str, options: Mapping[str, str], chosen: Mapping[str, Sequence[str]], *, pinned: bool = True
) -> Filter:
    found = tuple(Option(value, word, chosen=value in chosen.get(key, ())) for value, word in options.items())
    return Filter(key, label, FilterKind.CHOICE, found, pinned=pinned)


def _first(chosen: Mapping[str, Sequence[str]], key: str) -> str:
    return next(iter(chosen.get(key, ())), "")


_VISITS = (
    Column("site", "Site", narrow=True, fixed=True),
    Column("state", "State", narrow=True),
    Column("order", "Order"),
    Column("day", "Day"),
    Column("crew", "Crew"),
    Column("steps", "Cards passed", numeric=True),
    Column("due", "Due"),
    Column("title", "What for"),
    Column("trouble", "Trouble", wrap=True),
    Column("attempt", "Attempt", numeric=True, hidden=True),
    Column("region", "Region", hidden=True),
    Column("postcode", "Postcode", hidden=True),
)


_STOPS = (
    Column("site", "Site", narrow=True, fixed=True),
    Column("position", "Stop", numeric=True, narrow=True),
    Column("postcode", "Postcode"),
    Column("state", "State", narrow=True),
    Column("steps", "Cards passed", numeric=True),
    Column("minutes", "Planned", numeric=True, unit="min"),
    Column("due", "Due"),
    Column("trouble", "Trouble", wrap=True),
)


def stops(found: Sequence[Visit], now: datetime, selection: Any) -> Table:
    """The visits of an order in their sequence."""
    rows = [_visit(one, now) for one in found]
    empty = Empty("No visit is in this order", "They were moved away, or the order was cancelled.")
    paging = Paging(shown=plural(len(found), "visit"))
    return Table("stops", "Visits in their sequence", _STOPS, rows, paging, selection, empty=empty, chooser=False)


def visits(
    found: Sequence[Visit], now: datetime, paging: Any = None, *, selection: Any = None, filtered: bool = False
) -> Table:
    """The list of visits."""
    empty = Empty("No visit is planned", _HOW)
    if filtered:
        empty = no_match("No visit fits these filters", "/fieldwork/visits")
    rows = [_visit(one, now) for one in found]
    return Table("visits", "Visits", _VISITS, rows, paging, selection if found else None, empty=empty)


def _visit(one: Visit, now: datetime) -> Row:
    passed = sum(step.state == "passed" for step in one.steps)
    return Row(
        str(one.id),
        {
            "site": one.site_name,
            "position": one.position,
            "minutes": one.minutes,
            "state": words.state_of(one, now),
            "order": words.order_link(one.order_id),
            "day": words.day_words(one.day, now),
            "crew": one.crew,
            "steps": f"{passed} of {len(one.steps)}" if one.steps else None,
            "due": words.due(one.due_at),
            "title": one.title,
            "trouble": _trouble(one),
            "attempt": one.attempt,
            "region": one.region,
            "postcode": one.postcode,
        },
        f"/fieldwork/visits/{one.id}",
        muted=one.state is VisitState.CANCELLED,
        tone="bad" if one.attention else "",
    )


def _trouble(one: Visit) -> object:
    if one.attention:
        return Link("A report was refused", f"/fieldwork/visits/{one.id}")
    return one.trouble[:80] or None


def visit_filters(
    url: str, chosen: Mapping[str, Sequence[str]], crews: Sequence[Crew], regions: Sequence[str]
) -> FilterBar:
    """Filters of the visits' list."""
    flags = {
        "late": "Late",
        "unassigned": "In no order",
        "attention": "With a refused report",
        "troubled": "With trouble",
    }
    return FilterBar(
        url,
        (
            _choice("state", "State", {state.value: badge.word for state, badge in words.STATES.items()}, chosen),
            _choice("outcome", "Outcome", {one.value: badge.word for one, badge in words.OUTCOMES.items()}, chosen),
            _choice("region", "Region", {one: one for one in regions}, chosen),
            _choice("crew", "Crew", {str(one.id): one.name for one in crews}, chosen, pinned=False),
            *(Filter(key, label, FilterKind.FLAG, value=_first(chosen, key)) for key, label in flags.items()),
            Filter("q", "Site", FilterKind.TEXT, value=_first(chosen, "q"), pinned=True),
        ),
    )


_REPORTS = (
    Column("at", "Happened", narrow=True, fixed=True),
    Column("kind", "Report", narrow=True),
    Column("site", "Visit"),
    Column("crew", "Crew"),
    Column("sentence", "What is wrong", wrap=True, narrow=True),
    Column("said", "What it said", wrap=True),
    Column("state", "State"),
)


def reports(found: Sequence[Mapping[str, Any]], paging: Any = None, *, own: bool = False) -> Table:
    """Reports; ``own``: those of one visit, of which all are shown."""
    empty = Empty(
        "No report waits for you", "What a crew reports that cannot be right appears here.", icon="circle-check"
    )
    if own:
        empty = Empty("Nothing was reported yet", "What the crew says on the phone page appears here.")
    columns = tuple(column for column in _REPORTS if not own or column.key != "site")
    if own:
        columns = tuple(replace(one, label="Answer") if one.key == "sentence" else one for one in columns)
    return Table("reports", "Reports", columns, [_report(one) for one in found], paging, empty=empty, chooser=False)


def _report(one: Mapping[str, Any]) -> Row:
    state = ReportState(one["state"])
    looked = one["looked_at"] is not None
    mark = Badge("Looked at", Tone.OFF, "eye", one["looked_note"]) if looked else words.REPORTS[state]
    return Row(
        one["id"],
        {
            "at": one["at"],
            "kind": words.KINDS[ReportKind(one["kind"])],
            "site": Link(one["site_name"], f"/fieldwork/visits/{one['visit_id']}") if one["visit_id"] else None,
            "crew": one["crew"] or named(one["actor"]),
            "sentence": one["sentence"],
            "said": words.said(one),
            "state": mark,
        },
        f"/fieldwork/reports/{one['id']}",
        tone="bad" if state is not ReportState.ACCEPTED and not looked else "",
    )


_CREWS = (
    Column("name", "Crew", narrow=True, fixed=True),
    Column("code", "Code"),
    Column("region", "Region", narrow=True),
    Column("members", "Members", narrow=True, wrap=True),
    Column("orders", "Orders"),
    Column("state", "State"),
)


def crews(found: Sequence[Crew]) -> Table:
    """The list of crews."""
    how = (
        "Give people the role “crew” under Users, then make a crew of them: each sees its own orders on the phone page."
    )
    rows = [
        Row(
            str(one.id),
            {
                "name": one.name,
                "code": Ident(one.code, copy=False),
                "region": one.region or "everywhere",
                "members": ", ".join(one.members) or Badge("Nobody yet", Tone.WARN),
                "orders": Link("Orders", href("/fieldwork", crew=str(one.id))),
                "state": None if one.active else Badge("Works no more", Tone.OFF),
            },
            f"/fieldwork/crews/{one.id}",
            muted=not one.active,
        )
        for one in found
    ]
    empty = Empty("No crew yet", how, (Action("New crew", "/fieldwork/crews/new", "plus", "primary"),), "users")
    return Table("crews", "Crews", _CREWS, rows, empty=empty, chooser=False)


_TALLY = (
    Column("region", "Region", narrow=True, fixed=True),
    Column("unassigned", "In no order", numeric=True, narrow=True),
    Column("ordered", "In orders", numeric=True),
    Column("late", "Late", numeric=True, narrow=True),
    Column("done", "Done", numeric=True, narrow=True),
    Column("not_done", "Not done", numeric=True),
)


def tally(found: Sequence[Mapping[str, Any]]) -> Table:
    """Visits by region; each number leads to its visits."""
    queries: Mapping[str, dict[str, Any]] = {
        "unassigned": {"unassigned": "1"},
        "ordered": {"state": [VisitState.PLANNED.value, VisitState.ON_SITE.value, VisitState.LEFT.value]},
        "late": {"late": "1"},
        "done": {"outcome": Outcome.DONE.value},
        "not_done": {"outcome": [Outcome.AGAIN.value, Outcome.NOT_POSSIBLE.value]},
    }
    rows = []
    for one in found:
        where = {"region": one["region"]} if one["region"] else {}
        cells = {key: Count(one[key], href("/fieldwork/visits", **where, **query)) for key, query in queries.items()}
        rows.append(Row(one["region"] or "-", {"region": one["region"] or "no region", **cells}))
    return Table("tally", "Visits by region", _TALLY, rows, chooser=False)
