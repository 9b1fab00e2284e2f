"""Routes of probes: the list, its file, asking again."""

import uuid
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Response
from fastapi.responses import StreamingResponse

from tieline.platform.db import Tx
from tieline.platform.errors import Invalid, Problem
from tieline.platform.scope import Permission
from tieline.utility import probing
from tieline.utility.console.filters import MOST_DIGITS, pairs_of
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.changes.views.items import csv_line
from tieline.utility.console.pages.parts import lists
from tieline.utility.console.pages.parts.facets import facets
from tieline.utility.console.pages.probes import views
from tieline.utility.probing import AnswerFilter

router = pages()
_AT_ONCE, _LONGEST, _MOST_VALUES = 2000, 100, 50
_FRESH = timedelta(seconds=20)
_FLAGS = {"1": True, "0": False}


def asked_for(query: str, now: datetime) -> AnswerFilter:
    """The answers that a query string asks for. Values that nothing has match nothing."""
    pairs = pairs_of(query)
    many: dict[str, list[str]] = {}
    for key, value in pairs:
        many.setdefault(key, []).append(value)

    def last(key: str) -> str:
        return many.get(key, [""])[-1]

    older = views.OLDER.get(last("older"))
    site = last("site")
    return AnswerFilter(
        ok=_FLAGS.get(last("ok")),
        whys=tuple(many.get("why", ())[:_MOST_VALUES]),
        operators=tuple(many.get("operator", ())[:_MOST_VALUES]),
        regions=tuple(many.get("region", ())[:_MOST_VALUES]),
        before=now - older[1] if older else None,
        waiting=_FLAGS.get(last("waiting")),
        text=last("q").replace("\0", "").strip()[:_LONGEST],
        site_id=int(site) if site.isdecimal() and len(site) <= MOST_DIGITS else None,
    )


@router.get("/probes")
async def probes(page: CurrentPage) -> Response:
    """The last answers, the newest first."""
    query = page.request.url.query
    wanted = asked_for(query, page.now)
    async with page.db.snapshot() as tx:
        found = await probing.answer_page(tx, page.scope, wanted, cursor=lists.cursor_of(page.url), limit=lists.ROWS)
        choices = await facets(page, tx)
    whole = found.next is None and lists.cursor_of(page.url) is None
    matching = len(found.items) if whole else await _matching(page, wanted, query)

    async def count(tx: Tx) -> dict[str, int]:
        return await probing.answer_counts(tx, page.scope)

    counts = await page.counted("probes", count, fresh=_FRESH)
    return await page.show(
        "pages/parts/list.html",
        current="probes",
        head=views.head(counts.value if counts else None),
        bar=views.bar(page, wanted, choices),
        table=views.table(
            page, found.items, lists.paging(page.url, found, "application", matching), matching or len(found.items)
        ),
    )


async def _matching(page: Page, wanted: AnswerFilter, query: str) -> int | None:
    async def count(tx: Tx) -> int:
        return await probing.count_answers(tx, page.scope, wanted)

    kept = "&".join(f"{key}={value}" for key, value in parse_qsl(query) if key in views.KEYS)
    found = await page.counted(f"probes?{kept}", count, fresh=_FRESH)
    return found.value if found else None


@router.get("/probes.csv")
async def probes_csv(page: CurrentPage) -> Response:
    """The answers that fit, as a file."""
    page.scope.require(Permission.INVENTORY_READ)
    name = f"probes-{page.now:%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    content = _csv(page, asked_for(page.request.url.query, page.now))
    return StreamingResponse(content, media_type="text/csv; charset=utf-8", headers=headers)


async def _csv(page: Page, wanted: AnswerFilter) -> AsyncIterator[bytes]:
    """Some answers at a time, each time in a transaction of its own: a slow reader holds none open."""
    yield csv_line(views.CSV_COLUMNS)
    cursor: str | None = None
    while True:
        async with page.db.snapshot() as tx:
            found = await probing.answer_page(tx, page.scope, wanted, cursor=cursor, limit=_AT_ONCE)
        yield b"".join(csv_line(views.csv_cells(one)) for one in found.items)
        cursor = found.next
        if cursor is None:
            return


@router.post("/probes/ask")
async def ask(page: CurrentPage) -> Response:
    """Have the chosen applications asked again, or all that match."""
    typed: Any = await page.form(fields=lists.ROWS * 2 + 20)
    query = str(typed.get("query", ""))[:4000]
    async with page.db.transaction() as tx:
        if typed.get("all_matching") == "1":
            ids = await probing.matching_ids(tx, page.scope, asked_for(query, page.now))
        else:
            ids = [int(one) for one in typed.getlist("id") if str(one).isdecimal() and len(one) <= MOST_DIGITS]
        if not ids:
            raise Invalid("Nothing was chosen.", [Problem("id", "required", "Choose at least one application.")])
        await probing.ask_by_hand(tx, page.scope, ids, key=uuid.uuid4().hex, clock=page.runtime.clock)
    return page.redirect(f"/probes?{query}" if query else "/probes")
