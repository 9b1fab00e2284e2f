"""A change as a record: what is printed and kept. Everything stands in words, nothing is left to be opened."""

from collections.abc import Mapping, Sequence
from typing import Any

from tieline.console.components import formats
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.tables import Column, Empty, Row, Table
from tieline.console.components.values import Link, Several
from tieline.platform.audit import Record as Entry
from tieline.platform.scope import named
from tieline.utility.changes import Record
from tieline.utility.console.pages.changes.source import Change
from tieline.utility.console.pages.changes.views import contract, items, outcomes, receipt, words
from tieline.utility.console.pages.changes.views.places import HOME

Pairs = tuple[tuple[str, object], ...]
_APPROVALS = (
    Column("what", "Decision", fixed=True),
    Column("who", "By"),
    Column("at", "At"),
    Column("plan", "Of plan", numeric=True),
    Column("said", "Said", wrap=True),
)
_ITEMS = (
    Column("position", "No.", numeric=True, fixed=True),
    Column("site", "Site", wrap=True),
    Column("subscription", "Subscription", wrap=True),
    Column("change", "Before \u2192 after", wrap=True),
    Column("state", "State", wrap=True),
    Column("ended", "At"),
)
_ENTRIES = (
    Column("seq", "Entry", numeric=True, fixed=True),
    Column("at", "At"),
    Column("who", "By"),
    Column("what", "What"),
    Column("hash", "Hash (SHA-256)", wrap=True),
)


def head(change: Change) -> PageHead:
    """Title and state, and the ways to keep it."""
    crumbs = (HOME, Crumb(change.title, f"/changes/{change.id}"))
    actions = (Action("All items as CSV", f"/changes/{change.id}/items.csv", "download"),)
    state = f"{change.title}. {words.badge(words.STATES, change.state.value).word}."
    return PageHead(f"Record of change {change.id}", state, crumbs, actions)


def what(found: Record, kind: str) -> Pairs:
    """What it is and why."""
    change = found.detail.change
    back = Link(f"change {change.undo_of}", f"/changes/{change.undo_of}") if change.undo_of else None
    pairs: Pairs = (
        ("Title", change.title),
        ("Number", str(change.id)),
        ("Kind", kind),
        ("Type", words.TYPES.get(change.type.value, change.type.value)),
        ("Why", change.reason or "No reason was given."),
        ("State", words.badge(words.STATES, change.state.value)),
        ("How it came to that", change.state_why or None),
        ("Takes back", back),
    )
    return tuple(pair for pair in pairs if pair[1] is not None)


def people(found: Record) -> Pairs:
    """Who did what, and when."""
    change = found.detail.change
    return (
        ("Asked for", _by(change.created_by, change.created_at)),
        ("Edited by", ", ".join(named(one.actor) for one in change.editors) or "nobody"),
        ("Planned", _by(change.planned_by, change.planned_at)),
        ("Started", _by(change.started_by, change.started_at)),
        ("Ended", change.ended_at or "not yet"),
    )


def _by(actor: str | None, at: Any) -> object:
    return Several((f"by {named(actor)}", at)) if at else "not yet"


def approvals(found: Record) -> Table:
    """Every decision, those too that count no more."""
    rows = [
        Row(
            str(one.id),
            {
                "what": _decision(one.decision, void=one.void_at is not None, afterwards=one.afterwards),
                "who": "the policy" if one.by_policy else named(one.actor),
                "at": one.at,
                "plan": one.plan_version,
                "said": " ".join(filter(None, (one.comment, one.void_why and f"Void: {one.void_why}"))),
            },
            muted=one.void_at is not None,
        )
        for one in found.detail.approvals
    ]
    empty = Empty("Nobody has decided on it", icon="circle-help")
    return Table("record-approvals", "Decisions", _APPROVALS, rows, chooser=False, empty=empty)


def _decision(decision: str, *, void: bool, afterwards: bool) -> str:
    word = "Approved" if decision == "approved" else "Rejected"
    return f"{word}{' afterwards' if afterwards else ''}{', void since' if void else ''}"


def plan(found: Record) -> Pairs:
    """The plan that was agreed to."""
    change = found.detail.change
    summary, limits = contract.Summary.of(change), change.thresholds
    rule = str(summary.requirement.get("why", "")) or None
    policy = f"{found.policy['name']} (policy {found.policy['id']})" if found.policy else None
    regions = ", ".join(f"{name or 'no region'} {formats.number(int(n))}" for name, n in
                        (summary.impact.get("by_region") or {}).items())  # fmt: skip
    pairs: Pairs = (
        ("Policy", policy or rule),
        ("Rule", rule if policy else None),
        ("Version", str(change.plan_version)),
        ("Hash of the plan", change.plan_hash or "not planned yet"),
        ("Sites", _count(summary.impact.get("sites"))),
        ("Of them critical", _count(summary.impact.get("critical_sites"))),
        ("Subscriptions by region", regions or None),
        ("Waves", "; ".join(_wave(one) for one in summary.waves) or None),
        ("Thresholds", f"goes on from {limits.success:.0%} verified, pauses above {limits.error:.0%} failed"),
        ("Expected to take", formats.duration_range(*summary.seconds) if any(summary.seconds) else None),
    )
    return tuple(pair for pair in pairs if pair[1] is not None)


