"""What changes of ours did, or are doing, to subscriptions: for who has to tell our doing from somebody else's."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from tieline.platform.db import Tx
from tieline.platform.scope import Permission, Scope
from tieline.utility.changes.model import Trace
from tieline.utility.changes.store import traces as store


async def traces(
    tx: Tx, scope: Scope, ids: Sequence[int], *, since: datetime, plans: Sequence[str] = ()
) -> Mapping[int, Sequence[Trace]]:
    """By subscription: items under way, items that were accepted or ended since a moment, and those of some batches.

    ``plans`` are operators' references of batches: an item of one explains what the operator says came from it.
    """
    scope.require(Permission.CHANGE_READ)
    found: dict[int, list[Trace]] = defaultdict(list)
    for one in await store.traces(tx, ids, since=since, plans=plans):
        found[one.subscription_id].append(one)
    return found


async def under_way(tx: Tx, scope: Scope, ids: Sequence[int], *, since: datetime) -> set[int]:
    """Those of some subscriptions on which an item is at the operator, or was accepted since a moment."""
    scope.require(Permission.CHANGE_READ)
    return await store.under_way(tx, ids, since)
