"""Routes of the audit trail's pages."""

from typing import Annotated, Any

from fastapi import Depends, Query, Response

from tieline.console import trail as views
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.render import with_query
from tieline.platform import audit, siem
from tieline.platform.errors import NotFound
from tieline.platform.paging import encode_cursor
from tieline.platform.scope import Permission, named
from tieline.platform.siem.routes import SOURCES
from tieline.utility.console.http import CurrentPage, pages

_TEMPLATES = "layout/audit"
_ROWS = 100
_HEAD = "Audit trail"

_PLACES = {
    "change": "/changes/{}",
    "notice": "/notices/{}",
    "user": "/users/{}",
    "account": "/users/{}",
    "site": "/sites/{}",
    "subscription": "/subscriptions/{}",
    "card": "/cards/{}",
    "device": "/devices/{}",
    "import": "/imports/{}",
    "operator": "/operators/{}",
}

router = pages()


@router.get("/audit")
async def trail(
    page: CurrentPage,
    asked: Annotated[views.Asked, Depends(views.asked)],
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """The trail, newest first."""
    async with page.db.snapshot() as tx:
        found = await audit.entries(tx, page.scope, asked.wanted(page.renderer.zone), cursor=after, limit=_ROWS)
        exported = await siem.state(tx, page.scope, siem.destination_of(page.runtime.settings), SOURCES)
    first = with_query(page.url) if after else ""
    older = f"{with_query(page.url, after=found.next)}" if found.next else ""
    head = PageHead(
        _HEAD,
        "Everything that altered anything: who, when, what. Entries are chained by hashes, and cannot be altered here.",
        actions=(Action("Verify the trail", "/audit/verify", "shield-check", "primary", "post"),),
    )
    return await page.show(
        f"{_TEMPLATES}/trail.html",
        current="audit",
        head=head,
        filters=views.filters(page.url, asked),
        table=views.trail(found, first, older, _PLACES),
        exported=None if after else views.exported(exported),
    )


@router.post("/audit/verify")
async def verify(page: CurrentPage) -> Response:
    """Follow the whole chain and say what was found."""
    page.scope.require(Permission.AUDIT_READ)
    verdict = views.verdict(await audit.judge(page.runtime), page.now)
    head = PageHead(_HEAD, "The result of following the whole chain.", (Crumb(_HEAD, "/audit"),))
    return await page.show(f"{_TEMPLATES}/verdict.html", current="audit", head=head, verdict=verdict)


@router.get("/audit/{seq}")
async def entry(page: CurrentPage, seq: int) -> Response:
    """One entry, beside the list or as a page."""
    async with page.db.snapshot() as tx:
        found = await audit.entries(tx, page.scope, audit.Filter(), cursor=encode_cursor(seq + 1), limit=1)
    record = next(iter(found.items), None)
    if record is None or record.seq != seq:
        raise NotFound(f"The audit trail has no entry {seq}.")
    context: dict[str, Any] = {
        "record": record,
        "facts": views.facts(record, _PLACES),
        "raw": views.detail_json(record),
    }
    title, state = views.action(record.action), f"Entry {seq}, by {named(record.actor)}"
    if page.is_sheet:
        return page.sheet(f"{_TEMPLATES}/entry_sheet.html", title=title, state=state, **context)
    head = PageHead(title, state, (Crumb(_HEAD, "/audit"),))
    return await page.show(f"{_TEMPLATES}/entry.html", current="audit", head=head, **context)
