"""Loads converted rows set by set: into a temporary table, checked against the database, then inserted or updated.

Each kind has a :class:`~tieline.utility.inventory.store.loading.common.Loading`: how its references are resolved, what
only the database can find wrong, and how it is put in place.
"""

from collections.abc import Mapping

from tieline.utility.inventory.model import Kind
from tieline.utility.inventory.store.loading import cells, links, places, pools, subscriptions
from tieline.utility.inventory.store.loading.common import Counts, Load, Loading, check, copy, prepare, stage, tidy

LOADINGS: Mapping[Kind, Loading] = {
    Kind.SITE: places.SITES,
    Kind.DEVICE: places.DEVICES,
    Kind.CELL: cells.CELLS,
    Kind.SUBSCRIPTION: subscriptions.SUBSCRIPTIONS,
    Kind.LINK: links.LINKS,
    Kind.ADDRESS_POOL: pools.POOLS,
}

__all__ = ["LOADINGS", "Counts", "Load", "Loading", "check", "copy", "prepare", "stage", "tidy"]
