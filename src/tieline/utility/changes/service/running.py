"""Starting and steering: start, pause, resume, stop, retry what failed. The driver does the rest."""

from dataclasses import dataclass

from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict
from tieline.platform.scope import Permission, Scope
from tieline.utility.changes.kinds.base import fingerprint
from tieline.utility.changes.model import Change, ChangeState, ChangeType, LaneState
from tieline.utility.changes.policy.approval import AFTERWARDS
from tieline.utility.changes.policy.fingerprint import Difference, compare, plan_hash
from tieline.utility.changes.policy.states import Act, after
from tieline.utility.changes.service import grouping, timing
from tieline.utility.changes.service.deciding import check_not_vetoed, check_policy, check_touchable
from tieline.utility.changes.service.planning import authority, give_back_unused, header, select
from tieline.utility.changes.service.telling import tell
from tieline.utility.changes.store import changes as store
from tieline.utility.changes.store import guarding, items, lanes


@dataclass(frozen=True, slots=True)
class Refused:
    """A start that was refused, and what it changed all the same: the approvals are void."""

    why: str
    difference: Difference | None = None


async def start(tx: Tx, scope: Scope, clock: Clock, change_id: int) -> Change | Refused:
    """Start an approved change.

    The plan is hashed again, and the selection read again: if either is not what was approved, nothing starts, the
    approvals become void and the change has to be planned again. The caller commits that too, then refuses.
    """
    _require_run(scope, change := await store.get(tx, change_id, lock=True))
    following = after(change.state, Act.START)
    await check_touchable(tx, scope, change)
    if not await store.approved(tx, change_id, change.plan_hash):
        raise Conflict("This plan is not approved.")
    if change.type is ChangeType.STANDARD:
        await check_policy(tx, change)
    await check_not_vetoed(tx, clock, change_id)
    refused = await _stale(tx, change) or await _overlapping(tx, change)
    now = clock.now()
    if refused is not None:
        back = after(change.state, Act.VOID)
        await store.void_approvals(tx, change_id, refused.why, now)
        await store.set_state(tx, change_id, back, why=refused.why)
        await tell(tx, scope, change, "voided", state=back, why=refused.why)
        return refused
    await grouping.define(tx, scope, change)
    due = now + AFTERWARDS if change.type is ChangeType.EMERGENCY else None
    await store.set_started(tx, change_id, scope, now, due)
    await lanes.open_lanes(tx, change_id)
    await store.set_state(tx, change_id, following)
    await timing.settle(tx, clock, change_id)
    expected = await timing.seconds_expected(tx, clock, change)
    await tell(tx, scope, change, "started", state=following, hash=change.plan_hash, expected=expected)
    return await store.get(tx, change_id)


async def _stale(tx: Tx, change: Change) -> Refused | None:
    if plan_hash(header(change), await items.canonical(tx, change.id)) != change.plan_hash:
        return Refused("The plan is not the one that was approved. Plan the change again.")
    rows, _ = await select(tx, await authority(tx, change.id), change)
    now = {row.subscription_id: fingerprint(row) for row in rows}
    difference = compare(await items.fingerprints(tx, change.id), now)
    return Refused(f"{difference.sentence} Plan it again.", difference) if difference else None


async def _overlapping(tx: Tx, change: Change) -> Refused | None:
    """Whether another change was quicker; starts are taken one after another, so that of two only one is."""
    await guarding.lock_starting(tx)
    other = await guarding.overlap(tx, change.id)
    if other is None:
        return None
    word = "is not finished with" if other["written"] else "has prepared, or is preparing, what is planned here for"
    return Refused(f"Change {other['change_id']} {word} {other['ref']}. Plan this one again.")


async def pause(tx: Tx, scope: Scope, change_id: int, *, why: str) -> Change:
    """Send nothing more for now; what is at the operators is finished."""
    _require_run(scope, change := await store.get(tx, change_id, lock=True))
    following = after(change.state, Act.PAUSE)
    await store.set_state(tx, change_id, following, why=why)
    await tell(tx, scope, change, "paused", state=following, why=why)
    return await store.get(tx, change_id)


async def resume(tx: Tx, scope: Scope, change_id: int) -> Change:
    """Go on, with every lane, in spite of the failures there are; those do not pause it a second time."""
    _require_run(scope, change := await store.get(tx, change_id, lock=True))
    following = after(change.state, Act.RESUME)
    await check_touchable(tx, scope, change)
    await _check_not_denied(tx, change)
    await lanes.forgive(tx, change_id)
    await lanes.set_lanes(tx, change_id, LaneState.RUNNING, of=[LaneState.PAUSED])
    await store.set_state(tx, change_id, following)
    await tell(tx, scope, change, "resumed", state=following)
    return await store.get(tx, change_id)


async def stop(tx: Tx, scope: Scope, clock: Clock, change_id: int, *, why: str) -> Change:
    """Stop for good: what was not sent is cancelled; what is at the operators is cancelled there where possible.

    What is done stays done and can be undone. What was taken for items that will not be done is given back.
    """
    change = await store.get(tx, change_id, lock=True)
    scope.require(Permission.CHANGE_RUN if change.started_at else Permission.CHANGE_PLAN)
    following = after(change.state, Act.STOP)
    await check_touchable(tx, scope, change)
    now = clock.now()
    cancelled = await lanes.cancel_waiting(tx, change_id, now)
    await give_back_unused(tx, _releasing(scope), change_id)
    await lanes.set_lanes(tx, change_id, LaneState.DONE, of=[LaneState.WAITING, LaneState.RUNNING, LaneState.PAUSED])
    await store.void_approvals(tx, change_id, "The change was stopped.", now)
    await store.set_state(tx, change_id, following, why=why, ended_at=now)
    await tell(tx, scope, change, "stopped", state=following, why=why, cancelled=cancelled)
    return await store.get(tx, change_id)


async def retry(tx: Tx, scope: Scope, change_id: int) -> Change:
    """Plan what failed, and only that, once more: the same items as were approved."""
    _require_run(scope, change := await store.get(tx, change_id, lock=True))
    following = after(change.state, Act.RETRY)
    await check_touchable(tx, scope, change)
    await _check_not_denied(tx, change)
    again = await lanes.retry(tx, change_id)
    if not again:
        raise Conflict("Nothing has failed that could be tried again.")
    await lanes.open_lanes(tx, change_id)
    await store.set_state(tx, change_id, following)
    await tell(tx, scope, change, "retried", state=following, items=again)
    return await store.get(tx, change_id)


async def _check_not_denied(tx: Tx, change: Change) -> None:
    """An emergency change that was rejected afterwards sends nothing more, unless somebody approves it after all."""
    afterwards = [one.decision for one in await store.approvals(tx, change.id) if one.afterwards]
    if afterwards and afterwards[-1] == "rejected":
        raise Conflict("This emergency change was rejected.", advice="Stop it, and take back what it did.")


def _require_run(scope: Scope, change: Change) -> None:
    scope.require(Permission.CHANGE_RUN)
    if change.type is ChangeType.EMERGENCY and change.state is ChangeState.APPROVED:
        scope.require(Permission.CHANGE_EMERGENCY)


def _releasing(scope: Scope) -> Scope:
    """Whoever may stop a change may have it give back what it took."""
    return Scope(
        actor=scope.actor,
        permissions=scope.permissions | {Permission.CHANGE_PLAN},
        operators=scope.operators,
        request_id=scope.request_id,
        user_id=scope.user_id,
    )
