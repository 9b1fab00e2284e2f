"""Routes of the items of a change: in pages, as a file, one by one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Query, Response
from fastapi.responses import StreamingResponse

from tieline.console.components.formats import plural
from tieline.console.components.frame import Crumb, PageHead
from tieline.console.components.tables import Empty, Paging
from tieline.console.render import with_query
from tieline.platform.errors import NotFound
from tieline.platform.paging import encode_cursor
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.changes import showing, source
from tieline.utility.console.pages.changes.views import items, words
from tieline.utility.console.pages.parts import lists

_TEMPLATES = "pages/changes/templates"
_ROWS, _AT_ONCE = 50, 1000
Words = Annotated[list[str] | None, Query(max_length=100)]
Numbers = Annotated[list[int] | None, Query(max_length=200)]
Cursor = Annotated[str | None, Query(max_length=200)]

router = pages()


@dataclass(frozen=True, slots=True)
class Asked:
    """Which items the URL asks for."""

    chosen: dict[str, list[str]]
    region: tuple[str, ...]

    @property
    def wanted(self) -> source.ItemFilter:
        """As the changes context takes it."""
        of = self.chosen
        return source.ItemFilter(
            states=tuple(of["state"]),
            reasons=tuple(of["reason"]),
            operators=tuple(of["operator"]),
            regions=self.region,
            waves=tuple(int(one) for one in of["wave"]),
            text="".join(of["q"]),
        )

    @property
    def narrowed(self) -> bool:
        """Whether anything narrows the list."""
        return any(self.chosen.values()) or bool(self.region)


async def _asked(
    *,
    state: Words = None,
    reason: Words = None,
    operator: Words = None,
    region: Words = None,
    wave: Numbers = None,
    q: Annotated[str, Query(max_length=200)] = "",
) -> Asked:
    waves = [str(one) for one in wave or () if 0 <= one < 2**31]
    chosen = {"state": state or [], "reason": reason or [], "operator": operator or [], "wave": waves}
    return Asked({**chosen, "q": [q] if q else []}, tuple(region or ()))


WhichItems = Annotated[Asked, Depends(_asked)]


@router.get("/changes/{change_id}/items")
async def change_items(page: CurrentPage, change_id: int, asked: WhichItems, after: Cursor = None) -> Response:
    """The items of a change, in pages."""
    async with page.db.snapshot() as tx:
        found = await showing.read(tx, page, change_id, with_items=False)
        rows = await source.item_page(tx, page.scope, change_id, asked.wanted, cursor=after, limit=_ROWS)
    paging = Paging(
        newer=with_query(page.url) if after else "",
        older=with_query(page.url, after=rows.next) if rows.next else "",
        shown=f"{plural(len(rows.items), 'subscription')}{', and more' if rows.next else ''}" if rows.items else "",
        newer_label="First page",
        older_label="Next",
    )
    return await page.show(
        f"{_TEMPLATES}/items.html",
        current="changes",
        head=showing.head(page, found, "items"),
        filters=items.filters(page.url, asked.chosen, found.tally, found.detail.reasons),
        diff=items.diff(change_id, rows.items, ran=found.change.started_at is not None),
        paging=paging,
        csv_href=f"/changes/{change_id}/items.csv?{page.request.url.query}",
        empty=lists.no_match("No subscription matches", page.request.url.path)
        if asked.narrowed
        else Empty("Nothing is planned yet", "The items appear here once the change is planned."),
    )


@router.get("/changes/{change_id}/items.csv")
async def items_csv(page: CurrentPage, change_id: int, asked: WhichItems) -> Response:
    """The items that fit, as a file."""
    async with page.db.snapshot() as tx:
        await source.detail(tx, page.scope, change_id)
    headers = {"Content-Disposition": f'attachment; filename="change-{change_id}.csv"', "Cache-Control": "no-store"}
    content = _csv(page, change_id, asked.wanted)
    return StreamingResponse(content, media_type="text/csv; charset=utf-8", headers=headers)


async def _csv(page: Page, change_id: int, wanted: source.ItemFilter) -> AsyncIterator[bytes]:
    """A page of items at a time, each read in a transaction of its own: a slow reader holds none open."""
    yield items.csv_line(items.CSV_COLUMNS)
    cursor: str | None = None
    while True:
        async with page.db.snapshot() as tx:
            found = await source.item_page(tx, page.scope, change_id, wanted, cursor=cursor, limit=_AT_ONCE)
        yield b"".join(items.csv_line(items.csv_cells(row)) for row in found.items)
        cursor = found.next
        if cursor is None:
            return


@router.get("/changes/{change_id}/items/{position}")
async def change_item(page: CurrentPage, change_id: int, position: int) -> Response:
    """One item, by its place in the plan."""
    async with page.db.snapshot() as tx:
        found = await source.detail(tx, page.scope, change_id)
        before = encode_cursor(position - 1)
        rows = await source.item_page(tx, page.scope, change_id, source.ItemFilter(), cursor=before, limit=1)
    row = next((one for one in rows.items if one["position"] == position), None)
    if row is None:
        raise NotFound(f"Change {change_id} has no item {position}.")
    context: dict[str, Any] = {
        "one": items.diff(change_id, [row], ran=found.change.started_at is not None),
        "facts": items.facts(row),
        "evidence": items.evidence(row),
    }
    title, state = items.label(row), words.badge(words.ITEM_STATES, row["state"]).word
    if page.is_sheet:
        return page.sheet(f"{_TEMPLATES}/item_sheet.html", title=title, state=state, **context)
    crumbs = (
        Crumb("Changes", "/changes"),
        Crumb(found.change.title, f"/changes/{change_id}"),
        Crumb("Subscriptions", items.href(change_id)),
    )
    head = PageHead(title, state, crumbs)
    return await page.show(f"{_TEMPLATES}/item.html", current="changes", head=head, **context)
