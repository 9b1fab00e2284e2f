"""What can be done to a change now: each button with what it will do, to how many, and how to take it back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tieline.console.components import formats
from tieline.console.components.frame import Action
from tieline.console.components.work import Approval, Confirm
from tieline.platform.scope import Permission, Scope
from tieline.utility.console.pages.changes.source import Change, acts
from tieline.utility.console.pages.changes.views.tally import WAITING, Tally

_EVERYBODY = Scope("anybody", frozenset(Permission))
"""Somebody who may do everything and made nothing: what is left is what the state of the change allows."""
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
    state, possible = change.state.value, acts(change, _EVERYBODY)
    if "start" in possible:
        yield _start(change, tally, scope, csrf)
    yield from _steering(change, tally, scope, csrf, possible)
    if "submit" in possible and change.plan_hash:
        yield _submit(change, scope)
    if "undo" in possible and tally.count("verified"):
        yield Offer(
            Action("Undo", f"/changes/{change.id}/undo", "undo-2", unless=_unless(scope, Permission.CHANGE_PLAN))
        )
    if change.plan_hash and state in {"planned", "submitted", "approved"} and tally.count(*WAITING):
        yield _try(change, scope)
    if "plan" in possible:
        yield _plan(change, scope)
    if "stop" in possible:
        if state != "rejected":
            yield from _veto(change, scope)
        yield _stop(change, tally, scope, csrf)


def _steering(change: Change, tally: Tally, scope: Scope, csrf: str, possible: Sequence[str]) -> Iterator[Offer]:
    failed = tally.count("failed")
    if "pause" in possible:
        yield _ask(change, scope, csrf, _PAUSE)
    if "resume" in possible and (change.state.value == "paused" or tally.held):
        yield _ask(change, scope, csrf, _RESUME, count=tally.count(*WAITING))
    if "retry" in possible and failed:
        yield _ask(change, scope, csrf, _RETRY, count=failed)


def _veto(change: Change, scope: Scope) -> Iterator[Offer]:
    """The control room's no; others do not see the button, for they would never use it."""
    if scope.may(Permission.CHANGE_VETO):
        tip = "The control room's no: nothing more of it is sent until the veto is lifted. It is not withdrawn."
        yield Offer(Action("Veto", f"/changes/{change.id}/veto", "ban", tip=tip))


def _unless(scope: Scope, permission: Permission) -> str:
    return "" if scope.may(permission) else _NOT_YOURS


def _plan(change: Change, scope: Scope) -> Offer:
    label, kind = ("Plan", "primary") if change.state.value == "draft" else ("Plan again", "plain")
    unless = _unless(scope, Permission.CHANGE_PLAN)
    tip = "" if kind == "primary" else "The selection is looked at anew; an approval of the present plan is void then."
    return Offer(Action(label, f"/changes/{change.id}/plan", "refresh-cw", kind, "post", unless=unless, tip=tip))


def _try(change: Change, scope: Scope) -> Offer:
    unless = _unless(scope, Permission.CHANGE_PLAN)
    tip = "Each operator is asked what it would do. Nothing is changed there."
    where = f"/changes/{change.id}/dry-run"
    action = Action("Try at the operators", where, "plug", "plain", "post", unless=unless, tip=tip)
    return Offer(action)


def _start(change: Change, tally: Tally, scope: Scope, csrf: str) -> Offer:
    seconds = (change.summary or {}).get("seconds") or (None, None)
    count = tally.count(*WAITING)
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
        Action("Start", icon="play", kind="primary", dialog="start", unless=_unless(scope, Permission.CHANGE_RUN)),
        dialog,
    )


def _submit(change: Change, scope: Scope) -> Offer:
    unless = _unless(scope, Permission.CHANGE_PLAN)
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
    "Only what failed is sent again, exactly as it was approved. While the change is paused it waits for that, too.",
    "They can be taken back with the rest of the change.",
)


def _ask(change: Change, scope: Scope, csrf: str, told: _Words, *, count: int = 0) -> Offer:
    unless = _unless(scope, Permission.CHANGE_RUN)
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
        fields={"shown": str(count)},
        reason_label=told.reason,
    )
    return Offer(Action(told.label, icon=told.icon, kind=told.kind, dialog=told.name, unless=unless), dialog)


def _stop(change: Change, tally: Tally, scope: Scope, csrf: str) -> Offer:
    begun = change.started_at is not None
    needed = Permission.CHANGE_RUN if begun else Permission.CHANGE_PLAN
    waiting = tally.count(*WAITING)
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
    action = Action(label, icon=icon, kind="danger", dialog="stop", unless=_unless(scope, needed))
    return Offer(action, dialog)


def decisions(change: Change, csrf: str) -> tuple[Confirm, ...]:
    """The dialogs in which a large plan is decided on: the number of subscriptions is typed."""
    count = int(((change.summary or {}).get("impact") or {}).get("items", 0))
    shared = {"plan_hash": change.plan_hash}
    return (
        Confirm(
            "approve",
            "Approve this plan",
            f"{change.title}. Exactly this plan may then be started; another plan needs another approval.",
            f"/changes/{change.id}/approve",
            "Approve",
            csrf,
            count=count,
            facts=(("Touches", formats.plural(count, "subscription")), ("Plan", change.plan_hash[:12])),
            undo="Reject it as long as it was not started; stop or undo it afterwards.",
            fields=shared,
        ),
        Confirm(
            "reject",
            "Reject this plan",
            "It cannot be started. Whoever planned it sees why, and may plan it again.",
            f"/changes/{change.id}/reject",
            "Reject",
            csrf,
            undo="Have it planned and submitted again.",
            danger=True,
            fields=shared,
            reason_label="Why?",
        ),
    )


def without_form(approval: Approval) -> Approval:
    """The approval as it stands above the buttons that open the dialogs."""
    return replace(approval, approve_href="")
