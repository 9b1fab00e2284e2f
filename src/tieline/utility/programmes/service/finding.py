"""Programmes in the search over everything: by number, by words of the title."""

from tieline.platform.db import Tx
from tieline.platform.scope import Permission, Scope
from tieline.utility.inventory import Hit, Typed, search_hit
from tieline.utility.programmes.store import finding as store

KIND = "programme"


async def find(tx: Tx, scope: Scope, typed: Typed, limit: int) -> list[Hit]:
    """The programme of that number, and the newest whose title holds the text."""
    if not scope.may(Permission.PROGRAMME_READ):
        return []
    number = typed.number(KIND)
    rows = await store.called(tx, number, typed.text, limit)
    return [search_hit(KIND, row["id"], row["title"], state=row["state"], exact=row["id"] == number) for row in rows]
