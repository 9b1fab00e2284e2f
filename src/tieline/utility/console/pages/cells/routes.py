"""Cells: list, page, CSV; and the way from what an operator reports to the cell's page."""

from fastapi import Response

from tieline.console.components.frame import Tab
from tieline.platform.errors import NotFound
from tieline.utility import inventory
from tieline.utility.console.http import CurrentPage, pages
from tieline.utility.console.pages.cells import views
from tieline.utility.console.pages.parts import listing, things
from tieline.utility.inventory import FleetFilter, Kind

router = pages()
CELLS = listing.Listing(
    Kind.CELL,
    "/cells",
    "cells",
    "Cells and masts",
    "cell",
    views.COLUMNS,
    views.rows,
    views.FILTERS,
    views.PINNED,
    "Bring in the operators' cells with their masts: then sites that share a mast are found.",
    "cell",
    {"name": "cell_key", "technology": "band"},
)


@router.get("/cells")
async def cells(page: CurrentPage) -> Response:
    """The list."""
    shared = "shared_mast=1" in page.request.url.query
    tabs = (
        Tab("All cells", "/cells", current=not shared),
        Tab("On shared masts", "/cells?shared_mast=1", current=shared),
    )
    return await listing.show(page, CELLS, tabs=tabs)


@router.get("/cells.csv")
async def cells_csv(page: CurrentPage) -> Response:
    """The whole list as a file."""
    return listing.csv(page, CELLS)


@router.get("/cells/{operator}/{cell_key}")
async def reported(page: CurrentPage, operator: str, cell_key: str) -> Response:
    """The page of a cell that is known by what an operator calls it."""
    wanted = FleetFilter(operators=(operator,), cell_key=cell_key)
    async with page.db.snapshot() as tx:
        found = await inventory.list_things(tx, page.scope, Kind.CELL, wanted, limit=1)
    if not found.items:
        raise NotFound(
            f"Operator {operator} reports a cell {cell_key} that no imported file has.",
            advice="Import the operator's cells to see its place and mast.",
        )
    return page.redirect(f"/cells/{found.items[0]['id']}")


@router.get("/cells/{cell_id}")
async def cell(page: CurrentPage, cell_id: int) -> Response:
    """One cell."""
    one, events = await things.read(page, Kind.CELL, cell_id)
    return await things.show(page, one, events, views.view(one))
