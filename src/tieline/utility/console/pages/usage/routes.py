"""Routes of usage and cost: the overview, a plan, subscriptions, findings; bills and contracts stand beside."""

from datetime import UTC, date
from typing import Annotated

from fastapi import Query, Response

from tieline.console.components.frame import PageHead
from tieline.platform.db import Tx
from tieline.platform.errors import NotFound
from tieline.platform.web.values import FIRST_YEAR, LAST_YEAR
from tieline.utility import inventory, usage
from tieline.utility.console.filters import pairs_of
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.parts import lists
from tieline.utility.console.pages.usage import billing, terms, words
from tieline.utility.console.pages.usage.views import plans, rows
from tieline.utility.usage import FindingFilter, Period, Statement

router = pages()
router.include_router(billing.router)
router.include_router(terms.router)
_TEMPLATES = "pages/usage/templates"
_CURRENT = "usage"
_MONTHS = 12
_DAYS = 92
Day = Annotated[date | None, Query()]


@router.get("/usage")
async def overview(page: CurrentPage) -> Response:
    """What plans come to in a period, months side by side, and how records come in."""
    pairs = pairs_of(page.request.url.query)
    async with page.db.snapshot() as tx:
        every = await usage.statements(tx, page.scope)
        feeds = await usage.feeds(tx, page.scope)
        findings = sum((await usage.finding_counts(tx, page.scope)).values())
        bills = (await usage.bill_page(tx, page.scope, limit=200)).items
        operators = {one.code: one.name for one in await inventory.operators(tx, page.scope)}
    codes = {value for key, value in pairs if key == "operator"}
    asked = next((value for key, value in pairs if key == "period"), "")
    within = [one for one in every if not codes or one.operator in codes]
    shown = _period(within, asked)
    undecided = sum(one.state is usage.BillState.CHECKED for one in bills)
    recent = [one for one in within if (within[0].last - one.last).days < _DAYS] if within else []
    return await page.show(
        f"{_TEMPLATES}/overview.html",
        current=_CURRENT,
        head=plans.head(shown, findings, page.scope),
        bar=plans.filters(page.url, periods_of(every), operators),
        figures=plans.figures(shown, findings, undecided) if shown else (),
        table=plans.table(shown, filtered=bool(codes or asked), scope=page.scope),
        chart=plans.chart(recent),
        months=plans.months(within, bills),
        feeds=plans.feeds(feeds, page.now),
    )


def periods_of(every: list[Statement]) -> list[Period]:
    """The periods there are, the latest first."""
    return sorted({one.period for one in every}, reverse=True)[:_MONTHS]


def _period(every: list[Statement], asked: str) -> list[Statement]:
    """The statements of the period that is asked for, or of the latest one of each operator."""
    if asked:
        return [one for one in every if one.first.isoformat() == asked]
    latest: dict[str, date] = {}
    for one in every:
        latest[one.operator] = max(one.first, latest.get(one.operator, one.first))
    return [one for one in every if one.first == latest[one.operator]]


@router.get("/usage/plans/{operator}/{plan:path}")
async def plan_page(page: CurrentPage, operator: str, plan: str, day: Day = None) -> Response:
    """A plan in a period: how far what is included has got, what it costs, who uses most of it."""
    async with page.db.snapshot() as tx:
        one = await usage.statement(tx, page.scope, operator, plan, day)
        every = await usage.statements(tx, page.scope, operator=operator, plan=plan)
        contract = next(iter([k for k in await usage.contracts(tx, page.scope) if k.operator == operator]), None)
        tariffs = await usage.tariffs(tx, page.scope, operator)
        found = await usage.rows(tx, page.scope, operator, one.period, plan=plan, limit=20)
    known = [each for each in tariffs if each.plan == plan and each.valid_from <= one.last]
    octets = contract.octets_per_mb if contract else 1_000_000
    return await page.show(
        f"{_TEMPLATES}/plan.html",
        current=_CURRENT,
        head=plans.plan_head(one, page.scope),
        figures=plans.plan_figures(one),
        chart=plans.plan_chart(one),
        terms=plans.tariff(known[-1] if known else None, one.currency, octets),
        most=rows.table(found, None, narrowed=False),
        all_href=plans.rows_href(operator, plan, one.first),
        months=plans.months(every, ()),
    )


