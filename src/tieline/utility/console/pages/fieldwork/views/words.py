"""The words of field work as people read them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tieline.console.components.formats import local_date
from tieline.console.components.values import Badge, Link, Tone
from tieline.utility.fieldwork import (
    Order,
    Outcome,
    ReportKind,
    ReportState,
    StepState,
    Visit,
    VisitState,
    is_late,
    today,
)

STATES: Mapping[VisitState, Badge] = {
    VisitState.PLANNED: Badge("Planned", Tone.OFF, "circle-dashed"),
    VisitState.ON_SITE: Badge("On site", Tone.BUSY),
    VisitState.LEFT: Badge("Left, not finished", Tone.WARN),
    VisitState.FINISHED: Badge("Finished", Tone.OK),
    VisitState.CANCELLED: Badge("Cancelled", Tone.HELD, "circle-slash"),
}
OUTCOMES: Mapping[Outcome, Badge] = {
    Outcome.DONE: Badge("Done", Tone.OK),
    Outcome.AGAIN: Badge("Come again", Tone.WARN, "rotate-ccw"),
    Outcome.NOT_POSSIBLE: Badge("Not possible", Tone.BAD),
}
STEPS: Mapping[StepState, Badge] = {
    StepState.CLOSED: Badge("Waits for the card before", Tone.OFF, "lock"),
    StepState.OPEN: Badge("To be fitted", Tone.OFF, "circle-dashed"),
    StepState.FITTED: Badge("Fitted, not tested", Tone.BUSY),
    StepState.TESTING: Badge("Being tested", Tone.BUSY, "loader"),
    StepState.PASSED: Badge("Passed", Tone.OK),
    StepState.FAILED: Badge("Test failed", Tone.BAD),
}
REPORTS: Mapping[ReportState, Badge] = {
    ReportState.ACCEPTED: Badge("Taken", Tone.OK),
    ReportState.REFUSED: Badge("Refused", Tone.BAD),
    ReportState.HELD: Badge("Waits for an earlier one", Tone.HELD, "hourglass"),
}
KINDS: Mapping[ReportKind, str] = {
    ReportKind.ARRIVED: "Arrived",
    ReportKind.FITTED: "Card fitted",
    ReportKind.TEST_ASKED: "Test asked for",
    ReportKind.FINISHED: "Finished",
    ReportKind.TROUBLE: "Something is wrong",
    ReportKind.LEFT: "Left",
}


def state_of(visit: Visit, now: datetime) -> Badge:
    """How a visit stands, in one badge: late ones are marked, finished ones say how."""
    if visit.outcome is not None:
        return OUTCOMES[visit.outcome]
    if is_late(visit, now) and visit.state is VisitState.PLANNED:
        return Badge("Late", Tone.WARN, "clock-alert")
    return STATES[visit.state]


def day_words(day: date | None, now: datetime) -> str:
    """A day as people name it: today, tomorrow, or with its weekday."""
    if day is None:
        return ""
    near = {
        today(now): "today",
        today(now) + timedelta(days=1): "tomorrow",
        today(now) - timedelta(days=1): "yesterday",
    }
    named = f"{day:%a} {day.day} {day:%b %Y}"
    return f"{named}, {near[day]}" if day in near else named


def hours(minutes: float) -> str:
    """Minutes as hours and minutes."""
    whole = round(minutes)
    return f"{whole // 60}\u202fh {whole % 60:02d}\u202fmin"


def order_link(order_id: int | None) -> Link | None:
    """To an order."""
    return Link(f"Order {order_id}", f"/fieldwork/orders/{order_id}") if order_id else None


def order_state(order: Order, now: datetime) -> Badge:
    """How an order stands."""
    if order.state == "cancelled":
        return Badge("Cancelled", Tone.HELD, "circle-slash")
    if order.visits and order.finished == order.visits:
        all_done = order.done == order.visits
        return Badge("Finished", Tone.OK) if all_done else Badge("Finished, not all done", Tone.WARN)
    if order.day < today(now):
        return Badge("Late", Tone.WARN, "clock-alert")
    if order.finished:
        return Badge("Under way", Tone.BUSY)
    return Badge("Planned", Tone.OFF, "circle-dashed")


def said(report: Mapping[str, Any]) -> str:
    """What a report says, in a line."""
    body = report["body"]
    parts = [
        body.get("words"),
        body.get("why"),
        f"card {body['iccid']}" if body.get("iccid") else None,
        f"router {body['router']}" if body.get("router") else None,
        f"outcome {body['outcome']}" if body.get("outcome") else None,
    ]
    return ", ".join(str(part) for part in parts if part)[:300]


def due(moment: datetime | None) -> str | None:
    """By which day a visit is due, in UTC as operators give it."""
    return None if moment is None else local_date(moment, UTC)
