"""A change while it runs, and after: progress in all and by operator and wave, time left, failures by reason."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tieline.console.components import formats
from tieline.console.components.figures import Figure, Segment
from tieline.console.components.values import Badge, Tone
from tieline.console.components.work import Evidence, Lot, Progress
from tieline.utility.console.pages.changes.source import Change
from tieline.utility.console.pages.changes.source import Progress as Pace
from tieline.utility.console.pages.changes.views import items, words
from tieline.utility.console.pages.changes.views.contract import Summary, wave_title
from tieline.utility.console.pages.changes.views.tally import GIVEN_UP, UNDER_WAY, WAITING, Tally, lot

_WAY_ON = "Resume goes on where it was; Retry tries only the failed again; Stop ends it, and what is done stays done."


@dataclass(frozen=True, slots=True)
class Situation:
    """A change that was started, how it gets on, and what time it is."""

    change: Change
    pace: Pace
    now: datetime

    @property
    def tally(self) -> Tally:
        """Its items, counted."""
        return Tally.of(self.pace)

    @property
    def live(self) -> bool:
        """Whether the page has to be kept fresh: items are at an operator, or will be."""
        return self.change.state.value == "running" or bool(self.tally.count(*UNDER_WAY))

    @property
    def elapsed(self) -> float:
        """Seconds since the start, or from start to end."""
        if self.change.started_at is None:
            return 0.0
        return ((self.change.ended_at or self.now) - self.change.started_at).total_seconds()


def progress(it: Situation) -> Progress:
    """How far the change is, in all and at each operator."""
    change_id = it.change.id
    kinds = {"verified": "verified", "failed": "failed", "waiting": list(WAITING)}
    hrefs = {kind: items.href(change_id, state=state) for kind, state in kinds.items()}
    hrefs["done"] = items.href(change_id, state=list(UNDER_WAY))
    hrefs["given_up"] = items.href(change_id, state=list(GIVEN_UP))
    hrefs["blocked"] = items.href(change_id, state=["blocked", "conflict"])
    rate = sum(lane.rate for lane in it.pace.operators) if it.live else None
    left = it.pace.seconds_left if it.live else None
    whole = lot("The change", it.tally.states(), rate=rate, left_s=left)
    return Progress(whole, tuple(_lane(it, lane) for lane in it.pace.operators), hrefs)


def _lane(it: Situation, lane: Any) -> Lot:
    running = lane.state == "running" and it.live
    return lot(
        f"Operator {lane.operator}",
        lane.counts,
        rate=lane.rate if running else None,
        left_s=lane.seconds_left if running else None,
        state=_lane_badge(it, lane),
        href=items.href(it.change.id, operator=lane.operator),
    )


def _lane_badge(it: Situation, lane: Any) -> Badge:
    state = str(lane.state)
    if it.change.state.value == "paused" and state == "running":
        return words.LANE_STATES["paused"]
    if it.change.state.value == "stopped" and lane.counts.get("cancelled"):
        return words.STATES["stopped"]
    badge = words.badge(words.LANE_STATES, state)
    if state == "running" and len(it.pace.waves) > 1:
        return Badge(f"Wave {lane.wave} of {len(it.pace.waves)}", badge.tone, badge.icon)
    return badge


def wave_lots(it: Situation) -> Progress:
    """How far each wave is."""
    lots = tuple(
        lot(
            wave_title(wave),
            wave["counts"],
            href=items.href(it.change.id, wave=wave["number"]),
            state=_wave_badge(it, wave),
        )
        for wave in it.pace.waves
    )
    return Progress(lot("Waves", it.tally.states()), lots, id="waves")


def _wave_badge(it: Situation, wave: Mapping[str, Any]) -> Badge:
    counted = lot("", wave["counts"])
    if not counted.waiting and not counted.done:
        return Badge("Over", Tone.OFF, "check")
    at_it = any(lane.wave == wave["number"] and lane.state in {"running", "paused"} for lane in it.pace.operators)
    if counted.done or at_it:
        return words.LANE_STATES["running" if it.live else "paused"]
    return words.LANE_STATES["waiting"]


def troubles(it: Situation) -> tuple[Evidence, ...]:
    """What holds the change up, in sentences: why it is paused, which operator's part is, and who does not answer."""
    return tuple(_troubles(it))


def _troubles(it: Situation) -> Iterator[Evidence]:
    gated = it.tally.count("waiting")
    if gated and it.live:
        told = f"{formats.plural(gated, 'step')} {'waits' if gated == 1 else 'wait'} for a crew: "
        yield Evidence(f"{told}each is sent once the card of its link is fitted, and nothing is wrong with that.")
    if it.change.state.value == "paused":
        why = it.change.state_why or "somebody paused it."
        yield Evidence(f"Nothing new is sent: {why} {_WAY_ON}", tone="held")
    for lane in it.pace.operators:
        if lane.state == "paused" and lane.why and lane.why != it.change.state_why:
            yield Evidence(f"Operator {lane.operator} is held: {lane.why}", tone="warn")
        waiting = [batch for batch in lane.waiting_batches if batch["error"]]
        if waiting:
            facts = (("Calls that wait", len(waiting)), ("Tried", formats.plural(waiting[0]["attempts"], "time")))
            told = f"Operator {lane.operator} does not get on: {waiting[0]['error']}"
            yield Evidence(told, facts, at=waiting[0]["retry_at"] or waiting[0]["intended_at"], tone="warn")


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
    """How it goes, in one line."""
    counted = lot("", it.tally.states())
    done = f"{formats.number(counted.verified)} of {formats.number(counted.planned)} verified"
    failed = f", {formats.number(counted.failed)} failed" if counted.failed else ""
    lasted, state = formats.duration(it.elapsed), it.change.state.value
    if state == "completed":
        return f"Completed after {lasted}: {done}{failed}."
    if state == "stopped":
        return f"Stopped after {lasted}: {done}{failed}. {it.change.state_why}".strip()
    word = {"running": "Running", "paused": "Paused"}.get(state, words.badge(words.STATES, state).word)
    return f"{word}, started {lasted} ago: {done}{failed}."


def outcome(it: Situation) -> tuple[Figure, ...]:
    """What was planned beside what came of it."""
    summary, tally, change_id = Summary.of(it.change), it.tally, it.change.id
    verified, failed = tally.count("verified"), tally.count("failed")
    not_done = tally.count("cancelled", "conflict")
    return (
        Figure(
            "Verified",
            verified,
            items.href(change_id, state="verified"),
            of=int(summary.impact.get("items", 0)),
            tone="ok" if verified else "",
            note="read back from the operators" if verified else "",
        ),
        Figure(
            "Failed",
            failed,
            items.href(change_id, state="failed"),
            tone="bad" if failed else "",
            note="can be tried again" if failed else "",
        ),
        Figure(
            "Not done",
            not_done,
            items.href(change_id, state=["cancelled", "conflict"]),
            note="stopped before, or changed by somebody else" if not_done else "",
        ),
        Figure("Left out by the plan", tally.count("blocked"), items.href(change_id, state="blocked")),
    )


def lasted(it: Situation) -> str:
    """How long it took beside how long it was said to take."""
    seconds = Summary.of(it.change).seconds
    said = f"; the plan said {formats.duration_range(*seconds)}" if seconds[1] else ""
    return f"{formats.duration(it.elapsed)}{said}"
