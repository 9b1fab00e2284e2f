"""Finding things by anything that is known of them."""

from dataclasses import dataclass

from tieline.platform.db import Tx
from tieline.platform.scope import Permission, Scope
from tieline.utility.inventory.store import search as store

MAX_HITS = 50


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found: what it is, which of its values was hit (``label``, ``value``), and where it stands.

    ``rank`` 0: the value is what was typed; 1 and 2: it begins so; 3: words of its name; 4: it ends so.
    """

    kind: str
    id: int
    code: str
    title: str
    label: str
    value: str
    rank: int
    site_id: int | None
    site_name: str | None
    region: str | None


async def search(tx: Tx, scope: Scope, text: str, *, limit: int = 20) -> list[Hit]:
    """Things by identifier (its beginning or end), name or postcode, kinds mixed, the best first.

    ``text`` needs two characters, four for ends. Only what the scope sees is found.
    """
    scope.require(Permission.INVENTORY_READ)
    rows = await store.search(tx, scope, text, max(1, min(limit, MAX_HITS)))
    return [Hit(**row) for row in rows]