@router.get("/usage/subscriptions")
async def subscriptions(page: CurrentPage) -> Response:
    """Subscriptions by what they used in a period."""
    chosen = {key: value for key, value in pairs_of(page.request.url.query) if value}
    async with page.db.snapshot() as tx:
        operators = {one.code: one.name for one in await inventory.operators(tx, page.scope)}
        code = chosen.get("operator") or next(iter(operators), "")
        if code not in operators:
            raise NotFound(f"There is no operator {code[:32]}, or you may not see it.")
        every = await usage.statements(tx, page.scope, operator=code)
        period = await _asked_period(tx, page, code, chosen.get("day", ""))
        found = await usage.rows(
            tx,
            page.scope,
            code,
            period,
            plan=chosen.get("plan"),
            cursor=lists.cursor_of(page.url),
            limit=lists.ROWS,
        )
    known = sorted({one.plan for one in every})
    shown = {**chosen, "operator": code, "day": period.first.isoformat()}
    head = PageHead(
        f"What subscriptions of {operators[code]} used",
        f"{words.span(period)}, what used most first.",
        (plans.HOME,),
        tabs=words.tabs("subscriptions"),
    )
    return await page.show(
        "pages/parts/list.html",
        current=_CURRENT,
        head=head,
        bar=rows.filters(page.url, shown, operators, plans=known, periods=periods_of(every)),
        table=rows.table(found, lists.paging(page.url, found, "subscription"), narrowed=bool(chosen.get("plan"))),
    )


async def _asked_period(tx: Tx, page: Page, operator: str, text: str) -> Period:
    """The billing period of the day that the URL holds; of today for what is none."""
    try:
        day = date.fromisoformat(text)
        day = day if FIRST_YEAR <= day.year <= LAST_YEAR else page.now.astimezone(UTC).date()
    except ValueError:
        day = page.now.astimezone(UTC).date()
    return await usage.period_at(tx, page.scope, operator, day)


# ── findings ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@router.get("/usage/findings")
async def findings(page: CurrentPage) -> Response:
    """What stands out."""
    pairs = pairs_of(page.request.url.query)
    every = ("all", "1") in pairs
    wanted = FindingFilter(
        tuple(value for key, value in pairs if key == "kind"),
        tuple(value for key, value in pairs if key == "operator"),
        None if every else True,
    )
    async with page.db.snapshot() as tx:
        found = await usage.finding_page(tx, page.scope, wanted, cursor=lists.cursor_of(page.url), limit=lists.ROWS)
        counts = await usage.finding_counts(tx, page.scope)
        operators = {one.code: one.name for one in await inventory.operators(tx, page.scope)}
    filtered = any(key in {"kind", "operator", "all"} for key, _ in pairs)
    return await page.show(
        "pages/parts/list.html",
        current=_CURRENT,
        head=rows.findings_head(counts),
        bar=rows.finding_filters(page.url, operators, counts),
        table=rows.findings(found, lists.paging(page.url, found, "finding"), filtered=filtered),
    )


@router.get("/usage/findings/{finding_id}")
async def finding(page: CurrentPage, finding_id: int) -> Response:
    """One finding, with its evidence."""
    async with page.db.snapshot() as tx:
        one = await usage.one_finding(tx, page.scope, finding_id)
    waits = one.acknowledged_at is None and one.gone_at is None
    return await page.show(
        f"{_TEMPLATES}/finding.html",
        current=_CURRENT,
        head=rows.finding_head(one, page.scope),
        facts=rows.finding_facts(one),
        question=rows.question(one, page.csrf_token) if waits else None,
    )


@router.post("/usage/findings/{finding_id}/acknowledge")
async def acknowledge(page: CurrentPage, finding_id: int) -> Response:
    """Say that one sees to it."""
    typed = await page.form()
    async with page.db.transaction() as tx:
        clock = page.runtime.clock
        await usage.acknowledge(tx, page.scope, clock, finding_id, words=str(typed.get("reason", "")))
    return page.redirect(f"/usage/findings/{finding_id}")
