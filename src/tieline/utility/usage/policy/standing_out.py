"""What stands out of usage, and why, in a form that is kept. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from tieline.utility.usage.model import Contract, FindingKind, Forecast, Found, Member, Period, Tariff
from tieline.utility.usage.policy.rating import fee_of
from tieline.utility.usage.policy.remedy import Remedy, cheaper_alone

TIMES = 5
"""A subscription stands out at so many times what its plan includes, where the tariff does not say what is usual."""
MOST = 2000
"""Findings of a kind, of an operator: more are no list but a storm."""


def bound_of(tariff: Tariff, octets_per_mb: int) -> int | None:
    """Octets of a period that a subscription of a plan is expected to stay below; None: no bound is known."""
    if tariff.usual_mb is not None:
        return tariff.usual_mb * octets_per_mb
    return tariff.included_mb * octets_per_mb * TIMES or None


def high(
    contract: Contract, tariff: Tariff, members: Iterable[Member], tariffs: Sequence[Tariff], period: Period
) -> list[Found]:
    """Subscriptions of a plan that are beyond what is usual, the worst first."""
    bound = bound_of(tariff, contract.octets_per_mb)
    if bound is None:
        return []
    ranked = sorted((one for one in members if one.octets > bound), key=lambda one: (-one.octets, one.ref))
    return [_high(contract, tariff, one, tariffs, (period, bound)) for one in ranked[:MOST]]


def _high(
    contract: Contract, tariff: Tariff, one: Member, tariffs: Sequence[Tariff], within: tuple[Period, int]
) -> Found:
    period, bound = within
    evidence: dict[str, Any] = {"octets": one.octets, "bound": bound, "first": period.first.isoformat()}
    best = cheaper_alone(one, tariffs, contract.octets_per_mb, period)
    if best is not None and best[0].plan != tariff.plan:
        evidence |= {"cheaper": best[0].plan, "cheaper_cost": str(best[1])}
    return Found(
        FindingKind.HIGH, f"high:{one.ref}:{period.first}", evidence, one.subscription_id, one.ref, tariff.plan
    )


def silent(
    contract: Contract, rows: Iterable[Mapping[str, Any]], tariffs: Mapping[str, Tariff], period: Period, until: date
) -> list[Found]:
    """Subscriptions that are paid and used nothing for as long as the contract says."""
    return [
        Found(
            FindingKind.SILENT,
            f"silent:{row['ref']}",
            {
                "last_used": row["last_used"].isoformat() if row["last_used"] else None,
                "until": until.isoformat(),
                "days": contract.silent_days,
            },
            row["subscription_id"],
            row["ref"],
            row["plan"],
            fee_of(tariffs[row["plan"]], period.days, period) if row["plan"] in tariffs else None,
        )
        for row in rows
    ]


def unexpected(rows: Iterable[Mapping[str, Any]], first: date) -> list[Found]:
    """Subscriptions that used something and should not have."""
    return [
        Found(
            FindingKind.UNEXPECTED,
            f"unexpected:{row['ref']}:{first}",
            {"octets": row["octets"], "last_day": row["last_day"].isoformat(), "state": row["state"] or ""},
            row["subscription_id"],
            row["ref"],
        )
        for row in rows
    ]


def pool(tariff: Tariff, forecast: Forecast, period: Period, best: Remedy | None) -> Found | None:
    """A pool that is used up before the period ends; None for one that lasts."""
    if not tariff.pooled or forecast.runs_over_on is None:
        return None
    cost: Decimal = forecast.rated.overage
    evidence: dict[str, Any] = {
        "on": forecast.runs_over_on.isoformat(),
        "allowance": forecast.rated.allowance,
        "octets": forecast.octets,
        "first": period.first.isoformat(),
    }
    if best is not None:
        evidence |= {"to": best.to, "count": best.count, "saving": str(best.saving)}
    return Found(FindingKind.POOL, f"pool:{tariff.plan}:{period.first}", evidence, plan=tariff.plan, cost=cost)
