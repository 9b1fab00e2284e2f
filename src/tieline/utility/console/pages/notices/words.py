"""Notices in words: kinds, states, ages of what is to come."""

from datetime import datetime

from tieline.console.components.values import Badge, Tone
from tieline.utility.notices import AnswerState, Kind, Notice

KINDS = {
    Kind.PHASE_OUT: Badge("Phase-out", Tone.WARN, "radio-tower"),
    Kind.PLANNED_WORK: Badge("Planned work", Tone.BUSY, "calendar-clock"),
    Kind.OTHER: Badge("Other", Tone.UNKNOWN, "info"),
}
_STATUSES = {
    "acknowledged": ("Announced", Tone.BUSY),
    "scheduled": ("Announced", Tone.BUSY),
    "requestForAuthorization": ("Waits for your answer", Tone.WARN),
    "waitForApproval": ("Waits for your answer", Tone.WARN),
    "approved": ("Accepted", Tone.OK),
    "rejected": ("Declined", Tone.HELD),
    "inProgress": ("Under way", Tone.BUSY),
    "postImplementationReview": ("In review", Tone.BUSY),
    "fallbackExecution": ("Being taken back", Tone.WARN),
    "completed": ("Completed", Tone.OFF),
    "failed": ("Failed", Tone.BAD),
    "cancelled": ("Withdrawn", Tone.OFF),
}


def state(notice: Notice, now: datetime) -> Badge:
    """How a notice stands: whose turn it is, whether it runs, whether it is over."""
    if notice.gone_at is not None:
        return Badge("Not listed any more", Tone.WARN)
    if notice.answer_state is AnswerState.PENDING and not notice.over:
        return Badge("Answer on its way", Tone.BUSY, "loader")
    if notice.status in {"acknowledged", "scheduled", "approved"} and notice.ends_at and notice.ends_at <= now:
        return Badge("Over", Tone.OFF)
    if notice.status in {"acknowledged", "scheduled"} and notice.starts_at and notice.starts_at <= now:
        return Badge("Under way", Tone.WARN)
    word, tone = _STATUSES.get(notice.status, (notice.status, Tone.UNKNOWN))
    return Badge(word, tone)
