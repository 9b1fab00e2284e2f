"""The map's data: every site as a place in columns of numbers."""

from collections.abc import Mapping
from typing import Any

import msgspec

from tieline.platform.db import Tx
from tieline.platform.scope import Permission, Scope
from tieline.utility.inventory.model import FleetFilter
from tieline.utility.inventory.store import map as store

_LEGEND: Mapping[str, Any] = {
    "state": store.STATES,
    "technology": store.TECHNOLOGIES,
    "criticality": store.CRITICALITIES,
    "kind": store.KINDS,
}


async def site_map(tx: Tx, scope: Scope, wanted: FleetFilter) -> bytes:
    """JSON of the sites that fit and have a position: ``count``, ``legend``, and a column for each property.

    ``state``, ``technology`` (the best of the site's links), ``criticality`` and ``kind`` are places in the legend's
    lists; ``operators`` is a sum of 2^place of those with a live link there. Columns are in the order of ``ids``.
    ``regions`` says where the middle of each region's sites is: the names on a map that has no others.
    """
    scope.require(Permission.INVENTORY_READ)
    operators = await store.operators_by_id(tx)
    columns = dict(await store.columns(tx, scope, wanted, [row["id"] for row in operators]))
    codes = [row["code"] for row in operators]
    shown = [code if scope.operators is None or code in scope.operators else None for code in codes]
    legend = msgspec.json.encode({**_LEGEND, "operators": shown}).decode()
    regions = msgspec.json.encode(await store.regions(tx, scope, wanted)).decode()
    count = columns.pop("count")
    body = ",".join(f'"{name}":{values}' for name, values in columns.items())
    return f'{{"count":{count},"legend":{legend},"regions":{regions},{body}}}'.encode()
