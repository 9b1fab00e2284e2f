"""The map: its page, its points and cells, and the list that keeps in step with it."""

import gzip
from typing import Annotated

from fastapi import Query, Response

from tieline.console.components.formats import number, plural
from tieline.console.components.frame import Action, PageHead
from tieline.console.components.mapping import MapView, pack
from tieline.console.components.tables import Empty, Paging, Table
from tieline.platform.db import Tx
from tieline.utility import inventory
from tieline.utility.console import filters
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.map import cells, data
from tieline.utility.console.pages.parts.facets import facets
from tieline.utility.console.pages.sites import views
from tieline.utility.inventory import FleetFilter

router = pages()
BESIDE = 50
"""Rows beside the map: the most important of what is in view."""
_PACK = 5
_COLUMNS = tuple(column for column in views.COLUMNS if column.key in {"name", "standing", "serving", "criticality"})
_NEAR = 0.05
Many = Annotated[list[str], Query(max_length=10)]
_NOT_IN_VIEW = Empty("No site is in view", "Move the map, or take a filter away.", icon="map")
_NO_POSITION = Empty(
    "No site to show",
    "Sites come onto the map with an import that gives their latitude and longitude; a filter may hide them.",
    (Action("Import sites", "/imports/new?kind=site", "file-up"),),
    "map",
)


@router.get("/map")
async def site_map(
    page: CurrentPage,
    at: Annotated[str, Query(max_length=60)] = "",
    bbox: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """The map with its filters, and the list beside it; it begins around ``at`` or with ``bbox``, or shows all."""
    found = (await data.sites(page)).columns
    async with page.db.snapshot() as tx:
        ids = data.in_view(found, data.box_of(bbox) or _around(at), {})
        table = await _beside(page, tx, ids, anywhere=found.count)
        bar = filters.bar(page.url, views.FILTERS, await facets(page, tx), pinned=views.PINNED, keep=("at", "bbox"))
    query = page.request.url.query
    view = MapView(
        "map",
        "Sites on the map",
        f"/map/points?{filters.filter_query(query)}",
        cells_href="/map/cells",
        thing_href="/sites/{id}",
        bounds=data.box_of(bbox) or _around(at),
        tall=True,
    )
    state = f"{plural(found.count, 'site')} with a position."
    action = Action("As a list", filters.href("/sites", query), "list")
    head = PageHead("Map", state, actions=(action,))
    beside_href = f"/map/list?{filters.filter_query(query)}"
    template = "pages/map/templates/page.html"
    return await page.show(template, current="map", head=head, map=view, bar=bar, table=table, list_href=beside_href)


@router.get("/map/points")
async def points(page: CurrentPage) -> Response:
    """All sites that fit the filters, as columns."""
    return _packed(page, (await data.sites(page)).packed)


@router.get("/map/cells")
async def cell_layer(page: CurrentPage) -> Response:
    """All cells, as columns."""

    async def pack_cells(tx: Tx) -> bytes:
        del tx
        return gzip.compress(pack(await cells.sectors(page)), _PACK)

    return _packed(page, (await page.always("map cells", pack_cells, fresh=cells.FRESH)).value)


@router.get("/map/list")
async def beside(
    *,
    page: CurrentPage,
    bbox: Annotated[str, Query(max_length=100)] = "",
    standing: Many = [],  # noqa: B006 - FastAPI copies defaults
    best: Many = [],  # noqa: B006
    weight: Many = [],  # noqa: B006
    drawn: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """The list in step: what the map shows now. A map that was ``drawn`` from other points is told to fetch them."""
    found = await data.sites(page)
    async with page.db.snapshot() as tx:
        ids = data.in_view(found.columns, data.box_of(bbox), {"standing": standing, "best": best, "weight": weight})
        table = await _beside(page, tx, ids, anywhere=found.columns.count)
    stale = {"HX-Trigger": "tieline:map-stale"} if drawn not in {"", found.version} else {}
    return page.fragment("pages/parts/table.html", headers=stale, table=table)


async def _beside(page: Page, tx: Tx, ids: list[int], *, anywhere: int) -> Table:
    chosen = tuple(ids[:BESIDE])
    rows = []
    if chosen:
        wanted = FleetFilter(site_ids=chosen)
        rows = list((await inventory.list_things(tx, page.scope, inventory.Kind.SITE, wanted, limit=BESIDE)).items)
        rows.sort(key=lambda row: chosen.index(row["id"]))
    shown = f"{number(len(rows))} of {plural(len(ids), 'site')} in view, critical ones first" if rows else ""
    return Table(
        "map-list",
        "Sites in view",
        _COLUMNS,
        views.rows(rows),
        paging=Paging(shown=shown),
        empty=_NOT_IN_VIEW if anywhere else _NO_POSITION,
        chooser=False,
    )


def _packed(page: Page, content: bytes) -> Response:
    """Packed JSON; unpacked for the rare client that cannot."""
    headers = {"Cache-Control": "no-store", "Vary": "Accept-Encoding"}
    if "gzip" not in page.request.headers.get("Accept-Encoding", ""):
        return Response(gzip.decompress(content), media_type="application/json", headers=headers)
    return Response(content, media_type="application/json", headers={**headers, "Content-Encoding": "gzip"})


def _around(at: str) -> tuple[float, float, float, float] | None:
    """A box around a position of the URL ("51.5,-0.1"); None for anything else."""
    latitude, _, longitude = at.partition(",")
    try:
        y, x = float(latitude), float(longitude)
    except ValueError:
        return None
    return (x - _NEAR, y - _NEAR, x + _NEAR, y + _NEAR)
