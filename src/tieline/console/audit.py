"""The pages of an audit trail, in every console: the list, one entry, and the verdict on the whole chain."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Annotated, Any

from fastapi import Path, Query, Response

from tieline.console import trail
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.work import Evidence
from tieline.console.http import BasePage
from tieline.console.render import with_query
from tieline.platform import audit
from tieline.platform.db import Tx
from tieline.platform.errors import NotFound
from tieline.platform.paging import encode_cursor
from tieline.platform.scope import Permission, Scope, named

After = Annotated[str | None, Query(max_length=200)]
Seq = Annotated[int, Path(ge=1, le=2**63 - 2)]
_ROWS = 100
_HEAD = "Audit trail"
_BACK = (Crumb(_HEAD, "/audit"),)


Names = Callable[[Tx, Scope, Collection[str]], Awaitable[Mapping[str, str]]]
"""Finds what people call some subjects."""


async def show_trail(
    page: BasePage,
    asked: trail.Asked,
    after: str | None,
    places: trail.Places,
    *,
    state: str,
    exported: Evidence | None = None,
    names: Names | None = None,
) -> Response:
    """The trail, newest first; ``exported`` says where it goes besides, and stands on the first page.

    ``names`` finds what people call subjects.
    """
    async with page.db.snapshot() as tx:
        found = await audit.entries(tx, page.scope, asked.wanted(page.renderer.zone), cursor=after, limit=_ROWS)
        called = await names(tx, page.scope, {one.subject for one in found.items}) if names else {}
    first = with_query(page.url) if after else ""
    older = with_query(page.url, after=found.next) if found.next else ""
    verify = Action("Verify the trail", "/audit/verify", "shield-check", "primary", "post")
    return await page.show(
        "layout/audit/trail.html",
        current="audit",
        head=PageHead(_HEAD, state, actions=(verify,)),
        filters=trail.filters(page.url, asked),
        table=trail.trail(found, first, older, places, called),
        exported=None if after else exported,
    )


async def show_verdict(page: BasePage) -> Response:
    """Follow the whole chain and say what was found."""
    page.scope.require(Permission.AUDIT_READ)
    verdict = trail.verdict(await audit.judge(page.runtime), page.now)
    head = PageHead(_HEAD, "The result of following the whole chain.", _BACK)
    return await page.show("layout/audit/verdict.html", current="audit", head=head, verdict=verdict)


async def show_entry(page: BasePage, seq: int, places: trail.Places) -> Response:
    """One entry, beside the list or as a page. Raises ``NotFound``."""
    async with page.db.snapshot() as tx:
        found = await audit.entries(tx, page.scope, audit.Filter(), cursor=encode_cursor(seq + 1), limit=1)
    record = next(iter(found.items), None)
    if record is None or record.seq != seq:
        raise NotFound(f"The audit trail has no entry {seq}.")
    context: dict[str, Any] = {
        "record": record,
        "facts": trail.facts(record, places),
        "raw": trail.detail_json(record),
    }
    title, state = trail.action(record.action), f"Entry {seq}, by {named(record.actor)}"
    if page.is_sheet:
        return page.sheet("layout/audit/entry_sheet.html", title=title, state=state, **context)
    head = PageHead(title, state, _BACK)
    return await page.show("layout/audit/entry.html", current="audit", head=head, **context)
