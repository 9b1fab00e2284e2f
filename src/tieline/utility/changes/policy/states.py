"""The state tables of changes and items. What is not in a table is refused."""

from collections.abc import Mapping
from enum import StrEnum

from tieline.platform.errors import Conflict
from tieline.utility.changes.model import ChangeState, ItemState


class Act(StrEnum):
    """What is done to a change."""

    PLAN = "plan"
    PLANNED = "planned"
    PLAN_FAILED = "plan-failed"
    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    VOID = "void"
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    RETRY = "retry"
    COMPLETE = "complete"


class Step(StrEnum):
    """What happens to an item."""

    RELEASE = "release"
    QUEUE = "queue"
    UNQUEUE = "unqueue"
    SEND = "send"
    ACCEPT = "accept"
    VERIFY = "verify"
    FAIL = "fail"
    CONFLICT = "conflict"
    BLOCK = "block"
    CANCEL = "cancel"
    RETRY = "retry"


_C, _I = ChangeState, ItemState

CHANGES: Mapping[tuple[ChangeState, Act], ChangeState] = {
    (_C.DRAFT, Act.PLAN): _C.PLANNING,
    (_C.PLANNING, Act.PLANNED): _C.PLANNED,
    (_C.PLANNING, Act.PLAN_FAILED): _C.DRAFT,
    (_C.PLANNED, Act.PLAN): _C.PLANNING,
    (_C.PLANNED, Act.SUBMIT): _C.SUBMITTED,
    (_C.PLANNED, Act.STOP): _C.STOPPED,
    (_C.DRAFT, Act.STOP): _C.STOPPED,
    (_C.SUBMITTED, Act.PLAN): _C.PLANNING,
    (_C.SUBMITTED, Act.APPROVE): _C.APPROVED,
    (_C.SUBMITTED, Act.REJECT): _C.REJECTED,
    (_C.SUBMITTED, Act.VOID): _C.PLANNED,
    (_C.SUBMITTED, Act.STOP): _C.STOPPED,
    (_C.APPROVED, Act.PLAN): _C.PLANNING,
    (_C.APPROVED, Act.REJECT): _C.REJECTED,
    (_C.APPROVED, Act.VOID): _C.PLANNED,
    (_C.APPROVED, Act.START): _C.RUNNING,
    (_C.APPROVED, Act.STOP): _C.STOPPED,
    (_C.REJECTED, Act.PLAN): _C.PLANNING,
    (_C.REJECTED, Act.STOP): _C.STOPPED,
    (_C.RUNNING, Act.PAUSE): _C.PAUSED,
    (_C.RUNNING, Act.STOP): _C.STOPPED,
    (_C.RUNNING, Act.RETRY): _C.RUNNING,
    (_C.RUNNING, Act.RESUME): _C.RUNNING,
    (_C.RUNNING, Act.COMPLETE): _C.COMPLETED,
    (_C.PAUSED, Act.RESUME): _C.RUNNING,
    (_C.PAUSED, Act.STOP): _C.STOPPED,
    (_C.PAUSED, Act.RETRY): _C.PAUSED,
    (_C.PAUSED, Act.COMPLETE): _C.COMPLETED,
    (_C.COMPLETED, Act.RETRY): _C.RUNNING,
}

ITEMS: Mapping[tuple[ItemState, Step], ItemState] = {
    (_I.WAITING, Step.RELEASE): _I.PLANNED,
    (_I.WAITING, Step.CANCEL): _I.CANCELLED,
    (_I.PLANNED, Step.QUEUE): _I.QUEUED,
    (_I.PLANNED, Step.CONFLICT): _I.CONFLICT,
    (_I.PLANNED, Step.BLOCK): _I.BLOCKED,
    (_I.PLANNED, Step.CANCEL): _I.CANCELLED,
    (_I.QUEUED, Step.UNQUEUE): _I.PLANNED,
    (_I.QUEUED, Step.SEND): _I.SENT,
    (_I.QUEUED, Step.FAIL): _I.FAILED,
    (_I.QUEUED, Step.CANCEL): _I.CANCELLED,
    (_I.SENT, Step.ACCEPT): _I.ACCEPTED,
    (_I.SENT, Step.VERIFY): _I.VERIFIED,
    (_I.SENT, Step.FAIL): _I.FAILED,
    (_I.ACCEPTED, Step.VERIFY): _I.VERIFIED,
    (_I.ACCEPTED, Step.FAIL): _I.FAILED,
    (_I.ACCEPTED, Step.CONFLICT): _I.CONFLICT,
    (_I.FAILED, Step.RETRY): _I.PLANNED,
    (_I.BLOCKED, Step.RETRY): _I.PLANNED,
}
"""A blocked item is retried only when it was blocked while running (``policy.retry``), never when its plan was."""

EDITABLE = frozenset({_C.DRAFT, _C.PLANNED, _C.SUBMITTED, _C.APPROVED, _C.REJECTED})
"""States in which title, parameters or waves may be altered; what was planned and approved is then void."""

SENDS = frozenset({_C.RUNNING})
"""The only state in which anything new is sent."""

ENDED = frozenset({_C.COMPLETED, _C.STOPPED})
"""States in which the change holds nothing back any more."""

_REFUSALS: Mapping[Act, str] = {
    Act.PLAN: "be planned",
    Act.SUBMIT: "be submitted for approval",
    Act.APPROVE: "be approved",
    Act.REJECT: "be rejected",
    Act.START: "be started",
    Act.PAUSE: "be paused",
    Act.RESUME: "be resumed",
    Act.STOP: "be stopped",
    Act.RETRY: "retry its failed items",
}


_NEXT: Mapping[ChangeState, str] = {
    ChangeState.DRAFT: "Plan it first.",
    ChangeState.PLANNING: "Wait until it is planned.",
    ChangeState.PLANNED: "Submit it first: it is approved then, by the policy or by somebody else.",
    ChangeState.SUBMITTED: "It waits for somebody else to approve it.",
    ChangeState.APPROVED: "It is approved: start it.",
    ChangeState.REJECTED: "Edit it or plan it anew, and submit it again.",
    ChangeState.RUNNING: "It runs: pause or stop it first.",
    ChangeState.PAUSED: "Resume or stop it.",
    ChangeState.COMPLETED: "It is over; what it did is taken back by an undo.",
    ChangeState.STOPPED: "It is over; what it did is taken back by an undo.",
}
"""What comes next in each state, for whoever tried something else."""


def after(state: ChangeState, act: Act) -> ChangeState:
    """The state that an act leads to; raises ``Conflict`` where the table has none."""
    following = CHANGES.get((state, act))
    if following is None:
        raise Conflict(f"A change that is {state.value} cannot {_REFUSALS.get(act, act.value)}.", advice=_NEXT[state])
    return following


def may(state: ChangeState, act: Act) -> bool:
    """Whether the table has the act in this state; for buttons."""
    return (state, act) in CHANGES


def sources(step: Step) -> tuple[ItemState, ...]:
    """The states from which a step is legal: the store names them in the WHERE of its UPDATE."""
    return tuple(state for state, taken in ITEMS if taken is step)


def target(step: Step) -> ItemState:
    """The state that a step leads to; it is the same from wherever the step is legal."""
    (only,) = {following for (_, taken), following in ITEMS.items() if taken is step}
    return only
