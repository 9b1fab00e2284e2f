"""The list of incidents, and the tabs of this part of the console."""

from collections.abc import Mapping, Sequence
from typing import Any

from tieline.console.components.formats import number, plural
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
    Selection,
    Table,
)
from tieline.console.components.values import Age, Count
from tieline.platform.scope import Permission, named
from tieline.utility.console.filters import pairs_of
from tieline.utility.console.http import Page
from tieline.utility.console.pages.incidents import words
from tieline.utility.console.pages.incidents.asked import HOME, KEYS, Asked
from tieline.utility.console.pages.parts import lists
from tieline.utility.incidents import KIND_WORDS, Incident
from tieline.utility.inventory import Operator


def tabs(current: str) -> tuple[Tab, ...]:
    """The parts of this part of the console."""
    every = (("Incidents", HOME), ("Expected", f"{HOME}/expected"), ("Reconciliation", f"{HOME}/reconciliation"))
    return tuple(Tab(label, href, current=href == current) for label, href in every)


def head(counts: Sequence[Mapping[str, Any]]) -> PageHead:
    """What is open, in one line."""
    fresh = sum(row["count"] for row in counts if row["state"] == "open")
    worst = sum(row["count"] for row in counts if row["severity"] == "critical")
    total = sum(row["count"] for row in counts)
    if not total:
        state = "Nothing is open: what operators have is what we want, or a change of ours is at work on it."
    else:
        parts = [f"{plural(total, 'incident')} open", f"{number(fresh)} new", f"{number(worst)} critical"]
        state = f"{', '.join(parts)}."
    return PageHead("Incidents", state, tabs=tabs(HOME))


def filters(url: str, asked: Asked, operators: Sequence[Operator]) -> FilterBar:
    """The filters; all of their state is in the URL."""

    def choice(key: str, label: str, options: Mapping[str, str], chosen: Sequence[str], *, pinned: bool) -> Filter:
        shown = tuple(Option(name, text, chosen=name in chosen) for name, text in options.items())
        return Filter(key, label, FilterKind.CHOICE, shown, pinned=pinned)

    severities = {name: badge.word for name, badge in words.SEVERITIES.items()}
    states = {name: badge.word for name, badge in words.STATES.items()}
    keep = {key: value for key, value in pairs_of(url.partition("?")[2]) if key in {"site", "subscription"}}
    return FilterBar(
        url,
        (
            choice("severity", "Severity", severities, asked.severities, pinned=True),
            choice("state", "State", states, asked.states, pinned=True),
            choice("kind", "Kind", KIND_WORDS, asked.kinds, pinned=True),
            choice("operator", "Operator", {one.code: one.name for one in operators}, asked.operators, pinned=True),
            Filter("region", "Region", FilterKind.TEXT, value=asked.regions[0] if asked.regions else ""),
            Filter("q", "Site, number or words", FilterKind.TEXT, value=asked.q, pinned=True),
            Filter("mine", "Mine", FilterKind.FLAG, value="1" if asked.mine else "", pinned=True),
            Filter("expected", "Expected too", FilterKind.FLAG, value="1" if asked.expected else "", pinned=True),
        ),
        keep=keep,
    )


def table(page: Page, found: Sequence[Incident], asked: Asked, paging: Paging, matching: int) -> Table:
    """The list, the worst first; what nobody looks after yet stands out."""
    columns = (
        Column("title", "What", fixed=True, narrow=True, wrap=True),
        Column("severity", "Severity", narrow=True),
        Column("state", "State", narrow=True),
        Column("members", "Subscriptions", numeric=True),
        Column("sites", "Sites", numeric=True),
        Column("opened", "Since"),
        Column("last", "Last seen", hidden=True),
        Column("who", "Assigned to"),
        Column("kind", "Kind", hidden=True),
        Column("operator", "Operator", hidden=True),
        Column("id", "Number", numeric=True, hidden=True),
    )
    return Table(
        "incidents",
        "Incidents, the worst first",
        columns,
        [_row(one) for one in found],
        paging,
        _selection(page, matching),
        empty=_empty(asked),
    )


def _row(one: Incident) -> Row:
    cells: dict[str, object] = {
        "title": one.title,
        "severity": words.severity(one.severity),
        "state": words.state(one.state),
        "members": Count(one.members, f"{HOME}/{one.id}/members") if one.members else None,
        "sites": one.sites or None,
        "opened": Age(one.opened_at),
        "last": Age(one.last_at),
        "who": named(one.assignee) if one.assignee else None,
        "kind": KIND_WORDS.get(one.kind, one.kind),
        "operator": one.operator,
        "id": one.id,
    }
    tones = {"critical": "bad", "major": "warn"}
    tone = tones.get(one.severity, "unknown") if one.state == "open" else ""
    return Row(str(one.id), cells, f"{HOME}/{one.id}", tone=tone, muted=one.state in {"resolved", "expected"})


def _selection(page: Page, matching: int) -> Selection | None:
    if not page.scope.may(Permission.INCIDENT_WRITE):
        return None
    acts = (
        Action("Acknowledge", f"{HOME}/acts", "eye", "primary", "post", name="act", value="acknowledge"),
        Action("Assign", f"{HOME}/acts", "user", method="post", name="act", value="assign"),
        Action("Resolve", f"{HOME}/acts", "circle-check", method="post", name="act", value="resolve"),
    )
    query = page.request.url.query
    kept = "&".join(part for part in query.split("&") if part.partition("=")[0] in KEYS)
    return Selection(matching, acts, kept, page.csrf_token, "incident")


def _empty(asked: Asked) -> Empty:
    if asked.narrowed:
        return lists.no_match("No incident matches these filters", HOME)
    return Empty(
        "No incident is open",
        "Whatever deviates at an operator and no change of ours explains shows here within two seconds: another APN, a "
        "SIM in a foreign device, a subscription that is gone.",
        (
            Action("Show resolved ones", f"{HOME}?state=resolved", "history"),
            Action("How the last full read compared", f"{HOME}/reconciliation", "list-checks"),
        ),
        "shield-check",
    )
