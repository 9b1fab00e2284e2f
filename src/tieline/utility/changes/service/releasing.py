"""Items that wait for something outside: released once it has happened, or let go because it will not."""

from collections.abc import Sequence

from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict
from tieline.platform.scope import Permission, Scope
from tieline.utility.changes.model import ChangeState
from tieline.utility.changes.service.deciding import check_touchable
from tieline.utility.changes.service.planning import give_back_unused
from tieline.utility.changes.service.telling import tell
from tieline.utility.changes.store import changes as store
from tieline.utility.changes.store import lanes

_GOES_ON = frozenset({ChangeState.RUNNING, ChangeState.PAUSED})


async def release(tx: Tx, scope: Scope, change_id: int, source_ids: Sequence[int], *, why: str) -> int:
    """Let the waiting items of some selected subscriptions go out; returns how many there were.

    ``why`` says what has happened. What was released before stays so; releasing twice is no error. Raises ``Conflict``
    while the change does not run: what is not approved and started cannot be released.
    """
    scope.require(Permission.CHANGE_RUN)
    change = await store.get(tx, change_id, lock=True)
    if change.state not in _GOES_ON:
        raise Conflict(f"A change that is {change.state.value} releases nothing.", advice="Start it first.")
    await check_touchable(tx, scope, change)
    released = await lanes.release(tx, change_id, source_ids)
    if released:
        await tell(tx, scope, change, "released", items=released, sources=list(source_ids)[:100], why=why)
    return released


async def let_go(
    tx: Tx, scope: Scope, clock: Clock, change_id: int, source_ids: Sequence[int] | None, *, why: str
) -> int:
    """Cancel waiting items that will not be released any more (None: all that wait); returns how many.

    A change in which nothing is left to do is completed by its driver.
    """
    scope.require(Permission.CHANGE_RUN)
    change = await store.get(tx, change_id, lock=True)
    if change.state not in _GOES_ON:
        return 0
    await check_touchable(tx, scope, change)
    gone = await lanes.let_go(tx, change_id, source_ids, why, clock.now())
    if gone:
        await give_back_unused(tx, scope, change_id)
        await tell(tx, scope, change, "let-go", items=gone, why=why)
    return gone
