"""What is used and what it costs: statements, subscriptions, feeds, findings, usage files."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response

from tieline.platform.web import MEGABYTE, CurrentRuntime, CurrentScope, fast
from tieline.utility.usage.model import Finding, FindingFilter, FindingKind, Statement
from tieline.utility.usage.policy.words import sentence
from tieline.utility.usage.routes.common import (
    Code,
    Cursor,
    Identity,
    Limit,
    OnDay,
    OperatorCode,
    Plan,
    Words,
    file_body,
)
from tieline.utility.usage.schemas import WordsBody
from tieline.utility.usage.service import filing, looking

router = APIRouter(tags=["usage"])
LARGEST = 512 * MEGABYTE
_KEPT = 100


@router.get("/usage/statements")
async def list_statements(
    runtime: CurrentRuntime,
    scope: CurrentScope,
    *,
    operator: Code = None,
    plan: Plan = None,
    since: OnDay = None,
    until: OnDay = None,
) -> Response:
    """Each plan in each billing period: what it used and costs so far, and what is to be expected at its end."""
    async with runtime.db.snapshot() as tx:
        found = await looking.listed(tx, scope, operator=operator, plan=plan, since=since, until=until)
    return fast({"items": [_statement(one) for one in found]})


@router.get("/usage/feeds")
async def list_feeds(runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """How operators' records come in: when they were last read, and which days are missing."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await looking.feeds(tx, scope)})


@router.get("/operators/{operator}/usage")
async def list_usage(
    operator: OperatorCode,
    runtime: CurrentRuntime,
    scope: CurrentScope,
    *,
    day: OnDay = None,
    plan: Plan = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """Subscriptions by what they used in the billing period of a day (the present one), the most first."""
    async with runtime.db.snapshot() as tx:
        period = await looking.period_at(tx, scope, operator, day or runtime.clock.now().date())
        page = await looking.rows(tx, scope, operator, period, plan=plan, cursor=cursor, limit=limit)
    return fast({"first": period.first, "last": period.last, "items": page.items, "next": page.next})


@router.get("/subscriptions/{subscription_id}/usage")
async def show_usage(subscription_id: Identity, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """What a subscription used in the last three months, day by day, and what it costs in the present period."""
    async with runtime.db.snapshot() as tx:
        found = await looking.of_subscription(tx, scope, runtime.clock, subscription_id)
    return fast(
        {
            "months": found.months,
            "plan": found.plan,
            "period": found.period,
            "octets": found.member.octets if found.member else None,
            "days": found.member.days if found.member else None,
            "amounts": [{"charge": charge, "amount": amount} for charge, amount in found.amounts],
            "currency": found.contract.currency if found.contract else None,
            "findings": [_finding(one) for one in found.findings],
        }
    )


@router.post("/operators/{operator}/usage-files", status_code=201, max_body_size=LARGEST, openapi_extra=file_body())
async def take_file(operator: OperatorCode, request: Request, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Take usage in from a file, for operators without an interface; its columns are in the reference of files."""
    async with request.form(max_files=1, max_fields=10) as form:
        taken, sheet = await filing.take_usage(runtime, scope, operator, form)
    return fast(
        {
            "records": taken.records,
            "subscriptions": taken.subscriptions,
            "days": sorted(taken.days),
            "bad": sheet.bad,
            "problems": sheet.problems[:_KEPT],
        },
        status=201,
    )


# ── findings ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@router.get("/usage/findings")
async def list_findings(
    runtime: CurrentRuntime,
    scope: CurrentScope,
    *,
    kind: Annotated[list[FindingKind], Query(max_length=10)] = [],  # noqa: B006 - FastAPI copies it
    operator: Words = [],  # noqa: B006
    open: Annotated[bool | None, Query(description="Those that are still so and that nobody sees to.")] = True,  # noqa: A002
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """What stands out, the latest first."""
    wanted = FindingFilter(tuple(one.value for one in kind), tuple(operator), open)
    async with runtime.db.snapshot() as tx:
        page = await looking.finding_page(tx, scope, wanted, cursor=cursor, limit=limit)
    return fast({"items": [_finding(one) for one in page.items], "next": page.next})


@router.post("/usage/findings/{finding_id}/acknowledge")
async def acknowledge(finding_id: Identity, body: WordsBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Say that one sees to a finding."""
    async with runtime.db.transaction() as tx:
        found = await looking.acknowledge(tx, scope, runtime.clock, finding_id, words=body.words)
    return fast(_finding(found))


def _finding(one: Finding) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(one)
    return {**plain, "sentence": sentence(one)}


def _statement(one: Statement) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(one)
    return {**plain, "total": str(one.total), "forecast_total": str(one.forecast_total)}
