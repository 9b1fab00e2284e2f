"""One incident as it is read: the story in sentences, both values with their ages, the ways out, the journal."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from tieline.console.components.formats import plural
from tieline.console.components.forms import Field, Form
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.tables import Column, Empty, Paging, Row, Table
from tieline.console.components.values import Age, Link, Observed, Several
from tieline.console.components.work import Confirm, Evidence
from tieline.platform.scope import named
from tieline.utility.console.pages.incidents import words
from tieline.utility.console.pages.incidents.asked import HOME
from tieline.utility.incidents import FIELD_WORDS, KIND_WORDS, Detail, Incident, Member, fields_word, means, value_word

_BACK = "It is a change like any other: it can be taken back, wholly or in part."
_SOURCES = {"told": "what the operator was told", "network": "what its network does"}


@dataclass(frozen=True, slots=True)
class Difference:
    """A field with both values, as the page shows them."""

    name: str
    ours: str
    theirs: object


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the journal."""

    at: datetime
    who: str
    said: str
    icon: str
    link: str = ""


def head(found: Detail) -> PageHead:
    """What, how bad, since when, and the likeliest thing to do."""
    one = found.incident
    severity, state = words.severity(one.severity).word, words.state(one.state).word.lower()
    who = f", looked after by {named(one.assignee)}" if one.assignee else ""
    return PageHead(
        one.title, f"{severity}, {state}{who}. Incident {one.id}.", (Crumb("Incidents", HOME),), tuple(_actions(found))
    )


def _actions(found: Detail) -> Iterator[Action]:
    one, acts = found.incident, found.acts
    path = f"{HOME}/{one.id}"
    if "acknowledge" in acts:
        yield Action("Acknowledge", f"{path}/acknowledge", "eye", "primary", "post")
    if "assign" in acts and one.state != "resolved":
        yield Action("Assign", icon="user", dialog="assign")
    if "resolve" in acts:
        yield Action("Resolve", icon="circle-check", dialog="resolve")
    if "reopen" in acts:
        yield Action("Reopen", icon="rotate-ccw", dialog="reopen")


def ways_out(found: Detail) -> tuple[Action, ...]:
    """The buttons that make a change."""
    labels = {
        "revert": ("Put it right", "undo-2", "primary"),
        "keep": ("Keep the operator's value", "check", "plain"),
        "block": ("Block the SIM", "ban", "danger"),
    }
    return tuple(
        Action(label, icon=icon, kind=kind, dialog=name)
        for name, (label, icon, kind) in labels.items()
        if name in found.acts
    )


def next_step(found: Detail) -> str:
    """What to do now, in a sentence."""
    one = found.incident
    if one.state == "resolved":
        return f"It is over: {one.resolved_why}"
    if one.state == "expected" and found.expectation:
        return f"Known work: {found.expectation.why} It becomes an incident if it is so still when that is over."
    if one.revert_id is not None:
        return f"Change {one.revert_id} was made for it. It ends by itself once the operator shows our values again."
    steps = {
        "configuration": "Put it right, or keep the operator's value. Either way a change is planned, and nothing is "
        "sent before it is approved. Ask the operator who did it, and why."
        if "keep" in found.acts
        else "Put it right: a change is planned, and nothing is sent before it is approved. Ask the operator why.",
        "wrong-device": "Ask whether a crew changed the router. If nobody did, block the SIM: it may be stolen.",
        "wrong-card": "Ask the operator which card it means; look at the site's card on the next visit.",
        "missing": "Ask the operator what became of it. The site's other link carries it meanwhile, if there is one.",
        "unknown": "Import what is yours; ask the operator what the rest is.",
    }
    return steps.get(one.kind, "Look at the evidence, and write down what was done.")


def differences(member: Member | None) -> tuple[Difference, ...]:
    """Both values of each field of a member, with age and source."""
    if member is None:
        return ()
    return tuple(_difference(name, kept) for name, kept in member.fields.items())


