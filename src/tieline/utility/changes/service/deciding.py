"""Agreeing: submit, approve, reject. What is approved is a hash; whoever made a change does not decide on it."""

from psycopg.rows import DictRow

from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Forbidden, Invalid, Problem
from tieline.platform.scope import Permission, Scope, named
from tieline.platform.words import agree, plural
from tieline.utility.changes.kinds import KINDS
from tieline.utility.changes.model import Change, ChangeState, ChangeType
from tieline.utility.changes.policy import approval
from tieline.utility.changes.policy.approval import Person, Size, Standard
from tieline.utility.changes.policy.states import Act, after
from tieline.utility.changes.policy.templates import deviates
from tieline.utility.changes.service.telling import tell
from tieline.utility.changes.store import changes as store
from tieline.utility.changes.store import extras, guarding, items, templates


async def submit(tx: Tx, scope: Scope, clock: Clock, change_id: int, *, threshold: int) -> Change:
    """Ask for approval. Where the policy needs no second person (beforehand), the change is approved by policy."""
    scope.require(Permission.CHANGE_PLAN)
    change = await store.get(tx, change_id, lock=True)
    following = after(change.state, Act.SUBMIT)
    await check_touchable(tx, scope, change)
    size = _size(change)
    if size.items == 0:
        none = not (change.summary or {}).get("impact", {}).get("by_reason")
        raise Conflict(
            "Nothing matched what was selected: this plan has no items."
            if none
            else "Nothing in this plan can be done: all that was selected is left out.",
            advice="Make another change with another selection." if none else "Look at why each item is left out.",
        )
    needed = approval.requirement(change.type, size, threshold, always=KINDS.get(change.kind).approved_by_two)
    if change.type is ChangeType.STANDARD:
        await check_policy(tx, change)
    await store.set_state(tx, change_id, following)
    if not needed.second_person or needed.afterwards:
        values = {"decision": "approved", "by_policy": True, "comment": needed.why, "at": clock.now()}
        await store.add_approval(tx, change, scope, values)
        following = after(following, Act.APPROVE)
        await store.set_state(tx, change_id, following)
    await tell(tx, scope, change, "submitted", state=following, why=needed.why, hash=change.plan_hash)
    return await store.get(tx, change_id)


async def decide(
    tx: Tx, scope: Scope, clock: Clock, change_id: int, *, approve: bool, plan_hash: str, comment: str
) -> Change:
    """Approve or reject the plan of which ``plan_hash`` is the hash.

    Raises ``Forbidden`` for one's own change, ``Conflict`` when the plan is no longer the one that was looked at.
    An emergency change that has started is approved afterwards; rejected afterwards, it is paused.
    """
    scope.require(Permission.CHANGE_APPROVE)
    change = await store.get(tx, change_id, lock=True)
    approval.check_decider(Person(scope.actor, scope.user_id), authors(change))
    approval.check_hash(plan_hash, change.plan_hash)
    await check_touchable(tx, scope, change)
    if not approve and not comment.strip():
        raise Invalid("A rejection says why.", [Problem("comment", "required", "Say why.")])
    if change.started_at is not None and change.type is ChangeType.EMERGENCY:
        return await _afterwards(tx, scope, clock, change, approve=approve, comment=comment)
    following = after(change.state, Act.APPROVE if approve else Act.REJECT)
    if approve:
        await check_not_vetoed(tx, clock, change_id)
    now = clock.now()
    if not approve:
        await store.void_approvals(tx, change_id, "The change was rejected.", now)
    values = {"decision": "approved" if approve else "rejected", "comment": comment, "at": now}
    await store.add_approval(tx, change, scope, values)
    await store.set_state(tx, change_id, following, why="" if approve else comment)
    act = "approved" if approve else "rejected"
    await tell(tx, scope, change, act, state=following, hash=plan_hash, comment=comment)
    return await store.get(tx, change_id)


async def _afterwards(tx: Tx, scope: Scope, clock: Clock, change: Change, *, approve: bool, comment: str) -> Change:
    if any(one.afterwards and one.decision == "approved" for one in await store.approvals(tx, change.id)):
        raise Conflict("This emergency change has been approved already.")
    word = "approved" if approve else "rejected"
    values = {"decision": word, "comment": comment, "at": clock.now(), "afterwards": True}
    await store.add_approval(tx, change, scope, values)
    following = change.state
    if not approve and change.state is ChangeState.RUNNING:
        following = after(change.state, Act.PAUSE)
        await store.set_state(tx, change.id, following, why=f"Rejected afterwards: {comment}")
    await tell(tx, scope, change, f"{word}-afterwards", state=following, comment=comment)
    return await store.get(tx, change.id)


def authors(change: Change) -> tuple[Person, ...]:
    """Everybody whose change it is: who made it, who ever edited it, who had it planned, who started it."""
    people = (
        (change.created_by, change.created_by_user),
        (change.planned_by, change.planned_by_user),
        (change.started_by, change.started_by_user),
        *((editor.actor, editor.user_id) for editor in change.editors),
    )
    return tuple(Person(actor, user_id) for actor, user_id in people if actor)


async def check_touchable(tx: Tx, scope: Scope, change: Change) -> None:
    """Raise ``Forbidden`` when some of a change's items lie beyond what the asker may touch."""
    beyond = await items.outside_scope(tx, scope, change.id)
    if beyond:
        raise Forbidden(
            f"{plural(beyond, 'item')} of this change {agree(beyond, 'lies', 'lie')} outside your regions or operators."
        )


async def _off_template(tx: Tx, change: Change, policy: DictRow) -> str | None:
    """How a change differs from the template behind its policy; None when it does not."""
    if policy["template_version_id"] is None:
        return None
    version = await templates.by_version_id(tx, policy["template_version_id"])
    how = "has no template any more" if version is None else deviates(change, version["body"])
    return f"The policy {policy['name']} stands on a template, and this change {how}." if how else None


async def check_not_vetoed(tx: Tx, clock: Clock, change_id: int) -> None:
    """Raise ``Conflict`` while a veto of the control room holds the whole of a change."""
    row = await guarding.vetoed(tx, change_id, clock.now())
    if row is not None:
        why = f"The control room holds this change ({named(row['created_by'])}): {row['reason']}"
        raise Conflict(why, advice="Ask whoever holds it to lift the veto.")


def _size(change: Change) -> Size:
    touched = (change.summary or {}).get("impact", {})
    return Size(touched.get("items", 0), touched.get("critical_sites", 0))


async def check_policy(tx: Tx, change: Change) -> None:
    """Raise ``Conflict`` unless a standard change is within its policy, and that is in force."""
    if change.policy_id is None:
        raise Conflict("A standard change names its policy.")
    row = await extras.policy(tx, change.policy_id)
    why_not = approval.outside(_standard(row), change.kind, _size(change)) or await _off_template(tx, change, row)
    if why_not:
        raise Conflict(why_not, advice="Make it a normal change.")


def _standard(row: DictRow) -> Standard:
    in_force = row["approved_at"] is not None and row["retired_at"] is None
    return Standard(row["name"], row["kind"], row["max_items"], critical_sites=row["critical_sites"], in_force=in_force)


async def outside_policy(tx: Tx, policy_id: int, kind: str, *, items: int, critical_sites: int) -> str | None:
    """Why a change of that size would not be within a policy; None when it would. For those who make changes."""
    row = await extras.policy(tx, policy_id)
    return approval.outside(_standard(row), kind, Size(items, critical_sites))
