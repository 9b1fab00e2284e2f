"""Routes of programmes: the list, one as mission control, its sites, one site, the file of them."""

import csv
import io
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from fastapi import Response
from fastapi.responses import StreamingResponse

from tieline.platform.db import Tx
from tieline.platform.errors import NotFound
from tieline.platform.scope import Permission
from tieline.utility import changes, fieldwork, inventory, notices, programmes
from tieline.utility.changes import ItemFilter
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.parts import lists
from tieline.utility.console.pages.programmes import acting, asked, control, listing, opening, sheet
from tieline.utility.console.pages.programmes.asked import Identity
from tieline.utility.fieldwork import Visit
from tieline.utility.programmes import ProgrammeState, SiteFilter

router = pages()
router.include_router(opening.router)
_TEMPLATES = "pages/programmes/templates"
_CSV = 5000
FRESH = timedelta(minutes=2)


@router.get("/programmes")
async def every(page: CurrentPage) -> Response:
    """The list, the newest first."""
    async with page.db.snapshot() as tx:
        found = await programmes.page(tx, page.scope, cursor=lists.cursor_of(page.url))
    return await page.show(
        "pages/parts/list.html",
        current="programmes",
        head=listing.head(found.items, page.scope),
        bar=None,
        table=listing.programmes(found.items, lists.paging(page.url, found, "programme"), page.scope),
    )


@router.get("/programmes/{programme_id}")
async def one(page: CurrentPage, programme_id: Identity) -> Response:
    """Mission control; while the programme runs it is fetched anew."""
    async with page.db.snapshot() as tx:
        found = await programmes.detail(tx, page.scope, page.runtime.calendar, programme_id)
        policies = await _policies(page, tx)
        titles = await notices.titles(tx, page.scope, found.programme.notice_ids)
        extent = await programmes.extent(tx, page.scope, programme_id) if "approve" in found.acts else None
    context: dict[str, Any] = {
        "programme": found.programme,
        "lives": found.programme.state is ProgrammeState.RUNNING,
        "figures": control.figures(found),
        "waiting": control.waiting(found),
        "phases": control.phases(found),
        "legend": control.legend(found),
        "regions": control.regions(found),
        "changes": control.changes(found),
        "log": control.log(found),
        "terms": control.terms(found.programme, policies, titles),
        "sites_href": asked.sites_href(programme_id),
        "visits_href": control.visits_href(found.programme),
    }
    if page.is_fragment:
        return page.fragment(f"{_TEMPLATES}/control_body.html", **context)
    return await page.show(
        f"{_TEMPLATES}/control.html",
        current="programmes",
        head=control.head(found, page.scope),
        dialogs=control.questions(found, page.csrf_token, extent),
        **context,
    )


async def _policies(page: Page, tx: Tx) -> dict[int, str]:
    if not page.scope.may(Permission.CHANGE_READ):
        return {}
    return {one["id"]: one["name"] for one in await changes.policies(tx, page.scope)}


@router.get("/programmes/{programme_id}/sites")
async def sites(page: CurrentPage, programme_id: Identity) -> Response:
    """The sites of a programme, with their filters."""
    wanted, calendar = asked.of_query(page.request.url.query), page.runtime.calendar
    async with page.db.snapshot() as tx:
        programme = await programmes.one(tx, page.scope, programme_id)
        found = await programmes.site_page(
            tx, page.scope, calendar, programme_id, wanted, cursor=lists.cursor_of(page.url), limit=lists.ROWS
        )
        matching = await programmes.count_sites(tx, page.scope, calendar, programme_id, wanted)
    paging = replace(lists.paging(page.url, found, "site"), shown=listing.shown(len(found.items), matching))
    chosen = listing.selection(page, programme, matching)
    narrowed = wanted != SiteFilter()
    table = listing.sites(page, programme, found.items, paging, chosen, narrowed=narrowed)
    if page.is_fragment and not page.is_sheet:
        return page.fragment("pages/parts/table.html", table=table)
    regions, phases = await _parts(page, programme_id)
    return await page.show(
        "pages/parts/list.html",
        current="programmes",
        head=listing.sites_head(programme, matching, wanted),
        bar=listing.filters(page.url, wanted, regions, phases),
        table=table,
    )