def _difference(name: str, kept: Mapping[str, Any]) -> Difference:
    at = kept.get("at")
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    theirs: object = value_word(kept.get("theirs"), name)
    if moment is not None:
        theirs = Observed(str(theirs), Age(moment, _SOURCES.get(str(kept.get("source")), "the operator")))
    return Difference(_large(FIELD_WORDS.get(name, name)), value_word(kept.get("ours"), name), theirs)


def _large(text: str) -> str:
    return text[:1].upper() + text[1:]


def facts(found: Detail) -> tuple[tuple[str, object], ...]:
    """Who, since when, with what."""
    one, first = found.incident, found.first
    pairs: list[tuple[str, object]] = [
        ("Severity", words.severity(one.severity)),
        ("State", words.state(one.state)),
        ("Found", Age(one.opened_at)),
        ("Last seen", Age(one.last_at)),
        ("Done by", _by(first)),
        ("Operator", Link(one.operator, f"/operators/{one.operator}") if one.operator else None),
        ("Kind", KIND_WORDS.get(one.kind, one.kind)),
        ("Site", _site(one, first)),
        ("Subscription", _subscription(one, first)),
        ("Assigned to", named(one.assignee) if one.assignee else "nobody"),
    ]
    if one.acknowledged_by:
        pairs.append(("Acknowledged", Several((named(one.acknowledged_by), Age(one.acknowledged_at)))))
    if one.revert_id is not None:
        pairs.append(("Change", Link(f"Change {one.revert_id}", f"/changes/{one.revert_id}")))
    if one.repeats > 1:
        pairs.append(("Told", plural(one.repeats, "time")))
    return tuple((name, value) for name, value in pairs if value is not None)


def _by(first: Member | None) -> str | None:
    if first is None or not first.record:
        return None
    by, plan = str(first.record.get("by") or ""), str(first.record.get("plan") or "")
    kind, _, name = by.partition(":")
    who = f"the operator's {kind} ({name})" if name and kind == "staff" else by
    return who or (f"order {plan}" if plan else "not told by the operator")


def _site(one: Incident, first: Member | None) -> Link | None:
    if first is None or first.site_id is None or one.members > 1:
        return None
    return Link(first.site_name or first.site, f"/sites/{first.site_id}")


def _subscription(one: Incident, first: Member | None) -> Link | None:
    if first is None or first.subscription_id is None or one.members > 1:
        return None
    return Link(first.ref or str(first.subscription_id), f"/subscriptions/{first.subscription_id}")


def meaning(found: Detail) -> str:
    """What it means."""
    return means(set(found.first.fields)) if found.first else ""


_ICONS = {
    "opened": "bell-ring",
    "acknowledged": "eye",
    "assigned": "user",
    "comment": "pencil",
    "resolved": "circle-check",
    "open": "rotate-ccw",
    "change": "git-pull-request-arrow",
    "grown": "circle-arrow-up",
    "shrunk": "check",
    "severity": "triangle-alert",
}


def journal(found: Detail) -> tuple[Entry, ...]:
    """Everything that happened to it, the newest first."""
    return tuple(
        Entry(
            row["at"],
            named(row["actor"]),
            row["words"],
            _ICONS.get(row["kind"], "activity"),
            f"/changes/{row['detail']['change']}" if row["kind"] == "change" and "change" in row["detail"] else "",
        )
        for row in reversed(found.journal)
    )


def evidence(found: Detail) -> Evidence | None:
    """What the first member's record says; the raw record one click deeper."""
    first = found.first
    if first is None or not first.record:
        return None
    record = first.record
    pairs = (
        ("Operator's reference", first.ref or None),
        ("Done by", record.get("by") or "not told"),
        ("Order", record.get("plan") or "none"),
        ("Came about", _moment(record.get("since"))),
        ("Ended", Age(first.ended_at) if first.ended_at else None),
        ("How it ended", first.end_why or None),
    )
    raw = msgspec.json.format(msgspec.json.encode(record), indent=2).decode()
    sentence = f"{_large(fields_word(first.fields))}: as operator {first.operator} showed it"
    return Evidence(sentence, tuple(pair for pair in pairs if pair[1] is not None), raw, at=first.since)


