"""Use cases of saved views."""

from collections.abc import Sequence
from dataclasses import replace

from tieline.platform import audit
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from tieline.platform.scope import Permission, Scope
from tieline.utility.views import policy, store
from tieline.utility.views.model import LISTS, MOST_OWN, MOST_SHARED, NewView, Pin, SavedView, ViewEdit, list_of


def person_of(scope: Scope) -> str:
    """Whose views they are: the person, whether at the console or by a token."""
    return scope.actor.partition("/")[0]


def _lists(scope: Scope) -> list[str]:
    return [one.key for one in LISTS if scope.may(one.needs)]


async def mine(tx: Tx, scope: Scope, *, path: str | None = None) -> list[SavedView]:
    """The views that one has, or that others share, in one's own order; of lists that one may see."""
    return await store.of_person(tx, person_of(scope), _lists(scope), path=path)


async def of_page(tx: Tx, scope: Scope, path: str) -> list[SavedView]:
    """What a page shows of views: those of its list, and those that one has pinned to the navigation."""
    return await store.of_person(tx, person_of(scope), _lists(scope), path=path, pinned=True)


async def one(tx: Tx, scope: Scope, view_id: int) -> SavedView:
    """A view; raises ``NotFound`` for one of somebody else that is not shared."""
    found = await store.one(tx, person_of(scope), _lists(scope), view_id)
    if found is None:
        raise NotFound("There is no such view, or it is not shared with you.")
    return found


async def save(tx: Tx, scope: Scope, view: NewView) -> SavedView:
    """Keep a view.

    Raises:
        Invalid: for a path that is no list's, and what is too long.
        Conflict: for a name that one has already for this list, or too many views.
        Forbidden: for a list that one may not see, or to share without the permission.

    """
    view = replace(view, name=view.name.strip(), query=policy.tidy(view.query))
    _check(policy.problems_of(view.path, view.name, view.query, view.hidden))
    place = list_of(view.path)
    if place is None:
        raise NotFound("There is no such list.")
    scope.require(place.needs)
    if view.shared:
        scope.require(Permission.VIEW_SHARE)
    owner = person_of(scope)
    await _room(tx, owner, more_shared=view.shared)
    made = await one(tx, scope, await store.add(tx, owner, place.key, view))
    if made.shared:
        await audit.append(tx, scope, audit.Entry("view.shared", f"view:{made.id}", _told(made)))
    return made


async def edit(tx: Tx, scope: Scope, view_id: int, wanted: ViewEdit) -> SavedView:
    """Alter a view of one's own, or, as who manages users, one that is shared; raises as :func:`save` does."""
    before = await _to_alter(tx, scope, view_id)
    wanted = replace(
        wanted,
        name=None if wanted.name is None else wanted.name.strip(),
        query=None if wanted.query is None else policy.tidy(wanted.query),
    )
    _check(policy.problems_of(None, wanted.name, wanted.query, wanted.hidden))
    if wanted.shared and not before.shared:
        scope.require(Permission.VIEW_SHARE)
        await _room(tx, None, more_shared=True)
    await store.change(tx, view_id, wanted)
    if before.shared and wanted.shared is False:
        await store.unshare(tx, view_id, before.owner)
    after = await store.one(tx, before.owner, [before.list_key], view_id)
    if after is None:
        raise NotFound("This view was taken away meanwhile.")
    if before.shared or after.shared:
        told = {"before": _told(before), "after": _told(after)}
        await audit.append(tx, scope, audit.Entry(policy.action(before, after), f"view:{view_id}", told))
    return replace(after, own=before.own, is_default=before.is_default, pin=before.pin, position=before.position)


async def delete(tx: Tx, scope: Scope, view_id: int) -> SavedView:
    """Take a view away, for everybody who has it; gives what it was."""
    before = await _to_alter(tx, scope, view_id)
    await store.delete(tx, view_id)
    if before.shared:
        await audit.append(tx, scope, audit.Entry("view.deleted", f"view:{view_id}", _told(before)))
    return before


async def choose(
    tx: Tx, scope: Scope, view_id: int, *, is_default: bool | None = None, pin: Pin | None = None
) -> SavedView:
    """Have a view open at first on its list, or pin it; for oneself alone. None leaves what was chosen."""
    found = await one(tx, scope, view_id)
    await store.choose(tx, person_of(scope), found, is_default=is_default, pin=pin)
    return await one(tx, scope, view_id)


async def order(tx: Tx, scope: Scope, ids: Sequence[int]) -> list[SavedView]:
    """Put views in one's own order; those not named come after. Unknown ones are left out."""
    if len(ids) > MOST_OWN + MOST_SHARED:
        raise Invalid("These are too many.", [Problem("ids", "many", f"At most {MOST_OWN + MOST_SHARED}.")])
    seen = {view.id for view in await mine(tx, scope)}
    await store.order(tx, person_of(scope), [one for one in dict.fromkeys(ids) if one in seen])
    return await mine(tx, scope)


async def _to_alter(tx: Tx, scope: Scope, view_id: int) -> SavedView:
    found = await one(tx, scope, view_id)
    if not found.own and not scope.may(Permission.USER_WRITE):
        raise Forbidden(
            "This view belongs to somebody else.", advice="Open it and save it under a name of your own instead."
        )
    return found


async def _room(tx: Tx, owner: str | None, *, more_shared: bool) -> None:
    own, shared = await store.count(tx, owner or "")
    if owner and own >= MOST_OWN:
        raise Conflict(f"You have {MOST_OWN} views.", advice="Delete one that you no longer use.")
    if more_shared and shared >= MOST_SHARED:
        raise Conflict(f"{MOST_SHARED} views are shared.", advice="Have one deleted that nobody uses.")


def _check(problems: Sequence[Problem]) -> None:
    if problems:
        raise Invalid("This view cannot be kept.", problems)


def _told(view: SavedView) -> dict[str, object]:
    return {"path": view.path, "name": view.name, "query": view.query, "owner": view.owner, "shared": view.shared}