def _count(value: Any) -> str | None:
    return None if value is None else formats.number(int(value))


def _wave(one: Mapping[str, Any]) -> str:
    return f"{contract.wave_title(one)}: {formats.plural(int(one['items']), 'subscription')}"


def outcome(found: Record) -> Pairs:
    """What came of it, beside the plan."""
    counts = ", ".join(
        f"{formats.number(number)} {words.badge(words.ITEM_STATES, state).word.lower()}"
        for state, number in found.progress.counts.items()
        if number
    )
    pairs: Pairs = (("Subscriptions", counts or "none"),)
    if found.outcome is None:
        ended = found.detail.change.ended_at is not None and found.detail.change.started_at is not None
        return (*pairs, ("Outcome", "What came of it is being counted." if ended else "It has not run to its end."))
    one = found.outcome
    hurt = f"{formats.number(one['sites_hurt'])} of {formats.plural(one['sites_expected'], 'site')} touched"
    return (
        *pairs,
        ("Verified", f"{formats.number(one['verified'])} of {formats.number(one['planned'])} planned"),
        *outcomes.facts(one),
        ("Sites that lost a link", hurt if one["sites_expected"] else formats.number(one["sites_hurt"])),
    )


def reviews(found: Record, zone: Any) -> tuple[tuple[Any, str, str], ...]:
    """What was said of it afterwards."""
    return outcomes.reviews(found.reviews, zone)


def item_table(found: Record) -> Table:
    """The first items, each with what it was and what it became."""
    rows = [
        Row(
            str(one["position"]),
            {
                "position": one["position"],
                "site": one["site_name"] or one["site"] or "no site",
                "subscription": f"{one['operator']} {one['ref']}".strip(),
                "change": Several(_deltas(one), stacked=True) if one["desired"] else "nothing is set",
                "state": Several(_state(one), stacked=True),
                "ended": one["ended_at"],
            },
        )
        for one in found.items
    ]
    empty = Empty("Nothing is planned yet", "The items appear here once the change is planned.")
    return Table("record-items", "Items, before and after", _ITEMS, rows, chooser=False, empty=empty)


def _deltas(one: Mapping[str, Any]) -> tuple[object, ...]:
    shown = [name for name in one["desired"] if one["before"].get(name) != one["desired"][name]] or list(one["desired"])
    return tuple(
        f"{words.field_name(name)}: {words.value_words(name, one['before'].get(name))} \u2192 "
        f"{words.value_words(name, one['desired'][name])}"
        for name in shown
    )


def _state(one: Mapping[str, Any]) -> tuple[object, ...]:
    parts: list[object] = [words.badge(words.ITEM_STATES, str(one["state"])).word]
    if one["state"] == "verified":
        parts.append(items.grade(one).word)
    if one["reason"]:
        parts.append(str(one["reason"]))
    if one.get("undone_by"):
        parts.append("taken back since")
    return tuple(parts)


def shown_of(found: Record, total: int) -> str:
    """How many of the items stand in the record."""
    if not found.more_items:
        return formats.plural(len(found.items), "subscription") + ", all of them."
    some = f"The first {formats.number(len(found.items))} of {formats.plural(total, 'subscription')}"
    return f"{some}. The complete list is the CSV file /changes/{found.detail.change.id}/items.csv."


def undo(undone_by: Sequence[int]) -> Pairs:
    """How it was, or can be, taken back."""
    links = tuple(Link(f"change {number}", f"/changes/{number}") for number in undone_by)
    how = "One action plans a change that sets every before-image back; what was changed since is left alone."
    made: object = Several(links) if links else "no change was made to take it back"
    return (("Taken back by", made), ("How it is taken back", how))


def entries(found: Sequence[Entry]) -> Table:
    """Its entries of the audit trail, each with the hash that holds it in the chain."""
    rows = [
        Row(
            str(one.seq),
            {
                "seq": one.seq,
                "at": one.at,
                "who": named(one.actor),
                "what": receipt.act(one.action.removeprefix("change.")),
                "hash": one.hash,
            },
            f"/audit/{one.seq}",
        )
        for one in found
    ]
    return Table("record-audit", "Entries of the audit trail", _ENTRIES, rows, chooser=False,
                 empty=Empty("The trail holds nothing of it"))  # fmt: skip
