"""Sites: list, page, sheet, CSV."""

from collections.abc import Mapping
from typing import Any

from fastapi import Response

from tieline.platform.db import Tx
from tieline.platform.errors import NotFound
from tieline.utility import inventory
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.parts import history, listing
from tieline.utility.console.pages.sites import views
from tieline.utility.console.pages.sites.work import applications, work
from tieline.utility.inventory import Kind

router = pages()
SITES = listing.Listing(
    Kind.SITE,
    "/sites",
    "sites",
    "Sites",
    "site",
    views.COLUMNS,
    views.rows,
    views.FILTERS,
    views.PINNED,
    "Bring in the list of your substations and other sites; positions put them on the map.",
    "site",
    {"name": "name", "criticality": "criticality", "customers": "customers", "region": "region", "kind": "kind"},
    selectable=True,
)


@router.get("/sites")
async def sites(page: CurrentPage) -> Response:
    """The list."""
    return await listing.show(page, SITES)


@router.get("/sites.csv")
async def sites_csv(page: CurrentPage) -> Response:
    """The whole list as a file."""
    return listing.csv(page, SITES)


@router.get("/sites/{site_id}")
async def site(page: CurrentPage, site_id: int) -> Response:
    """One site, as a page or beside a list or map."""
    async with page.db.snapshot() as tx:
        one = await inventory.thing_detail(tx, page.scope, Kind.SITE, site_id)
        parent = await _parent(page, tx, one)
        at_work = (*await work(page, tx, site_id, one["fleet"]), *await applications(page, tx, one["fleet"]))
        events = (
            [] if page.is_sheet else await inventory.thing_timeline(tx, page.scope, Kind.SITE, site_id, before=page.now)
        )
    context = {**views.context(page, one, parent), "at_work": at_work}
    head = context["head"]
    if page.is_sheet:
        return page.sheet("pages/sites/templates/sheet.html", title=head.title, state=head.state, **context)
    timeline = history.timeline(f"What happened at {head.title}", page.now, events, one["fleet"])
    return await page.show("pages/sites/templates/page.html", current="sites", timeline=timeline, **context)


async def _parent(page: Page, tx: Tx, one: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The site that feeds this one, if the person may see it."""
    if one["parent_id"] is None:
        return None
    try:
        return await inventory.thing(tx, page.scope, Kind.SITE, one["parent_id"])
    except NotFound:
        return None
