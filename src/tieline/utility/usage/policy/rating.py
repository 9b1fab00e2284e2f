"""What a plan comes to: fees, included volume, overage. Pure.

Fees are rounded to the hundredth, half up, for each subscription, as bills do it, so that a plan's fee is the sum of
them. Included volume is rounded down to whole octets, volume beyond it up to whole steps, and its price half up.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from tieline.utility.usage.model import CENT, ZERO, Charge, Expected, Member, Period, Rated, Tariff


def fee_of(tariff: Tariff, days: int, period: Period) -> Decimal:
    """The fee of a subscription that was on a plan on some days of a period."""
    if not days:
        return ZERO
    share = Decimal(days) / period.days if tariff.prorated else Decimal(1)
    return (tariff.monthly_fee * share).quantize(CENT, ROUND_HALF_UP)


def allowance_of(tariff: Tariff, octets_per_mb: int, days: int, members: int, period: Period) -> int:
    """Octets that are included for some subscriptions that make so many days together."""
    whole = tariff.included_mb * octets_per_mb
    return whole * days // period.days if tariff.prorated else whole * members


def beyond(octets: int, allowance: int, step: int) -> int:
    """Octets beyond an allowance, in whole steps."""
    over = max(0, octets - allowance)
    return -(-over // step) * step


def price(tariff: Tariff, octets_per_mb: int, octets: int) -> Decimal:
    """What volume beyond the included one costs."""
    return (tariff.overage_per_mb * octets / octets_per_mb).quantize(CENT, ROUND_HALF_UP)


def due(tariff: Tariff, octets_per_mb: int, members: Sequence[Member], period: Period) -> Iterator[Expected]:
    """Every amount that is due for a plan, none of them zero but fees."""
    alive = [one for one in members if one.days]
    for one in alive:
        fee = fee_of(tariff, one.days, period)
        yield Expected(one.ref, one.plan, Charge.FEE, fee, tariff.monthly_fee, one.days, one.octets)
    if not tariff.pooled:
        for one in alive:
            included = allowance_of(tariff, octets_per_mb, one.days, 1, period)
            if over := beyond(one.octets, included, tariff.step_octets):
                amount = price(tariff, octets_per_mb, over)
                yield Expected(one.ref, one.plan, Charge.OVERAGE, amount, tariff.overage_per_mb, one.days, over)
        return
    days = sum(one.days for one in alive)
    included = allowance_of(tariff, octets_per_mb, days, len(alive), period)
    if over := beyond(sum(one.octets for one in alive), included, tariff.step_octets):
        amount = price(tariff, octets_per_mb, over)
        yield Expected("", tariff.plan, Charge.POOL, amount, tariff.overage_per_mb, 0, over)


def rate(tariff: Tariff, octets_per_mb: int, members: Sequence[Member], period: Period) -> Rated:
    """What a plan comes to."""
    alive = [one for one in members if one.days]
    fee = overage = ZERO
    over = 0
    for one in due(tariff, octets_per_mb, alive, period):
        if one.charge is Charge.FEE:
            fee += one.amount
        else:
            overage += one.amount
            over += one.octets
    return Rated(
        members=len(alive),
        octets=sum(one.octets for one in alive),
        allowance=_allowance(tariff, octets_per_mb, alive, period),
        beyond=over,
        fee=fee,
        overage=overage,
    )


def owed(
    tariffs: Sequence[Tariff], octets_per_mb: int, by_plan: Mapping[str, Sequence[Member]], period: Period
) -> Iterator[Expected]:
    """Every amount that is due to an operator in a period; for a plan without a tariff nothing is."""
    for plan, members in by_plan.items():
        tariff = chosen(tariffs, plan, period)
        if tariff is not None:
            yield from due(tariff, octets_per_mb, members, period)


def _allowance(tariff: Tariff, octets_per_mb: int, alive: Sequence[Member], period: Period) -> int:
    if tariff.pooled:
        return allowance_of(tariff, octets_per_mb, sum(one.days for one in alive), len(alive), period)
    return sum(allowance_of(tariff, octets_per_mb, one.days, 1, period) for one in alive)


def chosen(tariffs: Sequence[Tariff], plan: str, period: Period) -> Tariff | None:
    """The tariff of a plan that counts for a period: the one valid on its first day, else on any of its days."""
    of_plan = sorted((one for one in tariffs if one.plan == plan), key=lambda one: one.valid_from)
    on_first = [one for one in of_plan if one.holds_on(period.first)]
    within = [one for one in of_plan if period.first <= one.valid_from <= period.last]
    return next(iter(on_first[-1:] or within[:1]), None)
