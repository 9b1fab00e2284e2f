"""What of the fleet lies in areas that an operator names."""

from collections.abc import Sequence

from tieline.platform.db import Tx
from tieline.platform.scope import Permission, Scope
from tieline.utility.inventory.model.areas import Area, AreaCount, AreaPart, AreaSite
from tieline.utility.inventory.store import areas as store

EVERY = AreaPart()


async def count_by_area(
    tx: Tx, scope: Scope, operator: str, technology: str | None, areas: Sequence[Area]
) -> list[AreaCount]:
    """Sites and live links of an operator on a technology (None: on any), by the first area that they lie in."""
    scope.require(Permission.INVENTORY_READ)
    return await store.counts(tx, scope, operator, technology, areas)


async def sites_by_area(
    tx: Tx,
    scope: Scope,
    operator: str,
    technology: str | None,
    areas: Sequence[Area],
    *,
    part: AreaPart = EVERY,
    after: int = 0,
    limit: int = 100,
) -> list[AreaSite]:
    """The sites behind :func:`count_by_area`, by number."""
    scope.require(Permission.INVENTORY_READ)
    return await store.sites(tx, scope, operator, technology, areas, part=part, after=after, limit=limit)


async def places_by_area(
    tx: Tx, scope: Scope, operator: str, technology: str | None, areas: Sequence[Area]
) -> list[tuple[int, int]]:
    """Every site behind :func:`count_by_area` with the place of its area, in no more words: for a whole fleet."""
    scope.require(Permission.INVENTORY_READ)
    return await store.places(tx, scope, operator, technology, areas)
