"""A change that is over: who did what when, and what is known of it; its log; what of it can be taken back."""

from collections.abc import Mapping, Sequence
from typing import Any

from tieline.console.components import formats
from tieline.console.components.forms import Field, Form
from tieline.console.components.tables import Column, Empty, Option, Row, Table
from tieline.console.components.values import Ident, IdentKind, Link, Several
from tieline.console.components.work import Evidence
from tieline.platform.scope import named
from tieline.utility.console.pages.changes.source import KINDS, Change
from tieline.utility.console.pages.changes.views import words
from tieline.utility.console.pages.changes.views.contract import Summary
from tieline.utility.console.pages.changes.views.control import Situation, lasted

_ACTS: Mapping[str, str] = {
    "created": "Made",
    "planning": "Planning began",
    "planned": "Planned",
    "planning-failed": "Planning failed",
    "edited": "Edited; earlier approvals are void",
    "submitted": "Submitted",
    "voided": "Approvals became void",
    "dry-run": "Tried at the operators",
    "dry-run-done": "An operator's verdict on the plan",
    "undo-made": "A change that takes it back was made",
    "lane-done": "Done at an operator",
    "lane-paused": "Paused at an operator",
    "lane-resumed": "Goes on at an operator",
    "wave-done": "A wave is done",
    "approval-overdue": "Nobody approved this emergency change in time",
}

_ENDS = 2


def facts(it: Situation) -> tuple[tuple[str, object], ...]:
    """Who, when, what exactly."""
    change = it.change
    taken_back = Link(f"change {change.undo_of}", f"/changes/{change.undo_of}") if change.undo_of else None
    return (
        ("Made", Several((f"by {named(change.created_by)}", change.created_at))),
        ("Started", Several((f"by {named(change.started_by)}", change.started_at))),
        ("Ended", change.ended_at),
        ("Lasted", lasted(it)),
        ("Type", words.TYPES.get(change.type.value, change.type.value)),
        ("Reason", change.reason or None),
        ("Takes back", taken_back),
        ("Plan", f"version {change.plan_version}"),
        ("Its hash", Ident(change.plan_hash, IdentKind.HASH)),
    )


def log(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Everything that was done to the change, the latest first."""
    columns = (
        Column("what", "What", fixed=True, narrow=True, wrap=True),
        Column("who", "Who", narrow=True),
        Column("at", "When"),
        Column("detail", "Detail", wrap=True),
    )
    made = [
        Row(
            str(one["id"]),
            {
                "at": one["at"],
                "who": named(one["actor"]),
                "what": act(one["kind"]),
                "detail": told(one["detail"]),
            },
        )
        for one in reversed(rows)
    ]
    return Table("log", "What was done to this change", columns, made, chooser=False, empty=Empty("Nothing yet"))


def act(kind: str) -> str:
    """An act on a change in words."""
    return _ACTS.get(kind, kind.replace("-", " ").replace("_", " ").capitalize())


def told(detail: Mapping[str, Any]) -> str:
    """The facts of a log's entry in one line; the state and the hash stand elsewhere."""
    parts = []
    for name, value in detail.items():
        if value in (None, "", [], {}) or name in {"state", "hash"}:
            continue
        parts.append(f"{name.replace('_', ' ')}: {_shown(name, value)}")
    return "; ".join(parts)


def _shown(name: str, value: Any) -> str:
    """A fact of the log as people read it: kinds by their titles, spans of time as such, lists in a row."""
    if name == "kind" and value in {one.name for one in KINDS.all()}:
        return KINDS.get(value).title
    if name == "expected" and isinstance(value, list) and len(value) == _ENDS:
        return formats.duration_range(float(value[0]), float(value[1]))
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {one}" for key, one in value.items())
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return str(value)


def verdicts(rows: Sequence[Mapping[str, Any]]) -> tuple[Evidence, ...]:
    """What the operators said to the present plan when it was tried: the latest verdict of each."""
    latest: dict[str, Mapping[str, Any]] = {}
    for one in rows:
        if one["kind"] == "planned":
            latest.clear()
        elif one["kind"] == "dry-run":
            latest.update({code: {**one, "waits": True} for code in one["detail"].get("operators", ())})
        elif one["kind"] == "dry-run-done":
            latest[str(one["detail"]["operator"])] = one
    return tuple(_verdict(code, latest[code]) for code in sorted(latest))


def _verdict(code: str, one: Mapping[str, Any]) -> Evidence:
    detail, source = one["detail"], f"operator {code}"
    if one.get("waits"):
        return Evidence(f"Operator {code} is being asked.", at=one["at"], tone="busy")
    if detail.get("why"):
        return Evidence(
            f"Operator {code} could not be asked: {detail['why']}", at=one["at"], source=source, tone="warn"
        )
    asked, refused = int(detail.get("asked", 0)), int(detail.get("refused", 0))
    if refused:
        many = f"{formats.number(refused)} of {formats.plural(asked, 'subscription')}"
        return Evidence(f"Operator {code} would refuse {many}.", at=one["at"], source=source, tone="bad")
    many = formats.plural(asked, "subscription")
    return Evidence(f"Operator {code} would accept all {many}.", at=one["at"], source=source, tone="ok")


def undo_form(change: Change, operators: Mapping[str, Any], csrf: str, error: str = "") -> Form:
    """Which part is taken back, and why."""
    impact = Summary.of(change).impact
    regions = impact.get("by_region") or {}
    waves = [wave["number"] for wave in Summary.of(change).waves]
    fields = [
        Field("region", "Regions", "checks", hint="None ticked: all.", options=_counted(regions), required=False),
        Field("operator", "Operators", "checks", hint="None ticked: all.", options=_counted(operators), required=False),
    ]
    if len(waves) > 1:
        options = tuple(Option(str(number), f"Wave {number}") for number in waves)
        fields.append(Field("wave", "Waves", "checks", hint="None ticked: all.", options=options, required=False))
    title = f"Undo: {change.title}"[:200]
    fields += [
        Field("title", "Title", value=title, maxlength=200, error=error),
        Field("reason", "Why is it taken back?", "textarea", required=False, maxlength=2000),
    ]
    return Form(
        f"/changes/{change.id}/undo",
        tuple(one for one in fields if one.kind != "checks" or one.options),
        csrf,
        "Plan the undo",
        f"/changes/{change.id}",
    )


def _counted(counts: Mapping[str, Any]) -> tuple[Option, ...]:
    return tuple(
        Option(name, name or "Without a region", hint=formats.plural(int(count), "subscription"))
        for name, count in counts.items()
        if name
    )
