"""A change while it runs, and after: progress in all and by operator and wave, time left, failures by reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tieline.utility.changes.model import Change, Lane
from tieline.utility.changes.policy.estimate import remaining
from tieline.utility.console.components import formats
from tieline.utility.console.components.figures import Figure, Segment
from tieline.utility.console.components.values import Badge, Tone
from tieline.utility.console.components.work import Evidence, Lot, Progress
from tieline.utility.console.pages.changes.views import items, words
from tieline.utility.console.pages.changes.views.contract import Summary, wave_title
from tieline.utility.console.pages.changes.views.tally import Tally, lot

RATE_OVER = 15.0
"""Seconds over which the present rate is counted."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of a change that was started: its lanes, its counts, what ended lately, and when it is now."""

    change: Change
    lanes: Sequence[Lane]
    tally: Tally
    waves: Sequence[Mapping[str, Any]]
    recent: Mapping[str, int]
    now: datetime

    @property
    def live(self) -> bool:
        """Whether the page has to be kept fresh: items are at an operator, or will be."""
        return self.change.state.value == "running" or bool(self.tally.count("queued", "sent", "accepted"))

    @property
    def elapsed(self) -> float:
        """Seconds since the start, or from start to end."""
        if self.change.started_at is None:
            return 0.0
        return ((self.change.ended_at or self.now) - self.change.started_at).total_seconds()


def progress(it: Situation) -> Progress:
    """How far the change is, in all and at each operator."""
    change_id = it.change.id
    kinds = {"verified": "verified", "failed": "failed", "waiting": "planned"}
    hrefs = {kind: items.href(change_id, state=state) for kind, state in kinds.items()}
    hrefs["done"] = items.href(change_id, state=["queued", "sent", "accepted"])
    hrefs["blocked"] = items.href(change_id, state=["blocked", "conflict", "cancelled"])
    rate = sum(it.recent.values()) / RATE_OVER if it.live else None
    whole = lot("The change", it.tally.states(), rate=rate, left_s=_left(it, None))
    return Progress(whole, tuple(_lane(it, lane) for lane in it.lanes), hrefs)


def _left(it: Situation, operator: str | None) -> tuple[float, float] | None:
    if not it.live:
        return None
    summary = Summary.of(it.change)
    lane = summary.lanes.get(operator or "")
    planned = (float(lane["least_seconds"]), float(lane["most_seconds"])) if lane else summary.seconds
    counted = lot("", it.tally.states(operator=operator))
    return remaining(counted.verified + counted.failed, counted.waiting + counted.done, it.elapsed, planned)


def _lane(it: Situation, lane: Lane) -> Lot:
    running = lane.state.value == "running" and it.live
    return lot(
        f"Operator {lane.operator}",
        it.tally.states(operator=lane.operator),
        rate=it.recent.get(lane.operator, 0) / RATE_OVER if running else None,
        left_s=_left(it, lane.operator) if running else None,
        state=_lane_badge(it, lane),
        href=items.href(it.change.id, operator=lane.operator),
    )


def _lane_badge(it: Situation, lane: Lane) -> Badge:
    if it.change.state.value == "paused" and lane.state.value == "running":
        return words.LANE_STATES["paused"]
    badge = words.badge(words.LANE_STATES, lane.state.value)
    if lane.state.value == "running" and len(it.waves) > 1:
        return Badge(f"Wave {lane.wave} of {len(it.waves)}", badge.tone, badge.icon)
    return badge


def wave_lots(it: Situation) -> Progress:
    """How far each wave is."""
    lots = tuple(
        lot(
            wave_title(wave),
            it.tally.states(wave=wave["number"]),
            href=items.href(it.change.id, wave=wave["number"]),
            state=_wave_badge(it, wave["number"]),
        )
        for wave in it.waves
    )
    return Progress(lot("Waves", it.tally.states()), lots, id="waves")


def _wave_badge(it: Situation, number: int) -> Badge | None:
    counted = lot("", it.tally.states(wave=number))
    if not counted.waiting and not counted.done:
        return Badge("Over", Tone.OFF, "check")
    if counted.done or any(lane.wave == number and lane.state.value in {"running", "paused"} for lane in it.lanes):
        return words.LANE_STATES["running" if it.live else "paused"]
    return words.LANE_STATES["waiting"]


def troubles(it: Situation) -> tuple[Evidence, ...]:
    """What holds the change up, in sentences: why it paused, and which operator's lane did."""
    found = []
    if it.change.state.value == "paused":
        why = it.change.state_why or "Somebody paused it."
        found.append(Evidence(f"Nothing new is sent: {why}", tone="held"))
    found += [
        Evidence(f"Operator {lane.operator} is held: {lane.why}", at=lane.at, tone="warn")
        for lane in it.lanes
        if lane.state.value == "paused" and lane.why
    ]
    return tuple(found)


def failures(
    change_id: int, reasons: Sequence[Mapping[str, Any]], *, planned_too: bool = False
) -> tuple[tuple[Segment, str], ...]:
    """Why items failed: how many for each reason, with one of the sentences; ``planned_too``: and were left out."""
    return tuple(
        (
            Segment(
                items.reason_word(str(one["code"])),
                one["items"],
                words.badge(words.ITEM_STATES, str(one["state"])).tone,
                items.href(change_id, reason=one["code"], state=one["state"]),
            ),
            str(one["example"]),
        )
        for one in reasons
        if planned_too or one["state"] != "blocked"
    )


def sentence(it: Situation) -> str:
    """How it goes, in one line under the title."""
    counted = lot("", it.tally.states())
    whole = counted.total - counted.blocked
    done = f"{formats.number(counted.verified)} of {formats.number(whole)} verified"
    failed = f", {formats.number(counted.failed)} failed" if counted.failed else ""
    lasted = formats.duration(it.elapsed)
    state = it.change.state.value
    if state == "completed":
        return f"Completed after {lasted}: {done}{failed}."
    if state == "stopped":
        return f"Stopped after {lasted}: {done}{failed}. {it.change.state_why}".strip()
    word = {"running": "Running", "paused": "Paused"}.get(state, words.badge(words.STATES, state).word)
    return f"{word} since {lasted}: {done}{failed}."


def outcome(it: Situation) -> tuple[Figure, ...]:
    """What was planned beside what came of it."""
    summary = Summary.of(it.change)
    counted = lot("", it.tally.states())
    planned = int(summary.impact.get("items", 0))
    change_id = it.change.id
    cancelled = it.tally.count("cancelled")
    return (
        Figure(
            "Verified",
            counted.verified,
            items.href(change_id, state="verified"),
            of=planned,
            tone="ok" if counted.verified else "",
            note="read back from the operators' operational state" if counted.verified else "",
        ),
        Figure(
            "Failed",
            counted.failed,
            items.href(change_id, state="failed"),
            tone="bad" if counted.failed else "",
            note="can be tried again" if counted.failed else "",
        ),
        Figure(
            "Not done",
            cancelled + it.tally.count("conflict"),
            items.href(change_id, state=["cancelled", "conflict"]),
            note="stopped before, or changed by somebody else" if cancelled else "",
        ),
        Figure("Left out by the plan", it.tally.count("blocked"), items.href(change_id, state="blocked")),
        Figure("Lasted", it.elapsed, unit="s", note=_planned_to_last(summary)),
    )


def _planned_to_last(summary: Summary) -> str:
    return f"the plan said {formats.duration_range(*summary.seconds)}" if summary.seconds[1] else ""
