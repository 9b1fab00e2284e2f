"""Field work at the desk: the lists."""

from collections.abc import Mapping, Sequence

from fastapi import Response

from tieline.console.components.formats import plural
from tieline.console.components.frame import Action
from tieline.console.components.tables import Selection
from tieline.platform.db import Tx
from tieline.platform.scope import Permission
from tieline.utility import fieldwork
from tieline.utility.console.filters import pairs_of
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.fieldwork import crews, forms, orders, reports, visits
from tieline.utility.console.pages.fieldwork.views import lists as views
from tieline.utility.console.pages.parts import lists
from tieline.utility.fieldwork import Crew, OrderFilter

router = pages()


def chosen_of(page: Page) -> dict[str, list[str]]:
    """What the URL chooses, by key."""
    found: dict[str, list[str]] = {}
    for key, value in pairs_of(page.request.url.query):
        found.setdefault(key, []).append(value)
    return found


async def _crews(page: Page, tx: Tx) -> Sequence[Crew]:
    return await fieldwork.crews(tx, page.scope)


@router.get("/fieldwork")
async def order_list(page: CurrentPage) -> Response:
    """Orders by day; those that are over only when asked for."""
    chosen = chosen_of(page)
    first = {key: next(iter(values), "") for key, values in chosen.items()}
    wanted = OrderFilter(
        first.get("region") or None,
        forms.number(first.get("crew")),
        forms.day(first.get("day_from", "")),
        forms.day(first.get("day_to", "")),
        first.get("all") != "1",
    )
    async with page.db.snapshot() as tx:
        found = await fieldwork.order_page(tx, page.scope, wanted, cursor=lists.cursor_of(page.url), limit=lists.ROWS)
        tally = await fieldwork.tally(tx, page.scope, page.runtime.calendar)
        attention = await fieldwork.attention(tx, page.scope)
        crews = await _crews(page, tx)
    filtered = any(chosen.get(key) for key in ("region", "crew", "day_from", "day_to"))
    table = views.orders(found.items, page.calendar_now, lists.paging(page.url, found, "order"), filtered=filtered)
    if page.is_fragment:
        return page.fragment("pages/parts/table.html", table=table)
    return await page.show(
        "pages/fieldwork/templates/orders.html",
        current="fieldwork",
        head=views.head(page.scope, "orders", "", attention),
        figures=views.figures(tally, attention),
        bar=views.order_filters(page.url, chosen, crews, _regions(tally)),
        table=table,
        tally=views.tally(tally),
    )


def _regions(tally: Sequence[Mapping[str, str | None]]) -> list[str]:
    return [region for row in tally if (region := row["region"])]


@router.get("/fieldwork/visits")
async def visit_list(page: CurrentPage) -> Response:
    """Visits, with their filters."""
    chosen = chosen_of(page)
    wanted = forms.visit_filter(chosen)
    async with page.db.snapshot() as tx:
        found = await fieldwork.visit_page(
            tx, page.scope, page.runtime.calendar, wanted, cursor=lists.cursor_of(page.url), limit=lists.ROWS
        )
        matching = await fieldwork.count_visits(tx, page.scope, page.runtime.calendar, wanted)
        tally = await fieldwork.tally(tx, page.scope, page.runtime.calendar)
        attention = await fieldwork.attention(tx, page.scope)
        crews = await _crews(page, tx)
    paging = lists.paging(page.url, found, "visit", matching)
    selection = choosing(page, len(found.items))
    table = views.visits(
        found.items,
        page.calendar_now,
        paging,
        selection=selection,
        filtered=wanted != fieldwork.VisitFilter(),
    )
    if page.is_fragment and not page.is_sheet:
        return page.fragment("pages/parts/table.html", table=table)
    return await page.show(
        "pages/parts/list.html",
        current="fieldwork",
        head=views.head(page.scope, "visits", f"{plural(matching, 'visit')}.", attention),
        bar=views.visit_filters(page.url, chosen, crews, _regions(tally)),
        table=table,
    )


def choosing(page: Page, shown: int) -> Selection | None:
    """What can be done with chosen visits."""
    if not page.scope.may(Permission.FIELD_PLAN) or not shown:
        return None
    move = Action("Move to a crew and day", "/fieldwork/visits/moving", "truck", "primary")
    return Selection(shown, (move,), "", page.csrf_token, "visit")


@router.get("/fieldwork/reports")
async def report_list(page: CurrentPage) -> Response:
    """What was refused, or waits, and nobody has looked at."""
    async with page.db.snapshot() as tx:
        wanted = fieldwork.ReportFilter(attention=True)
        found = await fieldwork.report_page(tx, page.scope, wanted, cursor=lists.cursor_of(page.url), limit=lists.ROWS)
        attention = await fieldwork.attention(tx, page.scope)
    table = views.reports(found.items, lists.paging(page.url, found, "report"))
    if page.is_fragment and not page.is_sheet:
        return page.fragment("pages/parts/table.html", table=table)
    state = "They changed nothing. Look at each, call the crew where it helps, and note what came of it."
    head = views.head(page.scope, "reports", state if found.items else "", attention)
    return await page.show("pages/parts/list.html", current="fieldwork", head=head, bar=None, table=table)


@router.get("/fieldwork/crews")
async def crew_list(page: CurrentPage) -> Response:
    """Crews."""
    async with page.db.snapshot() as tx:
        found = await _crews(page, tx)
        attention = await fieldwork.attention(tx, page.scope)
    head = views.head(page.scope, "crews", plural(len(found), "crew") + ".", attention)
    return await page.show("pages/parts/list.html", current="fieldwork", head=head, bar=None, table=views.crews(found))


for module in (orders, visits, reports, crews):
    router.include_router(module.router)
