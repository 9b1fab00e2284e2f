"""A change before it runs: what will happen, to how many, how long, with whose agreement. It reads like a contract."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tieline.console.components import formats
from tieline.console.components.figures import Figure, Segment
from tieline.console.components.tables import Column, Row, Table
from tieline.console.components.values import Badge, Count, Link, Tone
from tieline.console.components.work import Approval, Signature
from tieline.platform.scope import Permission, Scope, named
from tieline.utility.changes import Schedule, window_words
from tieline.utility.console.pages.changes.source import Approval as Decision
from tieline.utility.console.pages.changes.source import Change
from tieline.utility.console.pages.changes.views import items, words
from tieline.utility.console.pages.changes.views.tally import WAITING, Tally

_NAMED = 12


@dataclass(frozen=True, slots=True)
class Summary:
    """What planning found out, as it is kept with the plan."""

    impact: Mapping[str, Any]
    lanes: Mapping[str, Mapping[str, Any]]
    waves: Sequence[Mapping[str, Any]]
    seconds: tuple[float, float]
    requirement: Mapping[str, Any]

    @classmethod
    def of(cls, change: Change) -> "Summary":
        """From a change; empty before it was planned."""
        kept = change.summary or {}
        least, most = kept.get("seconds") or (0.0, 0.0)
        return cls(
            kept.get("impact") or {},
            kept.get("lanes") or {},
            kept.get("waves") or (),
            (float(least), float(most)),
            kept.get("requirement") or {},
        )


def sentences(change: Change, kind_sentence: str, zone: Any) -> tuple[str, ...]:
    """What will happen, in the order in which it will."""
    summary = Summary.of(change)
    found = list(words.what_happens(change.kind, kind_sentence, change.parameters))
    if len(summary.waves) > 1:
        found.append(
            f"It goes in {len(summary.waves)} waves. At each operator the next one begins when "
            f"{change.thresholds.success:.0%} of the one before are verified; above {change.thresholds.error:.0%} "
            "failed, the operator's part pauses and waits for a person."
        )
    elif summary.waves:
        found.append(
            f"It goes all at once. Above {change.thresholds.error:.0%} failed at an operator, that part pauses and "
            "waits for a person."
        )
    opens, closes = change.window.opens, change.window.closes
    if opens:
        found.append(f"Nothing is sent before {formats.local_time(opens, zone)}.")
    if closes:
        found.append(f"Nothing new is sent after {formats.local_time(closes, zone)}; what is under way is finished.")
    if change.window.rules:
        said = "; or ".join(window_words(change.window.rules))
        found.append(f"Anything is sent only in its windows: {said}.")
    found.append("A subscription counts as done when the operator's operational state, read back, says so.")
    return tuple(found)


def figures(change: Change, tally: Tally) -> tuple[Figure, ...]:
    """The figures of the plan."""
    impact = Summary.of(change).impact
    left_out = tally.count("blocked")
    conflicts = tally.count("conflict")
    critical = int(impact.get("critical_sites", 0))
    found = [
        Figure("Subscriptions to change", tally.count(*WAITING), items.href(change.id, state=list(WAITING))),
        Figure(
            "Left out",
            left_out,
            items.href(change.id, state="blocked"),
            tone="warn" if left_out else "",
            note="each with its reason" if left_out else "",
        ),
        Figure(
            "Sites",
            impact.get("sites", 0),
            note=f"{formats.plural(int(impact.get('customers', 0)), 'customer')} behind them, "
            f"in {formats.plural(len(impact.get('by_region') or ()), 'region')}",
        ),
        Figure(
            "Critical sites",
            critical,
            "#critical" if critical else "",
            tone="warn" if critical else "",
            note="they come last" if critical else "",
        ),
    ]
    if conflicts:
        found.insert(
            2,
            Figure(
                "Conflicts",
                conflicts,
                items.href(change.id, state="conflict"),
                tone="warn",
                note="changed by somebody else since; left alone",
            ),
        )
    return tuple(found)


def operators(change: Change, tally: Tally) -> Table:
    """What is asked of each operator, and how long that lasts."""
    columns = (
        Column("operator", "Operator", fixed=True, narrow=True),
        Column("items", "Subscriptions", numeric=True, narrow=True),
        Column("left", "Left out", numeric=True),
        Column("batches", "Batches", numeric=True),
        Column("calls", "Calls", numeric=True),
        Column("lasts", "Lasts", narrow=True),
        Column("by", "Because of"),
    )
    lanes = Summary.of(change).lanes
    names = sorted({*lanes, *tally.by_operator})
    rows = [_operator(change.id, name, lanes.get(name), tally) for name in names]
    return Table("operators", "What each operator is asked", columns, rows, chooser=False)


_LIMITS = {"rate": "the rate that the contract permits", "network": "the time the network takes to apply it"}


def _operator(change_id: int, name: str, lane: Mapping[str, Any] | None, tally: Tally) -> Row:
    states = tally.states(operator=name)
    cells: dict[str, object] = {
        "operator": f"Operator {name}",
        "items": Count(states["planned"], items.href(change_id, operator=name, state="planned")),
        "left": Count(
            states["blocked"] + states["conflict"],
            items.href(change_id, operator=name, state=["blocked", "conflict"]),
        ),
    }
    if lane:
        cells |= {
            "batches": lane["batches"],
            "calls": lane["calls"],
            "lasts": formats.duration_range(lane["least_seconds"], lane["most_seconds"]),
            "by": _LIMITS.get(lane["limited_by"], lane["limited_by"]),
        }
    else:
        cells["by"] = Badge("No connection", Tone.BAD, "plug")
    return Row(name, cells)


def waves(change: Change) -> Table:
    """The waves, in order."""
    columns = (
        Column("number", "Wave", numeric=True, fixed=True, narrow=True),
        Column("title", "What", narrow=True, wrap=True),
        Column("sites", "Sites", numeric=True),
        Column("items", "Subscriptions", numeric=True, narrow=True),
    )
    rows = [
        Row(
            str(wave["number"]),
            {
                "number": wave["number"],
                "title": wave_title(wave),
                "sites": wave["sites"],
                "items": Count(wave["items"], items.href(change.id, wave=wave["number"])),
            },
        )
        for wave in Summary.of(change).waves
    ]
    return Table("waves", "Waves of the plan", columns, rows, chooser=False)


def timing(found: Schedule, zone: Any) -> tuple[tuple[str, object], ...]:
    """When it can begin, how many nights it takes, and when it will be done."""
    whole = found.whole
    if whole is None:
        return ()
    pairs: list[tuple[str, object]] = [("Windows", text) for text in found.windows]
    if whole.begins:
        pairs.append(("Can begin", formats.local_time(whole.begins, zone)))
    if whole.windowed and whole.openings:
        least, most = whole.openings
        opened = formats.plural(most, "window") if least == most else f"{least} to {formats.plural(most, 'window')}"
        pairs.append(("Takes", opened))
    least_done, most_done = whole.done
    if least_done and most_done:
        early, late = formats.local_time(least_done, zone), formats.local_time(most_done, zone)
        pairs.append(("Done", early if early == late else f"between {early} and {late}"))
    elif least_done:
        pairs.append(("Done", f"{formats.local_time(least_done, zone)} at the earliest"))
    if whole.why_not:
        pairs.append(("Mind", Badge(whole.why_not, Tone.WARN)))
    return tuple(pairs)


def wave_title(wave: Mapping[str, Any]) -> str:
    """What a wave is called: its own name, or its number among all of them."""
    title = str(wave["title"])
    return f"Wave {wave['number']}" if title.startswith("Wave ") else title


def left_out(change: Change) -> tuple[tuple[Segment, str], ...]:
    """Why items are left out: how many for each reason, with an example of the sentence that each of them has."""
    impact = Summary.of(change).impact
    texts = impact.get("reasons") or {}
    return tuple(
        (
            Segment(items.reason_word(code), count, "held", items.href(change.id, reason=code)),
            str(texts.get(code, "")),
        )
        for code, count in (impact.get("by_reason") or {}).items()
    )


def notes(change: Change) -> tuple[tuple[str, str], ...]:
    """What has to be known besides: how often, and the sentence."""
    impact = Summary.of(change).impact
    texts = impact.get("note_texts") or {}
    return tuple(
        (formats.plural(count, "subscription"), str(texts.get(code, code)))
        for code, count in (impact.get("notes") or {}).items()
    )


@dataclass(frozen=True, slots=True)
class Critical:
    """The critical sites that are touched: the first few by name, and how many there are."""

    named: tuple[Link, ...]
    total: int

    @property
    def others(self) -> int:
        """How many are not named."""
        return self.total - len(self.named)


def _where(one: Mapping[str, Any]) -> str:
    behind = f", {formats.plural(one['customers'], 'customer')}" if one["customers"] else ""
    return f"{one['region'] or 'no region'}{behind}"


def critical(change: Change) -> Critical:
    """The critical sites, those with the most customers first."""
    impact = Summary.of(change).impact
    named = tuple(
        Link(
            str(one["name"] or one["external_id"]),
            f"/sites/{one['site_id']}",
            hint=_where(one),
        )
        for one in (impact.get("critical") or ())[:_NAMED]
    )
    return Critical(named, int(impact.get("critical_sites", 0)))


def approval(change: Change, decisions: Sequence[Decision], scope: Scope, csrf: str, tally: Tally) -> Approval | None:
    """The box in which the plan is approved; None as long as there is no plan to agree to."""
    if not change.plan_hash or change.summary is None:
        return None
    summary = Summary.of(change)
    count = tally.total - tally.count("blocked", "conflict")
    return Approval(
        what=f"{change.title}: {formats.plural(count, 'subscription')} at "
        f"{formats.plural(int(summary.impact.get('sites', 0)), 'site')}.",
        asked_by=named(change.planned_by or change.created_by),
        asked_at=change.planned_at or change.created_at,
        plan_hash=change.plan_hash,
        plan_version=change.plan_version,
        approve_href=f"/changes/{change.id}/approve" if decidable(change) else "",
        reject_href=f"/changes/{change.id}/reject",
        csrf_token=csrf,
        needed=1,
        signatures=tuple(_signatures(change, decisions)),
        refused_because=refused(change, scope) if decidable(change) else _waits(change, summary),
        effects=(
            ("Lasts", formats.duration_range(*summary.seconds)),
            ("Critical sites", Count(int(summary.impact.get("critical_sites", 0)), "#critical")),
            ("Policy", str(summary.requirement.get("why", ""))),
        ),
        undo="One action plans a change that sets every before-image back; what was changed since is left alone.",
        over=change.ended_at is not None and change.type.value != "emergency",
        rejected=change.state.value == "rejected",
        asked_as="Planned by" if change.state.value in {"draft", "planned"} else "Asked by",
    )


def decidable(change: Change) -> bool:
    """Whether somebody may decide on the plan now: it was submitted, or an emergency change runs without approval."""
    afterwards = change.type.value == "emergency" and change.started_at is not None
    return change.state.value == "submitted" or afterwards


def refused(change: Change, scope: Scope) -> str:
    """Why this person may not decide; empty when she may."""
    if not scope.may(Permission.CHANGE_APPROVE):
        return "Your role may not approve changes. Ask an approver."
    mine = {
        "made": (change.created_by, change.created_by_user),
        "planned": (change.planned_by, change.planned_by_user),
        "started": (change.started_by, change.started_by_user),
    }
    for what, (actor, user_id) in mine.items():
        same_user = user_id is not None and user_id == scope.user_id
        if actor and (same_user or actor == scope.actor):
            return f"You {what} this change yourself. Somebody else has to decide on it."
    return ""


def _waits(change: Change, summary: Summary) -> str:
    if change.state.value != "planned":
        return ""
    if not summary.impact.get("items"):
        return "Nothing in this plan can be done, so there is nothing to agree to. See what is left out, and why."
    if summary.requirement.get("second_person"):
        return "The plan was not submitted yet: ask for approval first."
    return "No second person is needed: the policy approves it when it is submitted."


def _signatures(change: Change, decisions: Sequence[Decision]) -> Iterator[Signature]:
    """Decisions on this plan that count, and earlier ones that do not any more."""
    for one in decisions:
        approved = one.decision == "approved"
        if one.void_at is not None or one.plan_hash != change.plan_hash:
            verdict = Badge("Void" if approved else "Rejected an earlier plan", Tone.OFF, "circle-slash")
            yield Signature(named(one.actor), one.at, verdict, one.void_why or one.comment)
            continue
        who = "The policy" if one.by_policy else named(one.actor)
        word = ("Approved afterwards" if one.afterwards else "Approved") if approved else "Rejected"
        yield Signature(who, one.at, Badge(word, Tone.OK if approved else Tone.BAD), one.comment)


def head_state(change: Change, kind_title: str, now: datetime) -> str:
    """The state of the change in one line."""
    by = f"by {named(change.created_by)}, {formats.age(change.created_at, now)}"
    # While it runs, what holds it up stands right beneath.
    why = f" {change.state_why}" if change.state_why and change.state.value not in {"running", "paused"} else ""
    return f"Change {change.id}, {words.badge(words.STATES, change.state.value).word.lower()}. {kind_title}, {by}.{why}"
