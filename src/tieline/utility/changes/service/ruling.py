"""What rules over changes: policies of standard changes, approved beforehand, and holds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow

from tieline.platform import audit
from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from tieline.platform.scope import Permission, Scope
from tieline.utility import inventory
from tieline.utility.changes.kinds import KINDS
from tieline.utility.changes.policy.approval import Person, check_decider
from tieline.utility.changes.store import extras


async def policies(tx: Tx, scope: Scope) -> list[DictRow]:
    """Every policy of standard changes."""
    scope.require(Permission.CHANGE_READ)
    return await extras.policies(tx)


async def make_policy(tx: Tx, scope: Scope, *, name: str, kind: str, max_items: int, critical_sites: bool) -> DictRow:
    """Propose a policy; it is in force once somebody else has approved it."""
    scope.require(Permission.CHANGE_PLAN)
    KINDS.get(kind)
    values = {"name": name, "kind": kind, "max_items": max_items, "critical_sites": critical_sites}
    made = await extras.add_policy(tx, scope, values)
    if made is None:
        raise Conflict(f"There is a policy called {name} already.")
    await audit.append(tx, scope, audit.Entry("policy.proposed", f"policy:{made}", values))
    return await extras.policy(tx, made)


async def approve_policy(tx: Tx, scope: Scope, clock: Clock, policy_id: int) -> DictRow:
    """Put a policy of somebody else in force."""
    scope.require(Permission.CHANGE_APPROVE)
    row = await extras.policy(tx, policy_id, lock=True)
    check_decider(Person(scope.actor, scope.user_id), (Person(row["created_by"], row["created_by_user"]),))
    if row["approved_at"] is not None or row["retired_at"] is not None:
        raise Conflict(f"The policy {row['name']} has been decided on.")
    await extras.approve_policy(tx, scope, policy_id, clock.now())
    await audit.append(tx, scope, audit.Entry("policy.approved", f"policy:{policy_id}", {"name": row["name"]}))
    return await extras.policy(tx, policy_id)


async def retire_policy(tx: Tx, scope: Scope, clock: Clock, policy_id: int) -> DictRow:
    """Take a policy out of force; whoever may approve one may."""
    scope.require(Permission.CHANGE_APPROVE)
    row = await extras.policy(tx, policy_id, lock=True)
    if row["retired_at"] is not None:
        raise Conflict(f"The policy {row['name']} is out of force already.")
    await extras.retire_policy(tx, policy_id, clock.now())
    await audit.append(tx, scope, audit.Entry("policy.retired", f"policy:{policy_id}", {"name": row["name"]}))
    return await extras.policy(tx, policy_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Holds back everything but emergency changes: everywhere, at one operator, in one region, or both together."""

    reason: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    operator: str | None = None
    region: str | None = None


async def holds(tx: Tx, scope: Scope, clock: Clock, *, only_live: bool = False) -> list[DictRow]:
    """Holds, the newest first."""
    scope.require(Permission.CHANGE_READ)
    return await extras.holds(tx, only_live=only_live, now=clock.now())


async def make_hold(tx: Tx, scope: Scope, clock: Clock, hold: Hold) -> int:
    """Hold back everything but emergency changes; what is at the operators is finished."""
    scope.require(Permission.CHANGE_RUN)
    starts = hold.starts_at or clock.now()
    if any(moment is not None and moment.tzinfo is None for moment in (starts, hold.ends_at)):
        raise Invalid("Say in which time zone.", [Problem("starts_at", "time-zone", "With a time zone.")])
    if hold.ends_at is not None and hold.ends_at <= starts:
        raise Invalid("A hold ends after it starts.", [Problem("ends_at", "order", "Later than its start.")])
    if hold.operator is not None and not await inventory.operators(tx, scope, hold.operator):
        raise NotFound(f"There is no operator {hold.operator}.")
    _check_reach(scope, hold.operator, hold.region)
    values: dict[str, Any] = {
        "reason": hold.reason,
        "operator": hold.operator,
        "region": hold.region,
        "starts_at": starts,
        "ends_at": hold.ends_at,
    }
    made = await extras.add_hold(tx, scope, values)
    await audit.append(tx, scope, audit.Entry("hold.made", f"hold:{made}", values))
    return made


def _check_reach(scope: Scope, operator: str | None, region: str | None) -> None:
    """Raise ``Forbidden`` for a hold that reaches beyond what somebody may touch."""
    everywhere = scope.regions is not None and region not in scope.regions
    everybody = scope.operators is not None and operator not in scope.operators
    if everywhere or everybody:
        raise Forbidden("This hold reaches beyond your regions or operators.", advice="Name yours.")


async def lift_hold(tx: Tx, scope: Scope, clock: Clock, hold_id: int) -> None:
    """End a hold."""
    scope.require(Permission.CHANGE_RUN)
    row = await extras.hold(tx, hold_id)
    if row is None:
        raise NotFound(f"There is no hold {hold_id} that lives.")
    _check_reach(scope, row["operator"], row["region"])
    await extras.lift_hold(tx, scope, hold_id, clock.now())
    await audit.append(tx, scope, audit.Entry("hold.lifted", f"hold:{hold_id}", {}))
