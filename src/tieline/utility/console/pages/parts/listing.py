"""A list of one kind of thing: chips, keyset pages, sorting, columns, selection, CSV; all of its state in the URL."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from fastapi import Response
from fastapi.responses import StreamingResponse

from tieline.console.components.formats import plural
from tieline.console.components.frame import Action, PageHead, Tab
from tieline.console.components.tables import Column, Row, Table
from tieline.console.render import with_query
from tieline.platform.db import Tx
from tieline.platform.paging import Page as Rows
from tieline.utility import inventory
from tieline.utility.console import filters
from tieline.utility.console.http import Page
from tieline.utility.console.pages.parts import lists
from tieline.utility.console.pages.parts.facets import facets
from tieline.utility.inventory import ExportForm, Kind

FRESH = timedelta(seconds=15)
"""How long a count of what fits is taken for the present one."""
TEMPLATE = "pages/parts/list.html"


@dataclass(frozen=True, slots=True)
class Listing:
    """How a kind is listed. ``sorts`` are names of orders by the column whose header asks for them.

    ``how`` says on an empty list what would fill it; ``imported`` is the kind of file that does.
    """

    kind: Kind
    path: str
    current: str
    title: str
    noun: str
    columns: Sequence[Column]
    rows: Callable[[Sequence[Mapping[str, Any]]], list[Row]]
    filters: Sequence[str]
    pinned: Sequence[str]
    how: str
    imported: str
    sorts: Mapping[str, str] = field(default_factory=dict)
    selectable: bool = False


async def show(
    page: Page, listing: Listing, *, tabs: tuple[Tab, ...] = (), actions: tuple[Action, ...] = ()
) -> Response:
    """The list's page, or its table alone for a script that renews it."""
    query = page.request.url.query
    async with page.db.snapshot() as tx:
        rows, matching = await read(page, tx, listing)
        choices = await facets(page, tx)
    table = table_of(page, listing, rows, matching)
    if page.is_fragment and not page.is_sheet:
        return page.fragment("pages/parts/table.html", table=table)
    narrowed = "fit these filters" if filters.filter_query(query) else "in all"
    state = f"{plural(matching, listing.noun)} {narrowed}." if matching is not None else ""
    bar = filters.bar(page.url, listing.filters, choices, pinned=listing.pinned)
    head = PageHead(listing.title, state, actions=actions, tabs=tabs)
    return await page.show(TEMPLATE, current=listing.current, head=head, bar=bar, table=table)


async def read(page: Page, tx: Tx, listing: Listing) -> tuple[Rows[dict[str, Any]], int | None]:
    """The rows that the URL asks for, and how many fit in all; None while that is counted for the first time."""
    wanted = filters.fleet_filter(page.request.url.query)
    order, cursor = _sort(page.url, listing), lists.cursor_of(page.url)
    rows = await inventory.list_things(
        tx, page.scope, listing.kind, wanted, sort=order, cursor=cursor, limit=lists.ROWS
    )
    if rows.next is None and cursor is None:
        return rows, len(rows.items)

    async def count(own: Tx) -> int:
        return await inventory.count_things(own, page.scope, listing.kind, wanted)

    name = f"{listing.path}?{filters.filter_query(page.request.url.query)}"
    matching = await page.counted(name, count, fresh=FRESH)
    return rows, matching.value if matching else None


def table_of(page: Page, listing: Listing, rows: Rows[dict[str, Any]], matching: int | None) -> Table:
    """The table of some rows; while nobody knows how many fit, it fetches itself again."""
    noun = listing.noun
    shown = len(rows.items) if matching is None else matching
    selection = lists.selection(page, shown, noun) if listing.selectable else None
    query = filters.filter_query(page.request.url.query)
    return Table(
        listing.current,
        listing.title,
        tuple(_sortable(page.url, listing, column) for column in listing.columns),
        listing.rows(rows.items),
        lists.paging(page.url, rows, noun, matching),
        selection,
        csv_href=f"{listing.path}.csv?{query}" if rows.items else "",
        empty=lists.empty(page, noun, keys=listing.filters, how=listing.how, kind=listing.imported),
        fresh_href=page.url if matching is None else "",
        fresh_trigger="load delay:300ms" if matching is None else "",
    )


def csv(page: Page, listing: Listing) -> Response:
    """Everything that fits, as a file."""
    wanted = filters.fleet_filter(page.request.url.query)
    content = inventory.export_things(page.db, page.scope, listing.kind, wanted, ExportForm.CSV)
    name = f"{listing.path.strip('/').replace('/', '-')}-{page.now:%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(content, media_type=ExportForm.CSV.media_type, headers=headers)


def _sort(url: str, listing: Listing) -> str | None:
    """The order that the URL asks for; one that the list does not have is left alone."""
    asked = next((value for key, value in filters.pairs_of(url.partition("?")[2]) if key == "sort"), None)
    return asked if asked and asked.removeprefix("-") in listing.sorts.values() else None


def _sortable(url: str, listing: Listing, column: Column) -> Column:
    """The column with its header leading to the list in its order; a second press turns the order round."""
    name = listing.sorts.get(column.key)
    if name is None:
        return column
    present = _sort(url, listing) or next(iter(listing.sorts.values()))
    rising, falling = present == name, present == f"-{name}"
    first = f"-{name}" if column.numeric else name
    second = name if column.numeric else f"-{name}"
    following = second if present == first else first
    return replace(
        column, sort_href=with_query(url, sort=following), sorted="asc" if rising else "desc" if falling else ""
    )
