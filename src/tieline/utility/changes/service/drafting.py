"""Making changes: what is to be done to which part of the fleet, how, and in which waves."""

from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Invalid, Problem
from tieline.platform.scope import Permission, Scope
from tieline.utility.changes.kinds import KINDS, parse
from tieline.utility.changes.model import Change, ChangeState, ChangeType, Thresholds, Waves, Window
from tieline.utility.changes.policy import thresholds as threshold_rules
from tieline.utility.changes.policy import waves as wave_rules
from tieline.utility.changes.policy import windows as window_rules
from tieline.utility.changes.policy.states import EDITABLE
from tieline.utility.changes.service.deciding import check_touchable
from tieline.utility.changes.service.telling import tell
from tieline.utility.changes.store import changes as store
from tieline.utility.changes.store import extras, items, openings
from tieline.utility.inventory import Selection

RESTORE = "subscription.restore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a new change says. ``policy_id`` names the policy of a standard change; ``origin`` who has it made."""

    kind: str
    title: str
    type: ChangeType = ChangeType.NORMAL
    reason: str = ""
    selection: Selection = field(default_factory=Selection)
    parameters: Any = field(default_factory=dict)
    waves: Waves = field(default_factory=Waves)
    thresholds: Thresholds = field(default_factory=Thresholds)
    window: Window = field(default_factory=Window)
    policy_id: int | None = None
    origin: str = ""


async def create(tx: Tx, scope: Scope, draft: Draft) -> Change:
    """Make a change in draft. Raises ``Invalid`` for what makes no sense, ``Forbidden`` for who may not."""
    scope.require(Permission.CHANGE_PLAN)
    if draft.kind == RESTORE:
        problem = Problem("kind", "use-undo", "Ask the change that is to be taken back.", draft.kind)
        raise Invalid("A change is taken back through its undo.", [problem])
    return await _create(tx, scope, draft, undo_of=None)


async def edit(tx: Tx, scope: Scope, clock: Clock, change_id: int, draft: Draft) -> Change:
    """Replace what a change says; its plan and approvals are void until it is planned again."""
    scope.require(Permission.CHANGE_PLAN)
    change = await store.get(tx, change_id, lock=True)
    if change.state not in EDITABLE or change.undo_of is not None:
        raise Conflict(f"A change that is {change.state.value} cannot be edited.")
    await check_touchable(tx, scope, change)
    if change.policy_id is not None and (await extras.policy(tx, change.policy_id))["origin"]:
        raise Conflict("This change was approved with its programme as it is.", advice="Make a new change.")
    if draft.kind != change.kind or draft.type is not change.type:
        raise Conflict("Kind and type of a change stay what they are.", advice="Make a new change.")
    _check(scope, replace(draft, policy_id=change.policy_id))
    values = _values(draft)
    await store.edit(tx, scope, change_id, {name: values[name] for name in values if name not in _FIXED})
    await openings.mark(tx, change_id)
    await store.void_approvals(tx, change_id, "The change was edited.", clock.now())
    await store.set_state(tx, change_id, ChangeState.DRAFT)
    await tell(tx, scope, change, "edited", state=ChangeState.DRAFT, title=draft.title)
    return await store.get(tx, change_id)


async def undo(tx: Tx, scope: Scope, change_id: int, part: items.Part, *, title: str, reason: str) -> Change:
    """Make a change that takes another one back, wholly or in part. It is planned, approved and run like any other."""
    scope.require(Permission.CHANGE_PLAN)
    origin = await store.get(tx, change_id, lock=True)
    if origin.state in {ChangeState.RUNNING, ChangeState.PLANNING}:
        raise Conflict("A change that is running cannot be taken back.", advice="Pause or stop it first.")
    if not await items.effects(tx, scope, change_id, part):
        raise Conflict("Nothing of this change is in effect there that could be taken back.")
    parameters = {
        "change_id": change_id,
        "regions": part.regions,
        "operators": part.operators,
        "waves": part.waves,
        "item_ids": part.item_ids,
        "disruptive": origin.disruptive,
    }
    draft = Draft(kind=RESTORE, title=title or f"Undo: {origin.title}"[:200], reason=reason, parameters=parameters)
    made = await _create(tx, scope, draft, undo_of=change_id)
    await store.add_event(tx, change_id, scope.actor, "undo-made", {"undo": made.id})
    return made


async def _create(tx: Tx, scope: Scope, draft: Draft, *, undo_of: int | None) -> Change:
    _check(scope, draft)
    if draft.policy_id is not None:
        policy = await extras.policy(tx, draft.policy_id)
        if policy["origin"] not in {"", draft.origin}:
            raise Conflict(f"The policy {policy['name']} is for changes of its programme.", advice="Name another.")
    change_id = await store.insert(tx, scope, {**_values(draft), "undo_of": undo_of})
    await openings.mark(tx, change_id)
    change = await store.get(tx, change_id)
    await tell(tx, scope, change, "created", title=draft.title, kind=draft.kind, type=draft.type.value, undo_of=undo_of)
    return change


_FIXED = frozenset({"kind", "type", "policy_id"})


def _values(draft: Draft) -> dict[str, Any]:
    kind = KINDS.get(draft.kind)
    parameters = parse(kind, draft.parameters)
    wave_rules.check(draft.waves)
    threshold_rules.check(draft.thresholds)
    return {
        "kind": draft.kind,
        "title": draft.title,
        "type": draft.type.value,
        "reason": draft.reason,
        "selection": msgspec.to_builtins(draft.selection),
        "parameters": msgspec.to_builtins(parameters),
        "waves": draft.waves,
        "thresholds": draft.thresholds,
        "window": draft.window,
        "policy_id": draft.policy_id,
        "disruptive": kind.disruptive(parameters),
    }


def _check(scope: Scope, draft: Draft) -> None:
    problems = []
    if draft.type is ChangeType.EMERGENCY:
        scope.require(Permission.CHANGE_EMERGENCY)
        if not draft.reason.strip():
            problems.append(Problem("reason", "required", "An emergency change says why it is one."))
    if (draft.type is ChangeType.STANDARD) != (draft.policy_id is not None):
        problems.append(Problem("policy_id", "required", "A standard change, and no other, names its policy."))
    opens, closes = draft.window.opens, draft.window.closes
    if any(end is not None and end.tzinfo is None for end in (opens, closes)):
        problems.append(Problem("window", "time-zone", "Say in which time zone."))
    elif opens is not None and closes is not None and closes <= opens:
        problems.append(Problem("window", "order", "It closes after it opens."))
    problems += [Problem("window.rules", field, why) for field, why in window_rules.problems(draft.window.rules)]
    if problems:
        raise Invalid("The change cannot be made as described.", problems)
