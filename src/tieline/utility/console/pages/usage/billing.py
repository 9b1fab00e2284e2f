"""Bills: the list, taking one in, one with its verdicts and lines, and what is decided."""

from fastapi import Response
from fastapi.responses import StreamingResponse

from tieline.platform.errors import Conflict, Invalid, NotFound, TielineError, TooLarge
from tieline.platform.scope import Permission
from tieline.platform.web import MEGABYTE
from tieline.utility import inventory, usage
from tieline.utility.console.filters import pairs_of
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.parts import lists
from tieline.utility.console.pages.usage.views import bills
from tieline.utility.usage import BillState, Verdict

router = pages()
LARGEST = 256 * MEGABYTE
_TEMPLATES = "pages/usage/templates"
_CURRENT = "usage"


@router.get("/usage/bills")
async def listed(page: CurrentPage) -> Response:
    """The list."""
    pairs = pairs_of(page.request.url.query)
    states = [value for key, value in pairs if key == "state"]
    codes = [value for key, value in pairs if key == "operator"]
    async with page.db.snapshot() as tx:
        found = await usage.bill_page(
            tx, page.scope, operators=codes, states=states, cursor=lists.cursor_of(page.url), limit=lists.ROWS
        )
        operators = {one.code: one.name for one in await inventory.operators(tx, page.scope)}
    table = bills.table(found, lists.paging(page.url, found, "bill"), page.scope, filtered=bool(states or codes))
    return await page.show(
        "pages/parts/list.html",
        current=_CURRENT,
        head=bills.head(page.scope),
        bar=bills.filters(page.url, operators),
        table=table,
    )


@router.get("/usage/bills/new")
async def new(page: CurrentPage) -> Response:
    """Where a bill's file is dropped."""
    page.scope.require(Permission.USAGE_WRITE)
    return await _new(page, "")


async def _new(page: Page, chosen: str, error: str = "") -> Response:
    async with page.db.snapshot() as tx:
        known = await usage.contracts(tx, page.scope)
    operators = {one.operator: one.operator_name for one in known}
    return await page.show(
        f"{_TEMPLATES}/bill_new.html",
        current=_CURRENT,
        head=bills.new_head(),
        status=422 if error else 200,
        known=bool(operators),
        field=bills.operator_field(operators, chosen),
        drop=bills.drop(error),
    )


@router.post("/usage/bills", max_body_size=LARGEST)
async def receive(page: CurrentPage) -> Response:
    """Take a bill in."""
    page.scope.require(Permission.USAGE_WRITE)
    typed = await page.form(fields=10, files=1)
    operator = str(typed.get("operator", ""))
    try:
        bill_id = await usage.receive_bill(page.runtime, page.scope, operator, typed)
    except (Invalid, TooLarge, Conflict, NotFound) as error:
        return await _new(page, operator, _said(error))
    return page.redirect(f"/usage/bills/{bill_id}")


def _said(error: TielineError) -> str:
    problems = error.problems if isinstance(error, Invalid) else ()
    return bills.texts([error.detail, error.advice or "", *(one.message for one in problems[:5])])


@router.get("/usage/bills/{bill_id}")
async def one(page: CurrentPage, bill_id: int) -> Response:
    """A bill: what it claims against what is due."""
    async with page.db.snapshot() as tx:
        bill = await usage.one_bill(tx, page.scope, bill_id)
        wrong = [verdict.value for verdict in Verdict if verdict is not Verdict.EXPLAINED]
        found = await usage.bill_lines(tx, page.scope, bill_id, verdicts=wrong, limit=50)
    waits = bill.state is BillState.RECEIVED
    query = "&".join(f"verdict={name}" for name in wrong)
    return await page.show(
        f"{_TEMPLATES}/bill.html",
        current=_CURRENT,
        head=bills.bill_head(bill, page.scope),
        waits=waits,
        figures=() if waits else bills.figures(bill),
        verdicts=bills.verdicts(bill),
        facts=bills.facts(bill),
        problems=bills.problems(bill),
        wrong=bills.lines(bill, found, lists.paging(page.url, found, "line"), filtered=True) if found.items else None,
        wrong_href=f"/usage/bills/{bill_id}/lines?{query}",
        questions=bills.questions(bill, page.csrf_token),
    )


@router.get("/usage/bills/{bill_id}/lines")
async def lines(page: CurrentPage, bill_id: int) -> Response:
    """Lines with their verdicts."""
    pairs = pairs_of(page.request.url.query)
    wanted = [value for key, value in pairs if key == "verdict" and value in set(Verdict)]
    text = next((value.strip().replace("\0", "") for key, value in pairs if key == "q"), "")
    async with page.db.snapshot() as tx:
        bill = await usage.one_bill(tx, page.scope, bill_id)
        found = await usage.bill_lines(
            tx, page.scope, bill_id, verdicts=wanted, text=text, cursor=lists.cursor_of(page.url), limit=lists.ROWS
        )
    table = bills.lines(bill, found, lists.paging(page.url, found, "line"), filtered=bool(wanted or text))
    return await page.show(
        "pages/parts/list.html",
        current=_CURRENT,
        head=bills.lines_head(bill),
        bar=bills.line_filters(page.url, bill),
        table=table,
    )


@router.get("/usage/bills/{bill_id}/dispute.csv")
async def dispute_file(page: CurrentPage, bill_id: int) -> Response:
    """Every line that is not explained, as a file for the operator."""
    async with page.db.snapshot() as tx:
        bill = await usage.one_bill(tx, page.scope, bill_id)
    headers = {
        "Content-Disposition": f'attachment; filename="dispute-{bill.id}.csv"',
        "Cache-Control": "no-store",
    }
    content = usage.dispute_file(page.db, page.scope, bill_id)
    return StreamingResponse(content, media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/usage/bills/{bill_id}/accept")
async def accept(page: CurrentPage, bill_id: int) -> Response:
    """Accept a bill."""
    return await _decide(page, bill_id, BillState.ACCEPTED)


@router.post("/usage/bills/{bill_id}/dispute")
async def dispute(page: CurrentPage, bill_id: int) -> Response:
    """Dispute a bill."""
    return await _decide(page, bill_id, BillState.DISPUTED)


async def _decide(page: Page, bill_id: int, state: BillState) -> Response:
    typed = await page.form()
    async with page.db.transaction() as tx:
        clock = page.runtime.clock
        await usage.decide_bill(tx, page.scope, clock, bill_id, state, words=str(typed.get("reason", "")))
    return page.redirect(f"/usage/bills/{bill_id}")


@router.post("/usage/bills/{bill_id}/check")
async def check_again(page: CurrentPage, bill_id: int) -> Response:
    """Have a bill checked again."""
    async with page.db.transaction() as tx:
        await usage.check_again(tx, page.scope, bill_id)
    return page.redirect(f"/usage/bills/{bill_id}")


@router.post("/usage/bills/{bill_id}/drop")
async def drop(page: CurrentPage, bill_id: int) -> Response:
    """Take a bill away."""
    async with page.db.transaction() as tx:
        await usage.drop_bill(tx, page.scope, bill_id)
    return page.redirect("/usage/bills")
