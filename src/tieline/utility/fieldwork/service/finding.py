"""Visits in the search over everything: by number, and those of the sites that were found."""

from tieline.platform.db import Tx
from tieline.platform.scope import Permission, Scope
from tieline.utility.fieldwork.store import finding as store
from tieline.utility.inventory import Hit, Typed, search_hit

KIND = "visit"


async def find(tx: Tx, scope: Scope, typed: Typed, limit: int) -> list[Hit]:
    """The visit of that number, and the newest visits to the sites that what was typed found."""
    if not scope.may(Permission.FIELD_READ):
        return []
    number = typed.number(KIND)
    rows = await store.called(tx, scope, number, typed.site_ids, limit)
    return [
        search_hit(
            KIND,
            row["id"],
            f"{row['title']}: {row['name']}",
            state=row["state"],
            exact=row["id"] == number,
            site=(row["site_id"], row["name"], row["region"]),
        )
        for row in rows
    ]
