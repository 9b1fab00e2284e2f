"""States of plan-management jobs (TS 28.572), and what a job's results amount to.

The YAML names the states; the transitions and the derivation below are ours (INFERRED), read from the names
and from the descriptions of the cancel request and of ``activationMode``.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec


class JobState(StrEnum):
    """Where a job is. CANCELLED, COMPLETED and FAILED are final."""

    NOT_STARTED = "NOT_STARTED"
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"

    @property
    def is_final(self) -> bool:
        """Whether no transition leads out."""
        return not TRANSITIONS[self]

    @property
    def is_cancellable(self) -> bool:
        """Whether a cancel request is taken (202 or 204); otherwise it is a semantic error (422)."""
        return self in {JobState.NOT_STARTED, JobState.QUEUED, JobState.RUNNING}

    def may_become(self, other: "JobState") -> bool:
        """Tell whether a job in this state may go to ``other``."""
        return other in TRANSITIONS[self]


TRANSITIONS: Mapping[JobState, frozenset[JobState]] = MappingProxyType(
    {
        JobState.NOT_STARTED: frozenset({JobState.QUEUED, JobState.RUNNING, JobState.CANCELLED, JobState.FAILED}),
        JobState.QUEUED: frozenset({JobState.RUNNING, JobState.CANCELLED, JobState.FAILED}),
        JobState.RUNNING: frozenset({JobState.COMPLETED, JobState.FAILED, JobState.CANCELLING}),
        # A job may finish, well or badly, before the cancellation reaches it.
        JobState.CANCELLING: frozenset({JobState.CANCELLED, JobState.COMPLETED, JobState.FAILED}),
        JobState.CANCELLED: frozenset(),
        JobState.COMPLETED: frozenset(),
        JobState.FAILED: frozenset(),
    }
)
"""Where each state may lead. A job is COMPLETED when every operation was dealt with, whatever came of it;
FAILED when the job itself could not be carried out."""


class ActivationMode(StrEnum):
    """What the failure of one operation means for the others."""

    ATOMIC = "ATOMIC"
    BEST_EFFORT = "BEST_EFFORT"
    STOP_ON_ERROR = "STOP_ON_ERROR"


class ValidationMode(StrEnum):
    """Whether a validation goes on after the first operation that fails."""

    CONTINUE_ON_ERROR = "CONTINUE_ON_ERROR"
    STOP_ON_ERROR = "STOP_ON_ERROR"


class ActivationState(StrEnum):
    """What an activation amounts to so far."""

    NOT_STARTED = "NOT_STARTED"
    ACTIVATED = "ACTIVATED"
    ACTIVATION_FAILED = "ACTIVATION_FAILED"
    PARTIALLY_ACTIVATED = "PARTIALLY_ACTIVATED"
    ACTIVATION_FAILED_ROLLED_BACK = "ACTIVATION_FAILED_ROLLED_BACK"
    ACTIVATION_FAILED_ROLLBACK_FAILED = "ACTIVATION_FAILED_ROLLBACK_FAILED"


class ValidationState(StrEnum):
    """What a validation job found."""

    UNKNOWN = "UNKNOWN"
    VALIDATION_SUCCEEDED = "VALIDATION_SUCCEEDED"
    VALIDATION_FAILED = "VALIDATION_FAILED"


class DescriptorValidity(StrEnum):
    """Whether a plan descriptor has been validated: another vocabulary than the job's."""

    NOT_VALIDATED = "NOT_VALIDATED"
    VALID = "VALID"
    INVALID = "INVALID"


class GroupValidity(StrEnum):
    """Whether a plan group descriptor has been validated."""

    NOT_VALIDATED = "NOT_VALIDATED"
    PARTIALLY_VALID = "PARTIALLY_VALID"
    VALID = "VALID"
    INVALID = "INVALID"


class OperationState(StrEnum):
    """Where one operation of a job is (``Result.state``)."""

    NOT_STARTED = "NOT_STARTED"
    PROCESSING = "PROCESSING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class SummaryStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many operations are in which state. ``succeeded`` counts those in effect: not those rolled back."""

    not_finished: int = 0
    succeeded: int = 0
    failed: int = 0
    rollback_succeeded: int = 0
    rollback_failed: int = 0
    conflicting: int = 0

    @property
    def total(self) -> int:
        """The number of operations counted; conflicts are counted beside them."""
        return self.not_finished + self.succeeded + self.failed + self.rollback_succeeded + self.rollback_failed


def activation_state(job: JobState, summary: SummaryStatus) -> ActivationState:
    """Derive what an activation amounts to.

    While the job runs the state says only whether something is in effect, since no published state means
    "under way". A rollback happens in ATOMIC alone, so that the counts need no activation mode beside them:
    after one, the state says whether it wholly worked. A job that was cancelled before anything happened has
    not started. An empty plan that completed is activated.
    """
    if summary.rollback_failed:
        return ActivationState.ACTIVATION_FAILED_ROLLBACK_FAILED
    if summary.rollback_succeeded:
        return (
            ActivationState.PARTIALLY_ACTIVATED if summary.succeeded else ActivationState.ACTIVATION_FAILED_ROLLED_BACK
        )
    whole = not summary.failed and not summary.not_finished
    if job is JobState.COMPLETED and whole:
        return ActivationState.ACTIVATED
    if summary.succeeded:
        return ActivationState.ACTIVATED if job.is_final and whole else ActivationState.PARTIALLY_ACTIVATED
    if job is JobState.FAILED or (job.is_final and summary.failed):
        return ActivationState.ACTIVATION_FAILED
    return ActivationState.NOT_STARTED


def validation_state(job: JobState, summary: SummaryStatus) -> ValidationState:
    """Derive what a validation found: UNKNOWN until it has completed, unless something failed already."""
    if summary.failed:
        return ValidationState.VALIDATION_FAILED
    if job is JobState.COMPLETED and not summary.not_finished:
        return ValidationState.VALIDATION_SUCCEEDED
    return ValidationState.UNKNOWN


def next_step(mode: ActivationMode, failed: int) -> str:
    """Say what an activation does after an operation: ``"continue"``, ``"stop"`` or ``"roll back"``."""
    if not failed or mode is ActivationMode.BEST_EFFORT:
        return "continue"
    return "roll back" if mode is ActivationMode.ATOMIC else "stop"
