"""Cells as a layer of the map: one dot a mast and technology; where a sector looks is not known from the cell files."""

from typing import Any

from tieline.platform.db import Tx
from tieline.platform.scope import Scope
from tieline.utility import inventory
from tieline.utility.console.components.mapping import DEGREES, Dimension, Kind, Sectors
from tieline.utility.inventory import FleetFilter

MOST = 20_000
_PAGE = 1000
_KINDS = (
    Kind("2G", "2G cell", "ramp1"),
    Kind("3G", "3G cell", "ramp2"),
    Kind("4G", "4G cell", "ramp3"),
    Kind("5G", "5G cell", "ramp5"),
)


async def sectors(tx: Tx, scope: Scope) -> Sectors:
    """Every cell with a position, by id, up to a bound."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while len(found) < MOST:
        rows = await inventory.list_things(
            tx, scope, inventory.Kind.CELL, FleetFilter(), sort="id", cursor=cursor, limit=_PAGE
        )
        found += [row for row in rows.items if row["lat"] is not None]
        cursor = rows.next
        if cursor is None:
            break
    place = {kind.key: at for at, kind in enumerate(_KINDS)}
    count = len(found)
    return Sectors(
        [str(row["id"]) for row in found],
        [row["cell_key"] for row in found],
        [round(row["lon"] * DEGREES) for row in found],
        [round(row["lat"] * DEGREES) for row in found],
        [0] * count,
        [360] * count,
        [0] * count,
        [Dimension("cell", "Cell", _KINDS, [place[row["technology"]] for row in found])],
    )
