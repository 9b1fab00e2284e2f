"""Routes of changes: the list, and a change as contract, mission control and receipt, with its items and its log."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import Query, Response

from tieline.console.components.frame import Crumb
from tieline.console.components.tables import Paging
from tieline.console.render import with_query
from tieline.platform.db import Tx
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.changes import (
    acting,
    drafting,
    holding,
    itemising,
    looking,
    recording,
    ruling,
    showing,
    source,
)
from tieline.utility.console.pages.changes.views import listing, receipt
from tieline.utility.console.pages.changes.views.tally import UNDER_WAY

_TEMPLATES = "pages/changes/templates"
_ROWS, _MOST_KEPT = 50, 2000
Ended = tuple[int, datetime | None]
"""A change and when it ended: a change that is tried again ends anew."""
_HOME = Crumb("Changes", "/changes")
Words = Annotated[list[str] | None, Query(max_length=100)]
Cursor = Annotated[str | None, Query(max_length=200)]
Text = Annotated[str, Query(max_length=200)]

router = pages()
router.include_router(drafting.router)
router.include_router(holding.router)
router.include_router(looking.router)
router.include_router(recording.router)
router.include_router(ruling.router)


@router.get("/changes")
async def changes(
    page: CurrentPage, state: Words = None, kind: Words = None, q: Text = "", after: Cursor = None
) -> Response:
    """The list."""
    states, kinds = state or [], kind or []
    async with page.db.snapshot() as tx:
        found = await source.page(tx, page.scope, states=states, kinds=kinds, text=q, cursor=after, limit=_ROWS)
        rows = [await _listed(tx, page, change) for change in found.items]
    known = {one.name: one.title for one in source.KINDS.all()}
    paging = Paging(
        newer=with_query(page.url) if after else "",
        older=with_query(page.url, after=found.next) if found.next else "",
        shown=listing.shown(rows, more=bool(found.next)),
        newer_label="Newest",
    )
    return await page.show(
        f"{_TEMPLATES}/list.html",
        current="changes",
        head=listing.head(page.scope),
        filters=listing.filters(page.url, states, kinds, q, known),
        table=listing.table(rows, known, paging, filtered=bool(states or kinds or q)),
    )


async def _listed(tx: Tx, page: Page, change: source.Change) -> listing.Listed:
    """A change of the list with its items counted, once it was started; those of one that is over are kept."""
    if change.started_at is None:
        return listing.Listed(change)
    state = page.request.app.state
    kept: dict[Ended, Mapping[str, int]] = getattr(state, "console_ended_changes", None) or {}
    state.console_ended_changes = kept
    key = (change.id, change.ended_at)
    if key in kept:
        return listing.Listed(change, kept[key])
    pace = await source.progress(tx, page.scope, page.runtime.clock, change.id)
    if change.ended_at and not sum(pace.counts.get(one, 0) for one in UNDER_WAY):
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        kept[key] = pace.counts
    return listing.Listed(change, pace.counts)


@router.get("/changes/{change_id}")
async def change(page: CurrentPage, change_id: int) -> Response:
    """One change, in whichever of its lives it is."""
    async with page.db.snapshot() as tx:
        found = await showing.read(tx, page, change_id)
    life = showing.life(found.change)
    context = showing.context(page, found)
    return await page.show(f"{_TEMPLATES}/{life}.html", current="changes", **context)


@router.get("/changes/{change_id}/live")
async def live(page: CurrentPage, change_id: int, seen: Text = "") -> Response:
    """What the page of a change fetches again and again; once the state is another, the whole page is fetched."""
    async with page.db.snapshot() as tx:
        found = await showing.read(tx, page, change_id, with_items=False)
    if found.change.state.value != seen:
        return Response(status_code=200, headers={"HX-Refresh": "true", "Cache-Control": "no-store"})
    if showing.life(found.change) == "contract":
        return page.fragment(f"{_TEMPLATES}/waiting.html", **showing.waiting(found))
    return page.fragment(f"{_TEMPLATES}/live.html", **showing.live(page, found))


@router.get("/changes/{change_id}/log")
async def log(page: CurrentPage, change_id: int) -> Response:
    """Everything that was done to a change."""
    async with page.db.snapshot() as tx:
        found = await showing.read(tx, page, change_id, with_items=False)
    head = showing.head(page, found, "log")
    return await page.show(f"{_TEMPLATES}/log.html", current="changes", head=head, table=receipt.log(found.log))


router.include_router(itemising.router)
router.include_router(acting.router)
