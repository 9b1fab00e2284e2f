"""All SQL of saved views."""

from collections.abc import Sequence
from typing import Any

from psycopg.errors import UniqueViolation

from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value, lock_key
from tieline.platform.errors import Conflict
from tieline.utility.views.model import NewView, Pin, SavedView, ViewEdit

_SEEN = """SELECT v.id, v.list_key, v.path, v.name, v.query, v.hidden, v.owner, v.shared, v.updated_at,
        coalesce(c.is_default, false) AS is_default, coalesce(c.pin, 'none') AS pin, c.position,
        v.owner = %(person)s AS own
    FROM saved_view v LEFT JOIN saved_view_choice c ON c.view_id = v.id AND c.person = %(person)s
    WHERE (v.owner = %(person)s OR v.shared) AND v.list_key = ANY(%(lists)s)"""
_ORDER = " ORDER BY c.position NULLS LAST, v.owner <> %(person)s, lower(v.name), v.id"


def _view(row: dict[str, Any]) -> SavedView:
    hidden = row["hidden"]
    return SavedView(**{**row, "pin": Pin(row["pin"]), "hidden": None if hidden is None else tuple(hidden)})


async def of_person(
    tx: Tx, person: str, lists: Sequence[str], *, path: str | None = None, pinned: bool = False
) -> list[SavedView]:
    """Views that somebody sees: of all lists, of one path, or (``pinned``) of that path and those in the navigation."""
    narrowed = " AND (%(path)s::text IS NULL OR v.path = %(path)s)"
    if pinned:
        narrowed = " AND (v.path = %(path)s OR c.pin = 'navigation')"
    bound = {"person": person, "lists": list(lists), "path": path}
    return [_view(row) for row in await fetch_all(tx, _SEEN + narrowed + _ORDER, bound)]


async def one(tx: Tx, person: str, lists: Sequence[str], view_id: int) -> SavedView | None:
    """A view, if this person sees it."""
    bound = {"person": person, "lists": list(lists), "id": view_id}
    row = await fetch_one(tx, _SEEN + " AND v.id = %(id)s", bound)
    return _view(row) if row else None


async def count(tx: Tx, owner: str) -> tuple[int, int]:
    """How many views somebody has, and how many all have shared; nobody adds one until this transaction ends."""
    await execute(tx, "SELECT pg_advisory_xact_lock(%s)", [lock_key("saved views")])
    row = await fetch_one(
        tx,
        """SELECT count(*) FILTER (WHERE owner = %s) AS own, count(*) FILTER (WHERE shared) AS shared
           FROM saved_view""",
        [owner],
    )
    return (row["own"], row["shared"]) if row else (0, 0)


async def add(tx: Tx, owner: str, list_key: str, view: NewView) -> int:
    """Keep a view; gives its number. Raises ``Conflict`` where the owner has one of that name for the list."""
    try:
        async with tx.transaction():
            number = await fetch_value(
                tx,
                """INSERT INTO saved_view (list_key, path, name, query, hidden, owner, shared)
                   VALUES (%(list_key)s, %(path)s, %(name)s, %(query)s, %(hidden)s, %(owner)s, %(shared)s)
                   RETURNING id""",
                {
                    "list_key": list_key,
                    "path": view.path,
                    "name": view.name,
                    "query": view.query,
                    "hidden": None if view.hidden is None else list(view.hidden),
                    "owner": owner,
                    "shared": view.shared,
                },
            )
    except UniqueViolation as error:
        raise taken(view.name) from error
    return int(number)


async def change(tx: Tx, view_id: int, edit: ViewEdit) -> None:
    """Alter a view. What is None stays. Raises ``Conflict`` for a name that the owner has already."""
    try:
        async with tx.transaction():
            await execute(
                tx,
                """UPDATE saved_view SET name = coalesce(%(name)s, name), query = coalesce(%(query)s, query),
                       hidden = coalesce(%(hidden)s::text[], hidden), shared = coalesce(%(shared)s, shared),
                       updated_at = now()
                   WHERE id = %(id)s""",
                {
                    "id": view_id,
                    "name": edit.name,
                    "query": edit.query,
                    "hidden": None if edit.hidden is None else list(edit.hidden),
                    "shared": edit.shared,
                },
            )
    except UniqueViolation as error:
        raise taken(edit.name or "") from error


async def unshare(tx: Tx, view_id: int, owner: str) -> None:
    """Forget what others chose about a view that they see no more."""
    await execute(tx, "DELETE FROM saved_view_choice WHERE view_id = %s AND person <> %s", [view_id, owner])


async def delete(tx: Tx, view_id: int) -> None:
    """Take a view away, with what people chose about it."""
    await execute(tx, "DELETE FROM saved_view WHERE id = %s", [view_id])


async def choose(tx: Tx, person: str, view: SavedView, *, is_default: bool | None, pin: Pin | None) -> None:
    """What somebody wants of a view. A list has one view at most that opens at first."""
    await execute(tx, "SELECT pg_advisory_xact_lock(%s)", [lock_key(f"saved views of {person}")])
    if is_default:
        await execute(
            tx,
            "UPDATE saved_view_choice SET is_default = false WHERE person = %s AND path = %s AND is_default",
            [person, view.path],
        )
    await execute(
        tx,
        """INSERT INTO saved_view_choice AS c (person, view_id, path, is_default, pin)
           VALUES (%(person)s, %(id)s, %(path)s, coalesce(%(is_default)s, false), coalesce(%(pin)s, 'none'))
           ON CONFLICT (person, view_id) DO UPDATE SET is_default = coalesce(%(is_default)s, c.is_default),
               pin = coalesce(%(pin)s, c.pin)""",
        {"person": person, "id": view.id, "path": view.path, "is_default": is_default, "pin": pin},
    )


async def order(tx: Tx, person: str, ids: Sequence[int]) -> None:
    """Put somebody's views in this order; those that are not named come after."""
    await execute(tx, "SELECT pg_advisory_xact_lock(%s)", [lock_key(f"saved views of {person}")])
    await execute(tx, "UPDATE saved_view_choice SET position = NULL WHERE person = %s", [person])
    await execute(
        tx,
        """INSERT INTO saved_view_choice (person, view_id, path, position)
           SELECT %(person)s, v.id, v.path, o.place
           FROM unnest(%(ids)s::bigint[]) WITH ORDINALITY AS o(id, place) JOIN saved_view v ON v.id = o.id
           ON CONFLICT (person, view_id) DO UPDATE SET position = excluded.position""",
        {"person": person, "ids": list(ids)},
    )


def taken(name: str) -> Conflict:
    """The error of a second view of one name."""
    return Conflict(f"There is a view \u201c{name}\u201d of this list already.", advice="Give it another name.")
