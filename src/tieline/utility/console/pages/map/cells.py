"""Cells as a layer of the map: a dot each; where a sector looks and how far is in no file of cells."""

from datetime import timedelta

import msgspec

from tieline.console.components.mapping import DEGREES, Dimension, Kind, Sectors
from tieline.utility import inventory
from tieline.utility.console.http import Page
from tieline.utility.inventory import ExportForm, FleetFilter
from tieline.utility.inventory import Kind as Thing

FRESH = timedelta(minutes=10)
_KINDS = (
    Kind("2G", "2G cell", "ramp1"),
    Kind("3G", "3G cell", "ramp2"),
    Kind("4G", "4G cell", "ramp3"),
    Kind("5G", "5G cell", "ramp5"),
)


class Cell(msgspec.Struct):
    """What the map needs of a cell."""

    id: int
    cell_key: str
    technology: str
    lat: float | None
    lon: float | None


async def sectors(page: Page) -> Sectors:
    """Every cell with a position that the person may see."""
    decoder = msgspec.json.Decoder(Cell)
    found: list[Cell] = []
    async for piece in inventory.export_things(page.db, page.scope, Thing.CELL, FleetFilter(), ExportForm.JSONL):
        found += decoder.decode_lines(piece)
    placed = [(cell, cell.lat, cell.lon) for cell in found if cell.lat is not None and cell.lon is not None]
    at = {kind.key: place for place, kind in enumerate(_KINDS)}
    count = len(placed)
    return Sectors(
        [str(cell.id) for cell, _, _ in placed],
        [cell.cell_key for cell, _, _ in placed],
        [round(lon * DEGREES) for _, _, lon in placed],
        [round(lat * DEGREES) for _, lat, _ in placed],
        [0] * count,
        [360] * count,
        [0] * count,
        [Dimension("cell", "Cell", _KINDS, [at[cell.technology] for cell, _, _ in placed])],
    )
