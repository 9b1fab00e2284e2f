"""The bill of a month, as the operator works it out from its own records. Pure.

It is worked out here by itself, not with what the utility checks bills by: two parties, two calculations.

A fee is for the days at whose end a subscription was alive, of the days of the month. Volume beyond the
included one counts in whole steps. Amounts are rounded to the hundredth, half up, line by line.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tieline.gateway.metering.model import Billed, Line, Terms, month_after

ALIVE = frozenset({"ACTIVE", "SUSPENDED"})
"""States in which a subscription costs its fee."""
COLUMNS = ("invoice", "period_from", "period_to", "subscription", "iccid", "msisdn", "plan", "charge", "days",
           "volume_mb", "rate", "amount", "currency")  # fmt: skip
_CENT = Decimal("0.01")
_KILO = Decimal("0.001")


def days_alive(state: str, changes: Sequence[Sequence[Any]], month: date) -> int:
    """On how many days of a month a subscription was alive, from its present state and the changes since it began.

    ``changes`` are (moment in ISO 8601, state before, state after), in order.
    """
    end = month_after(month)
    known = [(datetime.fromisoformat(at).date(), before, after) for at, before, after in changes]
    now = known[0][1] if known else state
    count, day = 0, month
    waiting = list(known)
    while day < end:
        while waiting and waiting[0][0] <= day:
            now = waiting.pop(0)[2]
        count += now in ALIVE
        day += timedelta(days=1)
    return count


def bill(subscriptions: Sequence[Billed], tariffs: Mapping[str, Terms], month: date) -> list[Line]:
    """The lines of a bill: fees first, overage by subscription, overage by pool."""
    whole = (month_after(month) - month).days
    lines: list[Line] = []
    pools: dict[str, list[Billed]] = defaultdict(list)
    for one in subscriptions:
        terms = tariffs.get(one.plan)
        if terms is None or not one.days:
            continue
        lines.append(fee(one, terms, whole))
        if terms.pooled:
            pools[one.plan].append(one)
        elif over := beyond(one.octets, _included(terms, one.days, whole), terms):
            lines.append(_overage(one, terms, over))
    for plan, members in sorted(pools.items()):
        terms = tariffs[plan]
        included = _included(terms, sum(one.days for one in members), whole)
        if over := beyond(sum(one.octets for one in members), included, terms):
            lines.append(pool(plan, terms, over))
    return lines


def _included(terms: Terms, days: int, whole: int) -> int:
    return terms.included_mb * terms.octets_per_mb * days // whole


def beyond(octets: int, included: int, terms: Terms) -> int:
    """Octets beyond the included ones, in whole steps."""
    over = max(0, octets - included)
    return -(-over // terms.step_octets) * terms.step_octets


def fee(one: Billed, terms: Terms, whole: int) -> Line:
    """The fee of a subscription in a month of ``whole`` days."""
    amount = (terms.monthly_fee * one.days / whole).quantize(_CENT, ROUND_HALF_UP)
    volume = _mb(one.octets, terms)
    return Line(one.subscription, one.iccid, one.msisdn, one.plan, "fee", one.days, volume, terms.monthly_fee, amount)


def _overage(one: Billed, terms: Terms, over: int) -> Line:
    rate, amount = terms.overage_per_mb, _price(over, terms)
    return Line(one.subscription, one.iccid, one.msisdn, one.plan, "overage", one.days, _mb(over, terms), rate, amount)


def pool(plan: str, terms: Terms, over: int) -> Line:
    """What a plan's subscriptions used together beyond what they share."""
    return Line("", "", "", plan, "pool-overage", 0, _mb(over, terms), terms.overage_per_mb, _price(over, terms))


def _price(octets: int, terms: Terms) -> Decimal:
    return (terms.overage_per_mb * octets / terms.octets_per_mb).quantize(_CENT, ROUND_HALF_UP)


def _mb(octets: int, terms: Terms) -> Decimal:
    return (Decimal(octets) / terms.octets_per_mb).quantize(_KILO, ROUND_HALF_UP)


def total(lines: Iterable[Line]) -> Decimal:
    """What a bill comes to."""
    return sum((line.amount for line in lines), Decimal())


def as_csv(number: str, month: date, lines: Sequence[Line], currency: str) -> str:
    """The file that is sent."""
    last = month_after(month) - timedelta(days=1)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for line in lines:
        names = (line.subscription, line.iccid, line.msisdn, line.plan, line.charge)
        figures = (line.days or "", f"{line.volume_mb:f}", f"{line.rate:f}", f"{line.amount:f}", currency)
        writer.writerow((number, month.isoformat(), last.isoformat(), *names, *figures))
    return text.getvalue()
