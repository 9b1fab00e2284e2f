"""Which plan would have been cheaper. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from tieline.utility.usage.model import Member, Period, Tariff
from tieline.utility.usage.policy.rating import rate

STEPS = 12
"""How many numbers of subscriptions to move are tried, each twice the one before."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """Moving the ``count`` subscriptions that use most from one plan to another saves so much in the period."""

    plan: str
    to: str
    count: int
    saving: Decimal


def cheaper_alone(
    member: Member, tariffs: Sequence[Tariff], octets_per_mb: int, period: Period
) -> tuple[Tariff, Decimal] | None:
    """The plan that would cost least for one subscription taken alone, and what it would cost; None without plans."""
    costs = [(rate(one, octets_per_mb, [replace(member, plan=one.plan)], period).total, one) for one in tariffs]
    if not costs:
        return None
    cost, tariff = min(costs, key=lambda pair: (pair[0], pair[1].plan))
    return tariff, cost


def remedy(
    tariff: Tariff,
    members: Sequence[Member],
    others: Sequence[tuple[Tariff, Sequence[Member]]],
    octets_per_mb: int,
    period: Period,
) -> Remedy | None:
    """The move to another plan that saves most, of those that were tried; None when none saves anything.

    ``others`` are the other plans with those who are on them: what a pool has left is used, too.
    """
    ranked = sorted((one for one in members if one.days), key=lambda one: (-one.octets, one.ref))
    now = rate(tariff, octets_per_mb, ranked, period).total
    best: Remedy | None = None
    for other, there in others:
        before = now + rate(other, octets_per_mb, there, period).total
        for count in _counts(len(ranked)):
            moved = [replace(one, plan=other.plan) for one in ranked[:count]]
            after = rate(tariff, octets_per_mb, ranked[count:], period).total
            after += rate(other, octets_per_mb, [*there, *moved], period).total
            if after < before and (best is None or before - after > best.saving):
                best = Remedy(tariff.plan, other.plan, count, before - after)
    return best


def _counts(most: int) -> Iterator[int]:
    count = 1
    for _ in range(STEPS):
        if count >= most:
            break
        yield count
        count *= 2
    if most:
        yield most
