"""One site of a programme: why it waits, its links beside one another with their tests, its visit and its cut-over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tieline.console.components.formats import plural
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.tables import Column, Empty, Row, Table
from tieline.console.components.values import Age, Badge, Ident, IdentKind, Link, Tone
from tieline.platform.scope import Permission, Scope
from tieline.utility.changes import ItemState
from tieline.utility.console.pages.changes.views.words import ITEM_STATES, badge
from tieline.utility.console.pages.fieldwork.views.words import state_of
from tieline.utility.console.pages.programmes import words
from tieline.utility.console.pages.programmes.listing import HOME
from tieline.utility.console.words import ROLES
from tieline.utility.fieldwork import Visit
from tieline.utility.programmes import LinkRow, Programme, SiteState

_OUT = (SiteState.SELECTED, SiteState.READY, SiteState.AGAIN, SiteState.BLOCKED)
_CHECKS = (
    Column("name", "Check", narrow=True, fixed=True),
    Column("ok", "Holds", narrow=True),
    Column("wanted", "Wanted", wrap=True),
    Column("found", "Found", narrow=True, wrap=True),
)
_HOLDS = {True: Badge("Holds", Tone.OK), False: Badge("Does not hold", Tone.BAD), None: Badge("Waits", Tone.BUSY)}


@dataclass(frozen=True, slots=True)
class Card:
    """One link: what it was, what it becomes, how far it is, and what its test found."""

    title: str
    state: Badge
    facts: tuple[tuple[str, object], ...]
    checks: Table


def head(programme: Programme, one: Mapping[str, Any]) -> PageHead:
    """The site, and where it stands in a sentence."""
    state = SiteState(one["state"])
    why = f": {one['why'].rstrip('.')}" if one["why"] else ""
    base = f"/programmes/{programme.id}"
    crumbs = (HOME, Crumb(programme.title, base), Crumb("Sites", f"{base}/sites"))
    return PageHead(one["name"], f"{words.SITES[state].word}{why}. {words.NEXT[state]}", crumbs)


def actions(programme: Programme, one: Mapping[str, Any], scope: Scope) -> tuple[Action, ...]:
    """What can be done with the site now."""
    state = SiteState(one["state"])
    base = f"/programmes/{programme.id}"
    found = [Action("Open the site", f"/sites/{one['site_id']}", "building-2")]
    if not scope.may(Permission.PROGRAMME_WRITE):
        return tuple(found)
    mine = {"href": f"{base}/leave-out", "method": "post", "name": "id", "value": str(one["site_id"])}
    if state in _OUT:
        found.append(Action("Leave it out", icon="circle-slash", **mine))
    if state is SiteState.LEFT_OUT:
        found.append(Action("Take it in again", icon="plus", **{**mine, "href": f"{base}/take-in"}))
    if state is SiteState.BLOCKED and one["attempts"]:
        found.append(Action("Let a crew try again", icon="rotate-ccw", **{**mine, "href": f"{base}/take-in"}))
    return tuple(found)


def facts(one: Mapping[str, Any], visit: Visit | None, now: Any) -> tuple[tuple[str, object], ...]:
    """Where it stands, by when it is due, and what is planned for it."""
    said: tuple[tuple[str, object], ...] = (
        ("State", words.SITES[SiteState(one["state"])]),
        ("Why", one["why"] or None),
        ("Since", Age(one["changed_at"])),
        (
            "Due",
            Badge(words.day(one["due_at"]) or "", Tone.WARN, "clock-alert")
            if one["late"]
            else words.day(one["due_at"]),
        ),
        ("Phase", words.phase(one["phase"])),
        ("Visit", Link(f"Visit {visit.id}", f"/fieldwork/visits/{visit.id}") if visit else None),
        ("The visit is", state_of(visit, now) if visit else None),
        ("When", _when(visit)),
        ("Visits so far", one["attempts"]),
        ("Watched until", one["dwell_until"] if one["state"] == SiteState.DWELLING else None),
        ("Done in the field", one["field_done_at"]),
        ("Done", one["done_at"]),
    )
    return tuple((name, value) for name, value in said if value is not None)


def _when(visit: Visit | None) -> str | None:
    if visit is None:
        return None
    return f"{visit.day:%a} {visit.day.day} {visit.day:%b %Y} by {visit.crew}" if visit.day else "in no order yet"


def card(link: LinkRow, names: Mapping[int, str]) -> Card:
    """A link as a card; ``names`` are what subscriptions are called elsewhere."""
    said: tuple[tuple[str, object], ...] = (
        (
            "Old subscription",
            Link(names.get(link.old_subscription_id, "open it"), f"/subscriptions/{link.old_subscription_id}"),
        ),
        (
            "New subscription",
            Link(names.get(link.new_subscription_id, "open it"), f"/subscriptions/{link.new_subscription_id}")
            if link.new_subscription_id
            else "not prepared yet",
        ),
        ("New card", Ident(link.new_iccid, IdentKind.ICCID) if link.new_iccid else None),
        ("Went over", link.cut_at),
        ("Test asked for", link.test_asked_at),
        ("Application asked", plural(link.probes, "time") if link.probes else None),
        ("Passed", link.passed_at),
    )
    role = ROLES.get(link.role, link.role)
    return Card(
        f"{link.position}. Operator {link.operator}, {role}",
        words.LINKS[link.state],
        tuple((name, value) for name, value in said if value is not None),
        _checks(link),
    )


def _checks(link: LinkRow) -> Table:
    rows = [
        Row(
            str(at),
            {"name": one["name"], "ok": _HOLDS[one.get("ok")], "wanted": one.get("wanted"), "found": one.get("found")},
        )
        for at, one in enumerate(link.checks)
    ]
    empty = Empty("Not tested yet", "The crew asks for the test once the card is fitted.", icon="circle-dashed")
    return Table(f"checks-{link.position}", f"Test of link {link.position}", _CHECKS, rows, empty=empty, chooser=False)


_ITEMS = (
    Column("what", "Step", fixed=True, narrow=True),
    Column("state", "State", narrow=True),
    Column("why", "Why", wrap=True),
    Column("at", "Ended"),
)


def items(rows: Sequence[Mapping[str, Any]], change_id: int) -> Table:
    """The steps of the cut-over at this site."""
    found = [
        Row(
            str(one["id"]),
            {
                "what": f"{one['position']}. {one['ref'] or one['subscription_id']} at operator {one['operator']}",
                "state": badge(ITEM_STATES, one["state"]),
                "why": one["reason"]
                or ("its crew has not fitted the card yet" if one["state"] == ItemState.WAITING else None),
                "at": one["ended_at"],
            },
            f"/changes/{change_id}/items/{one['position']}",
        )
        for one in rows
    ]
    empty = Empty("Nothing to cut over", "Every link of this site has gone over already.", icon="circle-check")
    return Table("site-items", "Steps of the cut-over at this site", _ITEMS, found, empty=empty, chooser=False)
