"""Devices: list, page, CSV."""

from fastapi import Response

from tieline.utility import logistics
from tieline.utility.console.http import CurrentPage, pages
from tieline.utility.console.pages.devices import views
from tieline.utility.console.pages.parts import listing, things
from tieline.utility.inventory import Kind
from tieline.utility.logistics import Goods

router = pages()
DEVICES = listing.Listing(
    Kind.DEVICE,
    "/devices",
    "devices",
    "Devices",
    "device",
    views.COLUMNS,
    views.rows,
    views.FILTERS,
    views.PINNED,
    "Bring in the list of your routers and modems: make, model, IMEI, what they can do, and where they stand.",
    "device",
    {"name": "external_id", "model": "model", "site": "site"},
)


@router.get("/devices")
async def devices(page: CurrentPage) -> Response:
    """The list."""
    return await listing.show(page, DEVICES)


@router.get("/devices.csv")
async def devices_csv(page: CurrentPage) -> Response:
    """The whole list as a file."""
    return listing.csv(page, DEVICES)


@router.get("/devices/{device_id}")
async def device(page: CurrentPage, device_id: int) -> Response:
    """One device."""
    one, events = await things.read(page, Kind.DEVICE, device_id)
    async with page.db.snapshot() as tx:
        item = await logistics.item_of_thing(tx, page.scope, Goods.ROUTER, device_id)
    return await things.show(page, one, events, views.view(one, things.ledger_link(item)))
