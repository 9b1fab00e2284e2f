"""A bill with some things wrong on purpose, so that there is something to find. Pure.

Cards that are billed though they ended, a few at a dearer rate, two that are not the utility's, and the smallest pool
as if nothing were included.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from tieline.gateway.backends.simulated.faults import draw
from tieline.gateway.metering.billing import beyond, fee, pool
from tieline.gateway.metering.model import Billed, Line, Terms

_DRAW = -636
"""The place of a rule that no faults file can have."""
_SHARE, _DEARER = 0.0004, Decimal("1.25")
_ENDED, _STRANGERS = 3, 2
_CENT = Decimal("0.01")


def staged(
    lines: Sequence[Line], subscriptions: Sequence[Billed], tariffs: Mapping[str, Terms], seed: int
) -> list[Line]:
    """The lines with the errors."""
    fees = [line for line in lines if line.charge == "fee"]
    chosen = {line.subscription for line in fees if draw(seed, _DRAW, line.subscription) < _SHARE}
    chosen |= {line.subscription for line in fees[:1]}
    found = [_dearer(line) if line.charge == "fee" and line.subscription in chosen else line for line in lines]
    ended = [one for one in subscriptions if not one.days and one.plan in tariffs]
    found += [_ended(one, tariffs[one.plan]) for one in ended[:_ENDED]]
    found += [_stranger(line, place) for place, line in enumerate(fees[1 : 1 + _STRANGERS])]
    return _without_volume(found, subscriptions, tariffs)


def _dearer(line: Line) -> Line:
    rate = (line.rate * _DEARER).quantize(_CENT, ROUND_HALF_UP)
    amount = (line.amount * _DEARER).quantize(_CENT, ROUND_HALF_UP)
    names = (line.subscription, line.iccid, line.msisdn, line.plan, line.charge)
    return Line(*names, line.days, line.volume_mb, rate, amount)


def _ended(one: Billed, terms: Terms) -> Line:
    """A whole month's fee for what was not alive on any day."""
    return fee(Billed(one.subscription, one.iccid, one.msisdn, one.plan, 1, 0), terms, 1)


def _stranger(line: Line, place: int) -> Line:
    """A fee of a subscription that is not the utility's."""
    names = (f"X-{line.subscription}", "", f"88330009990{place}", line.plan, "fee")
    return Line(*names, line.days, Decimal("12.500"), line.rate, line.amount)


def _without_volume(lines: Sequence[Line], subscriptions: Sequence[Billed], tariffs: Mapping[str, Terms]) -> list[Line]:
    members: dict[str, list[Billed]] = defaultdict(list)
    for one in subscriptions:
        if one.days and one.plan in tariffs and tariffs[one.plan].pooled:
            members[one.plan].append(one)
    if not members:
        return list(lines)
    plan = min(members, key=lambda name: (len(members[name]), name))
    kept = [line for line in lines if not (line.charge == "pool-overage" and line.plan == plan)]
    octets = sum(one.octets for one in members[plan])
    return [*kept, pool(plan, tariffs[plan], beyond(octets, 0, tariffs[plan]))]
