"""What happened to a thing, as a timeline: changes of configuration, and what was observed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from tieline.console.components.figures import Lane, Mark, Timeline
from tieline.platform.db import Tx
from tieline.platform.scope import named
from tieline.utility import inventory
from tieline.utility.console import words
from tieline.utility.console.http import Page
from tieline.utility.inventory import FleetRow, Kind, TimelineEvent

LEAST_SPAN, MOST_SPAN = timedelta(days=1), timedelta(days=60)
"""What a timeline shows at first at least and at most; what is older stands in the list beneath."""
_LANES: Mapping[str, tuple[str, str]] = {
    "configuration": ("Configuration", "settings"),
    "links": ("Links", "link"),
    "incidents": ("Incidents", "bell-ring"),
    "changes": ("Changes", "git-pull-request-arrow"),
    "stock": ("Stock", "truck"),
    "observed": ("Operators' reports", "radio-tower"),
}
_LONGEST_VALUE = 60


async def events(page: Page, tx: Tx, kind: Kind, identity: int) -> list[TimelineEvent]:
    """What happened to a thing until now; nothing for a sheet, which has no room for it."""
    if page.is_sheet:
        return []
    return await inventory.thing_timeline(tx, page.scope, kind, identity, before=page.now)


def timeline(label: str, now: datetime, found: Sequence[TimelineEvent], rows: Iterable[FleetRow]) -> Timeline | None:
    """A timeline of what happened to a thing and what operators reported of its links; None when nothing is known."""
    marks: dict[str, list[Mark]] = {}
    for event in found:
        marks.setdefault(event.lane, []).append(_mark(event))
    observed = [mark for row in rows for mark in _observed(row)]
    if observed:
        marks["observed"] = observed
    if not marks:
        return None
    moments = [mark.at for lane in marks.values() for mark in lane]
    start = max(min(*moments, now - LEAST_SPAN), now - MOST_SPAN)
    margin = (now - start) * 0.03
    lanes = [Lane(_label(name), tuple(lane), _icon(name)) for name, lane in marks.items()]
    return Timeline(label, start - margin, now + margin, now, tuple(lanes))


def _label(name: str) -> str:
    return _LANES.get(name, (name.capitalize(), ""))[0]


def _icon(name: str) -> str:
    return _LANES.get(name, ("", "activity"))[1]


def _mark(event: TimelineEvent) -> Mark:
    changed = differing(event.detail.get("before") or {}, event.detail.get("after") or {})
    parts = [
        words.listed(changed),
        f"by {named(event.actor)}" if event.actor else "",
        event.detail.get("reason") or "",
    ]
    tone = _tone(event)
    return Mark(event.at, event.title, tone, href=event.link or "", detail=", ".join(part for part in parts if part))


def _tone(event: TimelineEvent) -> str:
    """An incident shows how bad it was, and that it is over; anything else is something that was done."""
    severity = event.detail.get("severity")
    if severity is None:
        return "busy"
    over = event.detail.get("state") == "resolved"
    return "ok" if over else {"critical": "bad", "major": "warn"}.get(str(severity), "held")


def differing(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """What differs, as "field: old → new"."""
    return [
        f"{name.replace('_', ' ')} {_short(before.get(name))} \u2192 {_short(after.get(name))}"
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]


def _short(value: object) -> str:
    if value is None or value in ("", []):
        return "not set"
    text = words.listed(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}\u2026"


def _observed(row: FleetRow) -> Iterable[Mark]:
    who = f"operator {row.operator_code}"
    if row.op_since:
        state = words.state_badge(row.op_state)
        yield Mark(row.op_since, f"{who}: {state.word if state else 'state'} since", "ok")
    if row.cell_at:
        yield Mark(
            row.cell_at, f"{who}: serving cell {words.serving(row.rat, row.band)}", "ok", detail=row.cell_key or ""
        )
    if row.reported_at:
        tone = "warn" if words.drift(row) else "ok"
        yield Mark(row.reported_at, f"{who}: state read back", tone)
