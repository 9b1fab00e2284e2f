"""Incidents in the search over everything: by number."""

from tieline.platform.db import Tx
from tieline.platform.errors import NotFound
from tieline.platform.scope import Permission, Scope
from tieline.utility.incidents.store import incidents as store
from tieline.utility.inventory import Hit, Typed, search_hit

KIND = "incident"


async def find(tx: Tx, scope: Scope, typed: Typed, limit: int) -> list[Hit]:
    """The incident whose number somebody typed ("7", "#7", "incident 7"); none where she sees none of it."""
    number = typed.number(KIND)
    if number is None or limit < 1 or not scope.may(Permission.INCIDENT_READ):
        return []
    try:
        one = await store.seen(tx, scope, number)
    except NotFound:
        return []
    return [search_hit(KIND, one.id, one.title, state=f"{one.severity}, {one.state}", exact=True)]
