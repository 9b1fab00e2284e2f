"""Work of changes that is done apart from requests: planning, dry runs, watching over emergency changes."""

from typing import Any

import msgspec

from tieline.platform import outbox
from tieline.platform.db import Tx
from tieline.platform.jobs import job
from tieline.platform.scope import Permission, Scope, system
from tieline.platform.wiring import Runtime
from tieline.utility.changes.service import checking, outcomes, planning, timing
from tieline.utility.changes.service.telling import tell
from tieline.utility.changes.store import changes as store
from tieline.utility.connectors import lines_of

LANE = "changes"


class Plan(msgspec.Struct):
    """Which version of which change's plan to make."""

    change_id: int
    version: int


class Check(msgspec.Struct):
    """Which change to try at which operator, and on whose word."""

    change_id: int
    operator: str
    actor: str


class Nothing(msgspec.Struct):
    """A job that needs to be told nothing."""


@job("changes.plan", lane=LANE)
async def make_plan(runtime: Runtime, payload: Plan) -> None:
    """Make a version of a plan."""
    await planning.make(runtime, lines_of(runtime), payload.change_id, payload.version)


@job("changes.check", lane=LANE)
async def check(runtime: Runtime, payload: Check) -> None:
    """Try a change at an operator."""
    scope = Scope(payload.actor, frozenset({Permission.CHANGE_PLAN}))
    await checking.check(runtime, lines_of(runtime), scope, payload.change_id, payload.operator)


@job("changes.windows", lane=LANE, cron="* * * * *")
async def open_windows(runtime: Runtime, _payload: Nothing) -> None:
    """Work out the next opening of every window that recurs."""
    await timing.settle_all(runtime.db, runtime.clock)


@job("changes.outcomes", lane=LANE, cron="*/5 * * * *")
async def count_outcomes(runtime: Runtime, _payload: Nothing) -> None:
    """Count what came of changes that ended before anything counted it."""
    async with runtime.db.transaction() as tx:
        await outcomes.count_missing(tx)


@job("changes.overdue", lane=LANE, cron="*/5 * * * *")
async def tell_overdue(runtime: Runtime, _payload: Nothing) -> None:
    """Say of emergency changes that nobody approved them in time."""
    async with runtime.db.transaction() as tx:
        for change_id in await store.overdue(tx, runtime.clock.now()):
            change = await store.get(tx, change_id)
            await outbox.publish(tx, "change.approval-overdue", {"change_id": change_id}, key=f"change:{change_id}")
            await tell(tx, system("changes"), change, "approval-overdue")


async def defer_plan(tx: Tx, change_id: int, version: int) -> None:
    """Have a version of a plan made."""
    await make_plan.defer(tx, Plan(change_id, version))


async def defer_checks(tx: Tx, scope: Scope, change_id: int, operators: Any) -> None:
    """Have a change tried at some operators, each in a lane of its own."""
    for code in operators:
        await check.defer(
            tx, Check(change_id, code, scope.actor), lane=f"{LANE}.{code}", once=f"check-{change_id}-{code}"
        )


JOBS: tuple[Any, ...] = (make_plan, check, open_windows, count_outcomes, tell_overdue)
