"""After items came to an end: does the lane go on, advance, or pause, and is the change done? Called last."""

from collections.abc import Sequence

import msgspec

from tieline.platform import audit
from tieline.platform.db import Tx
from tieline.utility.changes.driver.context import SYSTEM, Context
from tieline.utility.changes.model import Change, ChangeState, ItemState, LaneState, Thresholds
from tieline.utility.changes.policy.states import Act, after
from tieline.utility.changes.policy.thresholds import Decision, judge
from tieline.utility.changes.service.planning import give_back_unused
from tieline.utility.changes.service.telling import tell
from tieline.utility.changes.store import changes as store
from tieline.utility.changes.store import driving, lanes

_LIVE = frozenset({ChangeState.RUNNING, ChangeState.PAUSED})


async def advance(tx: Tx, context: Context, change_id: int, told: Sequence[audit.Entry]) -> None:
    """Judge the lane's wave and move lane and change on; ``told`` goes to the audit trail with it."""
    change = await store.get(tx, change_id, lock=True)
    if change.state is ChangeState.STOPPED:
        await give_back_unused(tx, SYSTEM, change_id)
    lane = await driving.lane(tx, change_id, context.operator_id)
    if lane is None or change.state not in _LIVE or lane["state"] != LaneState.RUNNING:
        if told:
            await audit.append(tx, SYSTEM, *told)
        return
    wave = lane["wave"]
    tally = await lanes.tally(tx, change_id, context.operator_id, wave)
    verdict = judge(tally, msgspec.convert(change.thresholds, Thresholds), forgiven=lane["forgiven"])
    if verdict.decision is Decision.GO_ON:
        if told:
            await audit.append(tx, SYSTEM, *told)
        return
    if verdict.decision is Decision.PAUSE:
        await lanes.set_lane(tx, change_id, context.operator_id, LaneState.PAUSED, wave=wave, why=verdict.why)
        act, facts = "lane-paused", {"operator": context.code, "wave": wave, "why": verdict.why}
    else:
        following = await lanes.next_wave(tx, change_id, context.operator_id)
        state = LaneState.DONE if following is None else LaneState.RUNNING
        await lanes.set_lane(tx, change_id, context.operator_id, state, wave=following or wave)
        act = "lane-done" if following is None else "wave-done"
        facts = {"operator": context.code, "wave": wave, "next": following}
    await _whole(tx, context, change, told=told, act=act, facts=facts)


async def _whole(
    tx: Tx, context: Context, change: Change, *, told: Sequence[audit.Entry], act: str, facts: dict[str, object]
) -> None:
    """What a lane's step means for the change: paused when only paused lanes are left, completed when none are."""
    every = {lane.state for lane in await lanes.lanes(tx, change.id)}
    ending: tuple[str, ChangeState] | None = None
    if every <= {LaneState.DONE}:
        ending = ("completed", after(change.state, Act.COMPLETE))
        # A conflict stays one; what failed may be tried again with what was taken for it.
        await give_back_unused(tx, SYSTEM, change.id, states=[ItemState.CONFLICT])
        await store.set_state(tx, change.id, ending[1], ended_at=context.clock.now())
    elif change.state is ChangeState.RUNNING and every <= {LaneState.DONE, LaneState.PAUSED}:
        ending = ("paused", after(change.state, Act.PAUSE))
        await store.set_state(tx, change.id, ending[1], why=str(facts.get("why", "")))
    if told:
        await audit.append(tx, SYSTEM, *told)
    await tell(tx, SYSTEM, change, act, state=None, **facts)
    if ending is not None:
        await tell(tx, SYSTEM, change, ending[0], state=ending[1], why=facts.get("why", ""))
