"""What can be done to a change now: each button with what it will do, to how many, and how to take it back."""

from collections.abc import Iterator
from dataclasses import dataclass

from tieline.platform.scope import Permission, Scope
from tieline.utility.changes.model import Change
from tieline.utility.changes.policy.states import Act, may
from tieline.utility.console.components import formats
from tieline.utility.console.components.frame import Action
from tieline.utility.console.components.work import Confirm
from tieline.utility.console.pages.changes.views.tally import Tally

_NOT_YOURS = "Your role may not do this."
_BACK = "Undo makes a change that sets every before-image back; it is planned and approved like this one."


@dataclass(frozen=True, slots=True)
class Offer:
    """A button and, where it asks first, its dialog."""

    action: Action
    dialog: Confirm | None = None


def offers(change: Change, tally: Tally, scope: Scope, csrf: str) -> tuple[Offer, ...]:
    """Every act that the state of the change allows, the likeliest first; what one may not do says so."""
    return tuple(_offers(change, tally, scope, csrf))


def _offers(change: Change, tally: Tally, scope: Scope, csrf: str) -> Iterator[Offer]:
    state = change.state
    if may(state, Act.START):
        yield _start(change, tally, scope, csrf)
    if may(state, Act.PAUSE):
        yield _ask(change, scope, csrf, _PAUSE)
    if may(state, Act.RESUME) and state.value == "paused":
        yield _ask(change, scope, csrf, _RESUME, count=tally.count("planned"))
    failed = tally.count("failed")
    if may(state, Act.RETRY) and failed:
        yield _ask(change, scope, csrf, _RETRY, count=failed)
    if may(state, Act.SUBMIT) and change.plan_hash:
        yield _submit(change, tally, scope)
    if change.started_at is not None and state.value in {"paused", "completed", "stopped"}:
        yield Offer(
            Action(
                "Undo",
                f"/changes/{change.id}/undo",
                "undo-2",
                unless="" if scope.may(Permission.CHANGE_PLAN) else _NOT_YOURS,
            )
        )
    if may(state, Act.PLAN):
        label = "Plan" if state.value == "draft" else "Plan again"
        kind = "primary" if state.value == "draft" else "plain"
        unless = "" if scope.may(Permission.CHANGE_PLAN) else _NOT_YOURS
        yield Offer(Action(label, f"/changes/{change.id}/plan", "refresh-cw", kind, "post", unless=unless))
    if may(state, Act.STOP):
        yield _stop(change, tally, scope, csrf)


def _start(change: Change, tally: Tally, scope: Scope, csrf: str) -> Offer:
    allowed = scope.may(Permission.CHANGE_RUN)
    seconds = (change.summary or {}).get("seconds") or (None, None)
    count = tally.count("planned")
    dialog = Confirm(
        "start",
        "Start this change",
        "The operators are called from now on, wave after wave. The plan is checked once more; if anything that was "
        "selected has changed since, nothing is sent.",
        f"/changes/{change.id}/start",
        "Start the change",
        csrf,
        count=count,
        facts=(
            ("Touches", formats.plural(count, "subscription")),
            ("Lasts", formats.duration_range(*seconds)),
        ),
        undo=f"Pause or stop it at any moment. {_BACK}",
    )
    return Offer(
        Action("Start", icon="play", kind="primary", dialog="start", unless="" if allowed else _NOT_YOURS), dialog
    )


def _submit(change: Change, tally: Tally, scope: Scope) -> Offer:
    unless = "" if scope.may(Permission.CHANGE_PLAN) else _NOT_YOURS
    if not tally.count("planned"):
        unless = "Nothing in this plan can be done: see what is left out, and why."
    second = bool(((change.summary or {}).get("requirement") or {}).get("second_person"))
    label = "Ask for approval" if second else "Approve by policy"
    return Offer(Action(label, f"/changes/{change.id}/submit", "shield-check", "primary", "post", unless=unless))


@dataclass(frozen=True, slots=True)
class _Words:
    name: str
    label: str
    icon: str
    title: str
    text: str
    undo: str
    kind: str = "plain"
    reason: str = ""


_PAUSE = _Words(
    "pause",
    "Pause",
    "pause",
    "Pause this change",
    "Nothing new is sent to any operator. What is there already is finished, and verified.",
    "Resume goes on where it paused.",
    reason="Why is it paused?",
)
_RESUME = _Words(
    "resume",
    "Resume",
    "play",
    "Resume this change",
    "It goes on with what waits. Failures so far were seen by you: they do not pause it a second time.",
    "Pause it again at any moment.",
    "primary",
)
_RETRY = _Words(
    "retry",
    "Retry the failed",
    "rotate-ccw",
    "Try the failed ones again",
    "Only what failed is sent again, exactly as it was approved; what is verified is not touched.",
    "They can be taken back with the rest of the change.",
)


def _ask(change: Change, scope: Scope, csrf: str, told: _Words, *, count: int = 0) -> Offer:
    unless = "" if scope.may(Permission.CHANGE_RUN) else _NOT_YOURS
    facts = (("Touches", formats.plural(count, "subscription")),) if count else ()
    dialog = Confirm(
        told.name,
        told.title,
        told.text,
        f"/changes/{change.id}/{told.name}",
        told.label,
        csrf,
        count=count,
        facts=facts,
        undo=told.undo,
        reason_label=told.reason,
    )
    return Offer(Action(told.label, icon=told.icon, kind=told.kind, dialog=told.name, unless=unless), dialog)


def _stop(change: Change, tally: Tally, scope: Scope, csrf: str) -> Offer:
    begun = change.started_at is not None
    needed = Permission.CHANGE_RUN if begun else Permission.CHANGE_PLAN
    waiting = tally.count("planned")
    dialog = Confirm(
        "stop",
        "Stop this change for good" if begun else "Withdraw this change",
        "Nothing more is sent. What waits is not done; what is at an operator is cancelled there where that is "
        "possible. What is done stays done."
        if begun
        else "It will not run. Cards and addresses that were taken for it are given back.",
        f"/changes/{change.id}/stop",
        "Stop for good" if begun else "Withdraw",
        csrf,
        facts=(("Will not be done", formats.plural(waiting, "subscription")),),
        undo=f"It cannot be started again. {_BACK}" if begun else "Make a new change from the same selection.",
        danger=True,
        reason_label="Why?",
    )
    label, icon = ("Stop", "octagon-x") if begun else ("Withdraw", "trash-2")
    action = Action(label, icon=icon, kind="danger", dialog="stop", unless="" if scope.may(needed) else _NOT_YOURS)
    return Offer(action, dialog)
