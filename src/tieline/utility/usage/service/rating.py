"""Rates what plans come to, period by period, and looks for what stands out.

What was rated after everything that was told of its months stands; the present period and the one before it are rated
each time, since who is on which plan changes, too.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tieline.platform import outbox
from tieline.platform.clock import Clock
from tieline.platform.db import Database, Tx
from tieline.utility.usage.model import Contract, FindingKind, Forecast, Found, Member, Period, Rated, Tariff
from tieline.utility.usage.policy import forecasting, standing_out
from tieline.utility.usage.policy.periods import before, month_before, parts, period_of, since
from tieline.utility.usage.policy.rating import chosen, rate
from tieline.utility.usage.policy.remedy import remedy
from tieline.utility.usage.service.common import bound_of, members_of
from tieline.utility.usage.service.taking import SYSTEM
from tieline.utility.usage.store import contracts, findings, statements, volumes

FOUND = "usage.found"
"""Outbox topic, for what is newly found: ``{operator, kind, finding_ids}``; kinds are those of ``FindingKind``."""
_PERIODS = 24


@dataclass(frozen=True, slots=True)
class _Plan:
    """A plan as it was rated."""

    tariff: Tariff
    members: Sequence[Member]
    rated: Rated
    forecast: Forecast | None
    daily: Sequence[int]


async def rate_operators(db: Database, clock: Clock, operator: str = "") -> None:
    """Rate what changed at one operator, or at each."""
    async with db.snapshot() as tx:
        every = await contracts.contracts(tx, SYSTEM, operator or None)
    for one in every:
        await _rate_operator(db, clock, one)


async def _rate_operator(db: Database, clock: Clock, contract: Contract) -> None:
    now = clock.now()
    today = now.astimezone(UTC).date()
    present = period_of(today, contract.billing_day)
    async with db.transaction() as tx:
        await contracts.follow(tx, contract.operator_id, today)
        await volumes.look_over(tx)
        months = await statements.months(tx, contract.operator_id)
        rated = await statements.rated(tx, contract.operator_id)
        tariffs = await contracts.tariffs(tx, contract.operator_id)
        known = await volumes.last_known(tx, contract.operator_id, present.last)
    last = before(present, contract.billing_day)
    first = min(last.first, max(months[0], today - timedelta(days=31 * _PERIODS)) if months else today)
    # What stands out is looked for in the present period, or in the last one of which anything is known.
    looked_at = period_of(known, contract.billing_day) if known is not None else None
    for period in since(first, today, contract.billing_day):
        had = rated.get(period.first)
        if period in {present, last, looked_at} or had is None or await _told_since(db, contract, period, had):
            plans = await _rate_period(db, contract, tariffs, period, now)
            if period == looked_at:
                await _stand_out(db, contract, plans, period, now)


async def _told_since(db: Database, contract: Contract, period: Period, at: datetime) -> bool:
    if contract.updated_at > at:
        return True
    async with db.snapshot() as tx:
        return await statements.told_since(tx, contract.operator_id, [part.month for part in parts(period)], at)


async def _rate_period(
    db: Database, contract: Contract, tariffs: Sequence[Tariff], period: Period, now: datetime
) -> list[_Plan]:
    """Rate every plan of an operator in a period, and keep what it came to."""
    async with db.snapshot() as tx:
        by_plan = await members_of(tx, contract.operator_id, period)
        daily = await contracts.daily(tx, contract.operator_id, bound_of(period))
        known = await volumes.last_known(tx, contract.operator_id, period.last)
    known = known if known is not None and known >= period.first else None
    plans = await asyncio.to_thread(_rated, contract, tariffs, period, by_plan, daily=daily, known=known)
    rows = [_row(contract, period, one, known, now) for one in plans]
    async with db.transaction() as tx:
        await statements.put(tx, contract.operator_id, period.first, rows)
    return plans


def _rated(
    contract: Contract,
    tariffs: Sequence[Tariff],
    period: Period,
    by_plan: dict[str, list[Member]],
    *,
    daily: dict[str, dict[date, int]],
    known: date | None,
) -> list[_Plan]:
    found = []
    for plan, members in sorted(by_plan.items()):
        tariff = chosen(tariffs, plan, period)
        if tariff is None:
            continue
        count = (known - period.first).days + 1 if known else 0
        days = [daily.get(plan, {}).get(period.first + timedelta(days=at), 0) for at in range(count)]
        ahead = None
        if count < period.days:
            ahead = forecasting.forecast(tariff, contract.octets_per_mb, members, period, days)
        rated = rate(tariff, contract.octets_per_mb, members, period)
        found.append(_Plan(tariff, members, rated, ahead, days))
    return found


def _row(contract: Contract, period: Period, one: _Plan, known: date | None, now: datetime) -> dict[str, Any]:
    rated, ahead = one.rated, one.forecast
    return {
        "plan": one.tariff.plan,
        "last": period.last,
        "currency": contract.currency,
        "members": rated.members,
        "octets": rated.octets,
        "allowance": rated.allowance,
        "beyond": rated.beyond,
        "fee": rated.fee,
        "overage": rated.overage,
        "forecast_octets": ahead.octets if ahead else None,
        "forecast_overage": ahead.rated.overage if ahead else None,
        "forecast_beyond": ahead.rated.beyond if ahead else None,
        "runs_over_on": ahead.runs_over_on if ahead else None,
        "daily": list(one.daily),
        "known_until": known,
        "rated_at": now,
    }


# ── what stands out ───────────────────────────────────────────────────────────────────────────────────────────────────


async def _stand_out(db: Database, contract: Contract, plans: Sequence[_Plan], period: Period, now: datetime) -> None:
    async with db.snapshot() as tx:
        days = [day for day in await volumes.known_days(tx, contract.operator_id) if day <= period.last]
        known = days[-1]
        begin = known - timedelta(days=contract.silent_days - 1)
        silent = await findings.silent(tx, contract.operator_id, since=begin, until=known, limit=standing_out.MOST)
        months = [month_before(known), known.replace(day=1)]
        strange = await findings.unexpected(tx, contract.operator_id, months=months, limit=standing_out.MOST)
    found = await asyncio.to_thread(_found, contract, plans, period)
    if days[0] <= begin:
        current = {one.tariff.plan: one.tariff for one in plans}
        found += standing_out.silent(contract, silent, current, period, known)
    found += standing_out.unexpected(strange, months[0])
    async with db.transaction() as tx:
        await _keep(tx, contract, found, now)


def _found(contract: Contract, plans: Sequence[_Plan], period: Period) -> list[Found]:
    tariffs = [one.tariff for one in plans]
    found: list[Found] = []
    for one in plans:
        found += standing_out.high(contract, one.tariff, one.members, tariffs, period)
        if one.forecast is None or one.forecast.runs_over_on is None:
            continue
        others = [(other.tariff, other.members) for other in plans if other is not one]
        best = remedy(one.tariff, one.members, others, contract.octets_per_mb, period)
        over = standing_out.pool(one.tariff, one.forecast, period, best)
        found += [over] if over else []
    return found


async def _keep(tx: Tx, contract: Contract, found: Sequence[Found], now: datetime) -> None:
    news = await findings.put(tx, contract.operator_id, found, now)
    for kind in FindingKind:
        ids = [row["id"] for row in news if row["kind"] == kind.value]
        if ids:
            payload = {"operator": contract.operator, "kind": kind.value, "finding_ids": ids}
            await outbox.publish(tx, FOUND, payload, key=f"operator:{contract.operator}")