def _moment(at: Any) -> object:
    return Age(datetime.fromisoformat(at)) if isinstance(at, str) else at


def members(found: Sequence[Member], paging: Paging, *, csv_href: str = "") -> Table:
    """What an incident is about."""
    columns = (
        Column("site", "Site", fixed=True, narrow=True, wrap=True),
        Column("ref", "Subscription", narrow=True),
        Column("role", "Link"),
        Column("what", "Ours → the operator's", narrow=True, wrap=True),
        Column("region", "Region"),
        Column("since", "Since"),
        Column("ended", "Right again"),
        Column("why", "How", hidden=True, wrap=True),
    )
    empty = Empty("Nothing within your regions and operators", "The incident is about others.")
    return Table("members", "What the incident is about", columns, [_member(one) for one in found], paging,
                 csv_href=csv_href, empty=empty)  # fmt: skip


def _member(one: Member) -> Row:
    what = "; ".join(
        f"{FIELD_WORDS.get(name, name)} {value_word(kept.get('ours'), name)} → {value_word(kept.get('theirs'), name)}"
        for name, kept in one.fields.items()
    )
    cells: dict[str, object] = {
        "site": one.site_name or one.site or "fitted nowhere",
        "ref": Link(one.ref, f"/subscriptions/{one.subscription_id}") if one.subscription_id else one.ref,
        "role": one.role or None,
        "what": what or None,
        "region": one.region,
        "since": Age(one.since),
        "ended": Age(one.ended_at) if one.ended_at else None,
        "why": one.end_why or None,
    }
    return Row(str(one.id), cells, f"/sites/{one.site_id}" if one.site_id else "", muted=one.ended_at is not None)


def dialogs(found: Detail, csrf: str) -> tuple[Confirm, ...]:
    """What asks before it does anything."""
    one, count = found.incident, found.live
    path = f"{HOME}/{one.id}"
    every = {
        "revert": Confirm("revert", "Put it right", "A change is planned that writes our values again where the "
                          "operator has others. Nothing is sent before it is approved.", f"{path}/revert",
                          "Plan the change", csrf, count, facts=_summary(found), undo=_BACK),
        "keep": Confirm("keep", "Keep the operator's value", "A change is planned that makes the operator's value "
                        "ours. Nothing changes before it is approved.", f"{path}/keep", "Plan the change", csrf, count,
                        facts=_summary(found), undo=_BACK),
        "block": Confirm("block", "Block the SIM", "A change is planned that suspends the subscription: no device can "
                         "use it. The link it serves is down from then on.", f"{path}/block", "Plan the change", csrf,
                         count, facts=_summary(found), undo=_BACK, danger=True),
        "resolve": Confirm("resolve", "Resolve", "What deviates still is accepted as it is: it is told again only when "
                           "it changes." if count and one.detected else "It is over.", f"{path}/resolve", "Resolve",
                           csrf, reason_label="Why"),
        "reopen": Confirm("reopen", "Reopen", "It is new again, and somebody has to look after it.", f"{path}/reopen",
                          "Reopen", csrf, reason_label="Why"),
        "assign": Confirm("assign", "Assign", "Whoever is named looks after it from now on; leave it as a dash for "
                          "nobody.", f"{path}/assign", "Assign", csrf, reason_label="To whom"),
    }  # fmt: skip
    return tuple(dialog for name, dialog in every.items() if name in found.acts)


def _summary(found: Detail) -> tuple[tuple[str, object], ...]:
    names = set(found.first.fields) if found.first else set()
    return (("Fields", fields_word(names)), ("Subscriptions", found.live), ("Sites", found.incident.sites))


def comment_form(found: Detail, csrf: str) -> Form | None:
    """Where something is added to the journal."""
    if "comment" not in found.acts:
        return None
    field = Field("text", "Add to the journal", "textarea", maxlength=4000, hint="Everybody who may see it reads this.")
    return Form(f"{HOME}/{found.incident.id}/comment", (field,), csrf, "Add")
