"""Looking at usage and cost: statements, feeds, subscriptions, findings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal

from tieline.platform import audit
from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, NotFound
from tieline.platform.paging import Page, decode_key, page_of
from tieline.platform.scope import Permission, Scope
from tieline.utility import inventory
from tieline.utility.usage.model import (
    Contract,
    Feed,
    Finding,
    FindingFilter,
    Member,
    Period,
    Row,
    Statement,
    Tariff,
    Used,
)
from tieline.utility.usage.policy.periods import month_before, period_of
from tieline.utility.usage.policy.rating import chosen, due
from tieline.utility.usage.service.common import bound_of, members_of
from tieline.utility.usage.store import contracts, findings, statements, volumes

OPEN = FindingFilter()
_NEWEST = 2**63 - 1
_LONGEST = 2000


async def feeds(tx: Tx, scope: Scope) -> list[Feed]:
    """How operators' records come in."""
    scope.require(Permission.USAGE_READ)
    return await volumes.feeds(tx, scope)


async def listed(
    tx: Tx,
    scope: Scope,
    *,
    operator: str | None = None,
    plan: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> list[Statement]:
    """Statements, the latest period first."""
    scope.require(Permission.USAGE_READ)
    return await statements.some(tx, scope, operator=operator, plan=plan, since=since, until=until)


async def one_statement(tx: Tx, scope: Scope, operator: str, plan: str, day: date | None = None) -> Statement:
    """A plan in the period of a day, or in its latest one. Raises ``NotFound``."""
    found = await listed(tx, scope, operator=operator, plan=plan, since=day, until=day)
    if not found:
        raise NotFound(f"Plan {plan[:100]} of operator {operator[:32]} was not rated for that time.")
    return found[0]


async def period_at(tx: Tx, scope: Scope, operator: str, day: date) -> Period:
    """The billing period that a day lies in; a month as long as nothing is known of the operator's contract."""
    scope.require(Permission.USAGE_READ)
    held = await contracts.contracts(tx, scope, operator)
    return period_of(day, held[0].billing_day if held else 1)


async def rows(
    tx: Tx,
    scope: Scope,
    operator: str,
    period: Period,
    *,
    plan: str | None = None,
    cursor: str | None = None,
    limit: int,
) -> Page[Row]:
    """Subscriptions by what they used in a period, the most first."""
    scope.require(Permission.USAGE_READ)
    found = await inventory.operators(tx, scope, operator)
    if not found:
        raise NotFound(f"There is no operator {operator}, or you may not see it.")
    key = decode_key(cursor, int, str) if cursor else None
    after = (key[0], key[1]) if key else None
    every = await volumes.page(tx, scope, found[0].id, bound_of(period), plan=plan, after=after, limit=limit + 1)
    return page_of(every, limit, lambda one: (one.octets, one.ref))


@dataclass(slots=True)
class OfSubscription:
    """What a subscription used and cost lately: its months, its plan, and what stands out."""

    months: Sequence[Used]
    contract: Contract | None
    period: Period | None
    findings: Sequence[Finding]
    plan: str | None = None
    tariff: Tariff | None = None
    member: Member | None = None
    amounts: Sequence[tuple[str, Decimal]] = ()

    @property
    def is_known(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.months) or self.plan is not None


async def of_subscription(tx: Tx, scope: Scope, clock: Clock, subscription_id: int) -> OfSubscription:
    """What a subscription used and cost lately. Raises ``NotFound`` for one that the asker may not see."""
    scope.require(Permission.USAGE_READ)
    rows = await inventory.subscriptions(tx, scope, [subscription_id])
    if not rows:
        raise NotFound(f"There is no subscription {subscription_id}, or you may not see it.")
    today = clock.now().astimezone(UTC).date()
    first = today.replace(day=1)
    months = [first, month_before(first), month_before(month_before(first))]
    used = await volumes.of_subscription(tx, scope, subscription_id, months)
    held = await contracts.contracts(tx, scope, rows[0].operator_code)
    contract = held[0] if held else None
    period = period_of(today, contract.billing_day) if contract else None
    shown = OfSubscription(used, contract, period, await findings.of_subscription(tx, scope, subscription_id))
    if contract is not None and period is not None:
        await _priced(tx, shown, contract, period, subscription_id)
    return shown


async def _priced(tx: Tx, shown: OfSubscription, contract: Contract, period: Period, subscription_id: int) -> None:
    by_plan = await members_of(tx, contract.operator_id, period, [subscription_id])
    every = [one for members in by_plan.values() for one in members]
    if not every:
        return
    shown.member = member = max(every, key=lambda one: one.days)
    shown.plan = member.plan
    shown.tariff = tariff = chosen(await contracts.tariffs(tx, contract.operator_id), member.plan, period)
    if tariff is not None:
        shown.amounts = [
            (one.charge.value, one.amount) for one in due(tariff, contract.octets_per_mb, [member], period) if one.ref
        ]


# ── findings ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def finding_page(
    tx: Tx, scope: Scope, wanted: FindingFilter = OPEN, *, cursor: str | None = None, limit: int = 50
) -> Page[Finding]:
    """What stands out, the latest first."""
    scope.require(Permission.USAGE_READ)
    before = decode_key(cursor, int)[0] if cursor else _NEWEST
    found = await findings.page(tx, scope, wanted, before=before, limit=limit + 1)
    return page_of(found, limit, lambda one: (one.id,))


async def one_finding(tx: Tx, scope: Scope, finding_id: int) -> Finding:
    """A finding. Raises ``NotFound``."""
    scope.require(Permission.USAGE_READ)
    found = await findings.one(tx, scope, finding_id)
    if found is None:
        raise NotFound(f"There is no finding {finding_id}, or you may not see it.")
    return found


async def finding_counts(tx: Tx, scope: Scope, wanted: FindingFilter = OPEN) -> dict[str, int]:
    """How many findings there are, by kind."""
    scope.require(Permission.USAGE_READ)
    return await findings.counts(tx, scope, wanted)


async def acknowledge(tx: Tx, scope: Scope, clock: Clock, finding_id: int, *, words: str) -> Finding:
    """Say that one sees to a finding. Raises ``NotFound``, or ``Conflict`` when somebody does already."""
    scope.require(Permission.USAGE_WRITE)
    had = await one_finding(tx, scope, finding_id)
    said = words.strip()[:_LONGEST]
    if not await findings.acknowledge(tx, scope, finding_id, words=said, at=clock.now()):
        raise Conflict("Somebody sees to it already.")
    detail = {"kind": had.kind.value, "ref": had.ref, "plan": had.plan, "words": said}
    await audit.append(tx, scope, audit.Entry("usage.finding-acknowledged", f"usage-finding:{finding_id}", detail))
    return await one_finding(tx, scope, finding_id)
