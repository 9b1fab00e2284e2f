"""What a subscription used and costs, on its page."""

from datetime import UTC, datetime, time, timedelta

from tieline.console.components.figures import Chart, Series
from tieline.console.components.values import Badge, Link, Several
from tieline.utility.console.pages.usage import words
from tieline.utility.console.pages.usage.views.plans import plan_href
from tieline.utility.usage import OfSubscription, sentence

_MEGA = 10**6


def shown(found: OfSubscription, operator: str) -> tuple[tuple[str, object], ...]:
    """Its plan, what it used in the present period, what that costs, and what stands out; nothing if unknown."""
    if not found.is_known:
        return ()
    pairs: list[tuple[str, object]] = []
    if found.plan and found.period and found.contract and found.member:
        currency = found.contract.currency
        pairs = [
            ("Plan", Link(found.plan, plan_href(operator, found.plan))),
            (f"Used in {words.span(found.period)}", words.volume(found.member.octets)),
            *((words.CHARGES[charge], words.money(amount, currency)) for charge, amount in found.amounts),
        ]
        if found.tariff is not None and found.tariff.pooled:
            pairs.append(("Included", f"{found.tariff.included_mb:,} MB, shared with all of the plan"))
        elif found.tariff is not None:
            pairs.append(("Included", f"{found.tariff.included_mb:,} MB"))
    told = max((month.told_at for month in found.months), default=None)
    if told is not None:
        pairs.append(("Records came in", told))
    pairs += [
        ("Stands out", Several((_badge(one.kind.value), Link(sentence(one), f"/usage/findings/{one.id}"))))
        for one in found.findings
    ]
    return tuple(pairs)


def _badge(kind: str) -> Badge:
    return next(badge for key, badge in words.FINDINGS.items() if key.value == kind)


def chart(found: OfSubscription) -> Chart | None:
    """What it used by day in the months that are known."""
    times: list[int] = []
    values: list[float | None] = []
    for month in found.months:
        start = datetime.combine(month.month, time(12), UTC)
        for at, (up, down) in enumerate(zip(month.up, month.down, strict=True)):
            times.append(int((start + timedelta(days=at)).timestamp()))
            values.append(None if up is None or down is None else round((up + down) / _MEGA, 3))
    while values and values[-1] is None:
        values.pop()
        times.pop()
    if not values:
        return None
    return Chart("Used by day", times, (Series("Used", values),), unit="MB", height=160)
