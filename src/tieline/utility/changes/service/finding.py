"""Changes in the search over everything: by number, by words of the title."""

from contextlib import suppress

from tieline.platform.db import Tx
from tieline.platform.errors import NotFound
from tieline.platform.scope import Permission, Scope
from tieline.utility.changes.model import Change
from tieline.utility.changes.store import changes as store
from tieline.utility.inventory import Hit, Typed, search_hit

KIND = "change"
_SHORTEST = 3


async def find(tx: Tx, scope: Scope, typed: Typed, limit: int) -> list[Hit]:
    """The change of that number, and the newest whose title holds the text."""
    if not scope.may(Permission.CHANGE_READ):
        return []
    found: list[Hit] = []
    number = typed.number(KIND)
    if number is not None:
        with suppress(NotFound):
            found.append(_hit(await store.get(tx, number), exact=True))
    if len(typed.text) >= _SHORTEST:
        rows = await store.page(tx, states=(), kinds=(), text=typed.text, before=None, limit=limit)
        found += [_hit(one, exact=False) for one in rows if one.id != number]
    return found[:limit]


def _hit(one: Change, *, exact: bool) -> Hit:
    return search_hit(KIND, one.id, one.title, state=one.state.value, exact=exact)