async def _parts(page: Page, programme_id: int) -> tuple[list[str], list[str]]:
    """The regions and phases that the list can be narrowed to: they change only as sites are taken in."""

    async def count(tx: Tx) -> tuple[list[str], list[str]]:
        whole = await programmes.detail(tx, page.scope, page.runtime.calendar, programme_id)
        return [part.name for part in whole.regions], [part.name for part in whole.phases]

    return (await page.always(f"parts of programme {programme_id}", count, fresh=FRESH)).value


@router.get("/programmes/{programme_id}/sites.csv")
async def sites_csv(page: CurrentPage, programme_id: Identity) -> Response:
    """The whole list as a file."""
    wanted = asked.of_query(page.request.url.query)
    async with page.db.snapshot() as tx:
        await programmes.one(tx, page.scope, programme_id)

    async def lines() -> AsyncIterator[str]:
        yield _line(_NAMES)
        cursor: str | None = None
        while True:
            async with page.db.snapshot() as tx:
                found = await programmes.site_page(
                    tx, page.scope, page.runtime.calendar, programme_id, wanted, cursor=cursor, limit=_CSV
                )
            yield "".join(_line([_cell(row, name) for name in _COLUMNS]) for row in found.items)
            cursor = found.next
            if cursor is None:
                return

    headers = {
        "Content-Disposition": f'attachment; filename="programme-{programme_id}-sites.csv"',
        "Cache-Control": "no-store",
    }
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)


_COLUMNS = ("external_id", "name", "region", "postcode", "criticality", "phase", "due_at", "state", "why", "attempts",
            "visit_id", "change_id", "field_done_at", "done_at")  # fmt: skip
_NAMES = ["site", *_COLUMNS[1:]]


def _cell(row: Mapping[str, Any], name: str) -> str:
    value = row[name]
    return "" if value is None else value.isoformat() if hasattr(value, "isoformat") else str(value)


def _line(cells: list[str]) -> str:
    """A line of the file; what a spreadsheet would take for a formula is text."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(
        [f"'{cell}" if cell and cell[0] in "=+-@\t\r" else cell for cell in cells]
    )
    return line.getvalue()


@router.get("/programmes/{programme_id}/sites/{site_id}")
async def site(page: CurrentPage, programme_id: Identity, site_id: Identity) -> Response:
    """One site, as a page or beside the list."""
    async with page.db.snapshot() as tx:
        programme = await programmes.one(tx, page.scope, programme_id)
        found = await programmes.site(tx, page.scope, page.runtime.calendar, programme_id, site_id)
        links = await programmes.links_of(tx, page.scope, programme_id, site_id)
        visit = await _visit(page, tx, found["visit_id"])
        items = None
        if found["change_id"] and page.scope.may(Permission.CHANGE_READ):
            rows = await changes.item_page(tx, page.scope, found["change_id"], ItemFilter(site_id=site_id), limit=20)
            items = sheet.items(rows.items, found["change_id"])
        ids = [one for link in links for one in (link.old_subscription_id, link.new_subscription_id) if one]
        rows_of = await inventory.subscriptions(tx, page.scope, ids)
    names = {one.subscription_id: one.operator_ref for one in rows_of}
    context: dict[str, Any] = {
        "facts": sheet.facts(found, visit, page.calendar_now),
        "cards": [sheet.card(link, names) for link in links],
        "items": items,
        "items_href": f"/changes/{found['change_id']}",
    }
    head, actions = sheet.head(programme, found), sheet.actions(programme, found, page.scope)
    if page.is_sheet:
        return page.sheet(
            f"{_TEMPLATES}/site-sheet.html", title=head.title, state=head.state, actions=actions, **context
        )
    return await page.show(
        f"{_TEMPLATES}/site.html", current="programmes", head=replace(head, actions=actions), **context
    )


async def _visit(page: Page, tx: Tx, visit_id: int | None) -> Visit | None:
    """The last visit that was planned, if the person may see it."""
    if visit_id is None or not page.scope.may(Permission.FIELD_READ):
        return None
    try:
        return await fieldwork.visit(tx, page.scope, visit_id)
    except NotFound:
        return None


router.include_router(acting.router)
