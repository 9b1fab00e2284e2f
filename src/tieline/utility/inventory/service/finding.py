"""The search over everything: things of the inventory, and what the contexts above it know by number or name."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from tieline.platform.db import Tx
from tieline.platform.scope import Scope
from tieline.utility.inventory.service.search import MAX_HITS, Hit, search

SHARE = 4
"""Hits that each finder brings at most, so that none crowds out the others."""
_MOST_TYPED = 200
EXACT, NAMED = 0, 3


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed, and the sites that were found by it."""

    text: str
    site_ids: tuple[int, ...] = ()

    def number(self, word: str) -> int | None:
        """The number that was typed of a ``word``: "visit 7", "#7" and "7" are visit 7."""
        found = re.fullmatch(rf"(?:{word}\s*|#)?\s*([0-9]{{1,18}})", self.text.strip(), re.IGNORECASE)
        return int(found[1]) if found else None


Finder = Callable[[Tx, Scope, Typed, int], Awaitable[Sequence[Hit]]]
"""Gives the best hits of a kind within the scope, at most so many; none for who may not see that kind."""
_FINDERS: dict[str, Finder] = {}


def register_finder(kind: str, finder: Finder) -> None:
    """Bring the finder of a kind of thing; the same kind again replaces it."""
    _FINDERS[kind] = finder


def hit(
    kind: str,
    number: int,
    title: str,
    *,
    state: str,
    exact: bool,
    site: tuple[int | None, str | None, str | None] = (None, None, None),
) -> Hit:
    """Something known by a number and a title; ``state`` tells how it stands, ``site`` is id, name and region."""
    return Hit(
        kind=kind,
        id=number,
        code=str(number),
        title=title,
        label="number" if exact else "name",
        value=state,
        rank=EXACT if exact else NAMED,
        site_id=site[0],
        site_name=site[1],
        region=site[2],
    )


async def find(tx: Tx, scope: Scope, text: str, *, limit: int = 20) -> list[Hit]:
    """Everything that is called so, or has such a number: what was hit exactly first, then the best of each kind."""
    limit = max(1, min(limit, MAX_HITS))
    typed = Typed(text.replace("\0", "").strip()[:_MOST_TYPED])
    if not typed.text:
        return []
    things = await search(tx, scope, typed.text, limit=limit)
    typed = replace(typed, site_ids=tuple(one.id for one in things if one.kind == "site"))
    others = [one for finder in list(_FINDERS.values()) for one in await finder(tx, scope, typed, SHARE)]
    exact = [one for one in others if one.rank == EXACT]
    named = [one for one in others if one.rank != EXACT]
    kept = things[: max(limit - len(others), limit // 2)]
    return [*exact, *kept, *named][:limit]
