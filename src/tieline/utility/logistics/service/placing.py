"""Places: warehouses that a utility has, and the place of each crew."""

import re
from collections.abc import Sequence

from tieline.platform import audit
from tieline.platform.db import Tx
from tieline.platform.errors import Forbidden, Invalid, NotFound, Problem
from tieline.platform.scope import Permission, Scope
from tieline.utility.logistics.model import Place, PlaceKind
from tieline.utility.logistics.service.authority import require_sight
from tieline.utility.logistics.store import places

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_LONGEST = 200
MAIN = "MAIN"
"""The warehouse that there always is, in which whatever the ledger did not know begins."""
ANCHORED = (PlaceKind.SUPPLIER, PlaceKind.WAREHOUSE, PlaceKind.CREW, PlaceKind.REPAIR, PlaceKind.SCRAP, PlaceKind.LOST)
"""Every sort of place but sites, of which there are as many as the utility has."""


async def crew_place(tx: Tx, scope: Scope, *, crew_id: int, name: str, region: str | None) -> Place:
    """The place of a crew: made, or renamed with the crew."""
    if not scope.may(Permission.FIELD_PLAN):
        scope.require(Permission.STOCK_WRITE)
    _check_region(scope, region)
    made = await places.put_crew(tx, scope, crew_id, _named(name), region)
    if made is None:
        raise Forbidden(f"Crew {crew_id} is not in your regions.")
    await audit.append(tx, scope, audit.Entry("stock.crew", f"crew:{crew_id}", {"name": name, "region": region}))
    return made


async def warehouse(tx: Tx, scope: Scope, code: str) -> Place:
    """A warehouse by its code. Raises ``NotFound``."""
    return await by_code(tx, scope, PlaceKind.WAREHOUSE, code)


async def by_code(tx: Tx, scope: Scope, kind: PlaceKind, code: str) -> Place:
    """A place by its sort and code. Raises ``NotFound``."""
    require_sight(scope)
    found = await places.by_code(tx, scope, kind, code)
    if found is None:
        raise NotFound(f"There is no {kind.value} {code}, or none that you may see.")
    return found


async def one(tx: Tx, scope: Scope, place_id: int) -> Place:
    """A place. Raises ``NotFound``."""
    require_sight(scope)
    found = (await places.by_ids(tx, scope, [place_id])).get(place_id)
    if found is None:
        raise NotFound(f"There is no place {place_id}, or none that you may see.")
    return found


async def stocked(tx: Tx, scope: Scope, warehouse_id: int) -> Place:
    """A warehouse that somebody names to take goods in or out. Raises ``Invalid``."""
    found = (await places.by_ids(tx, scope, [warehouse_id])).get(warehouse_id)
    if found is None or found.kind is not PlaceKind.WAREHOUSE:
        problem = Problem("warehouse_id", "unknown_reference", "Choose a warehouse.")
        raise Invalid(f"There is no warehouse {warehouse_id}, or none that you may see.", [problem])
    return found


async def listed(tx: Tx, scope: Scope, kinds: Sequence[PlaceKind] = ANCHORED) -> list[Place]:
    """Places of some sorts; sites are left to the lists of items unless asked for."""
    require_sight(scope)
    return await places.of_kinds(tx, scope, kinds)


async def put_warehouse(tx: Tx, scope: Scope, *, code: str, name: str, region: str | None) -> Place:
    """Make a warehouse, or give one another name."""
    scope.require(Permission.STOCK_WRITE)
    if not _CODE.fullmatch(code):
        raise Invalid(
            "The code cannot be used.", [Problem("code", "format", "Letters, digits, dots and hyphens.", code[:40])]
        )
    _check_region(scope, region)
    if code == MAIN and region is not None:
        raise Invalid("The main warehouse is everybody's.", [Problem("region", "scope", "None for this warehouse.")])
    if not await places.put_warehouse(tx, scope, code, _named(name), region):
        raise Forbidden(f"Warehouse {code} is not in your regions.", advice="Choose another code.")
    await audit.append(tx, scope, audit.Entry("stock.warehouse", f"warehouse:{code}", {"name": name, "region": region}))
    return await warehouse(tx, scope, code)


def _check_region(scope: Scope, region: str | None) -> None:
    if scope.regions is not None and region not in scope.regions:
        raise Invalid("The place lies outside your regions.", [Problem("region", "scope", "One of your regions.")])


def _named(name: str) -> str:
    if not name.strip() or len(name) > _LONGEST:
        raise Invalid("The place needs a name.", [Problem("name", "length", f"1 to {_LONGEST} characters.")])
    return name.strip()
