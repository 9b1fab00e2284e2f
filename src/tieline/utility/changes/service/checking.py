"""The dry run at the operators: what each would say to every planned item, asked before anybody approves."""

from collections.abc import Mapping, Sequence

from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, NotFound
from tieline.platform.scope import Permission, Scope
from tieline.platform.wiring import Runtime
from tieline.utility.changes.driver.results import wanted
from tieline.utility.changes.model import ChangeState
from tieline.utility.changes.service.deciding import check_touchable
from tieline.utility.changes.service.telling import tell
from tieline.utility.changes.store import changes as store
from tieline.utility.changes.store import checking
from tieline.utility.connectors import Batch, ConnectorError, Lines, Operation, Verdict

_CHECKABLE = frozenset({ChangeState.PLANNED, ChangeState.SUBMITTED, ChangeState.APPROVED})


async def request(tx: Tx, scope: Scope, change_id: int) -> Mapping[str, int]:
    """Ask for a dry run; returns the operators that will be asked, and how many items each is asked about."""
    scope.require(Permission.CHANGE_PLAN)
    change = await store.get(tx, change_id, lock=True)
    if change.state not in _CHECKABLE:
        raise Conflict(f"A change that is {change.state.value} cannot be tried at the operators.")
    await check_touchable(tx, scope, change)
    operators = await checking.operators(tx, change_id)
    await tell(tx, scope, change, "dry-run", operators=operators)
    return operators


async def check(runtime: Runtime, lines: Lines, scope: Scope, change_id: int, operator: str) -> None:
    """Try every planned item at one operator. Verdicts become notes of the items; the plan's hash is not touched."""
    try:
        line = await lines.get(operator)
    except NotFound as error:
        await _end(runtime, scope, change_id, operator, why=error.detail)
        return
    if not line.capabilities.validates:
        await _end(runtime, scope, change_id, operator, why="This operator has no dry run.")
        return
    asked = refused = after = 0
    while True:
        async with runtime.db.transaction() as tx:
            rows = await checking.planned(tx, change_id, operator, after=after, limit=line.capabilities.max_batch)
        if not rows:
            break
        operations = tuple(Operation(str(row["id"]), row["ref"], wanted(row["desired"])) for row in rows)
        try:
            verdicts = await line.validate(Batch(f"Change {change_id}: dry run", operations))
        except ConnectorError as error:
            await _end(runtime, scope, change_id, operator, why=error.detail, asked=asked, refused=refused)
            return
        refusals = _refusals(verdicts, operator)
        async with runtime.db.transaction() as tx:
            await checking.note(tx, [row["id"] for row in rows], refusals)
        asked, refused, after = asked + len(rows), refused + len(refusals), rows[-1]["position"]
    await _end(runtime, scope, change_id, operator, why="", asked=asked, refused=refused)


def _refusals(verdicts: Sequence[Verdict], operator: str) -> dict[int, str]:
    return {
        int(verdict.id): f"Operator {operator} would refuse: {verdict.message or verdict.code}"
        for verdict in verdicts
        if not verdict.accepted
    }


async def _end(
    runtime: Runtime, scope: Scope, change_id: int, operator: str, *, why: str, asked: int = 0, refused: int = 0
) -> None:
    async with runtime.db.transaction() as tx:
        change = await store.get(tx, change_id)
        facts = {"operator": operator, "asked": asked, "refused": refused, **({"why": why} if why else {})}
        await tell(tx, scope, change, "dry-run-done", state=None, **facts)
