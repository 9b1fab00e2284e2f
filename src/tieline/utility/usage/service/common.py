"""What the use cases share: contracts by operator, and what a period binds."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tieline.platform.db import Tx
from tieline.platform.errors import NotFound
from tieline.platform.scope import Permission, Scope
from tieline.utility.usage.model import Contract, Member, Period
from tieline.utility.usage.policy.periods import days_in, parts
from tieline.utility.usage.store import contracts
from tieline.utility.usage.store.volumes import bound_parts


async def contract_of(tx: Tx, scope: Scope, operator: str) -> Contract:
    """What holds for all plans of an operator. Raises ``NotFound``."""
    scope.require(Permission.USAGE_READ)
    found = await contracts.contracts(tx, scope, operator)
    if not found:
        raise NotFound(
            f"Nothing is known of what operator {operator} charges.",
            advice="Enter the terms of its contract first.",
        )
    return found[0]


def bound_of(period: Period) -> dict[str, Any]:
    """What a period binds in the store."""
    every = list(parts(period))
    whole = [part.low == 1 and part.high == days_in(part.month) for part in every]
    return {**bound_parts(every, whole), "first": period.first, "end": period.end}


async def members_of(
    tx: Tx, operator_id: int, period: Period, subscription_ids: Sequence[int] | None = None
) -> dict[str, list[Member]]:
    """Who was on which plan in a period, by plan; one who left a plan and came back is there once."""
    found: dict[tuple[str, str], Member] = {}
    for one in await contracts.members(tx, operator_id, bound_of(period), subscription_ids):
        had = found.get((one.plan, one.ref))
        found[one.plan, one.ref] = (
            one if had is None else replace(had, days=had.days + one.days, octets=had.octets + one.octets)
        )
    by_plan: dict[str, list[Member]] = defaultdict(list)
    for one in found.values():
        by_plan[one.plan].append(one)
    return by_plan


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the audit trail keeps them: amounts and days as text."""
    return {
        name: value if isinstance(value, str | int | bool | list | None) else str(value)
        for name, value in values.items()
    }
