"""The audit trail: what staff did about utilities, clients, notices, plans and one another."""

from typing import Annotated, Any

from fastapi import Depends, Query, Response

from tieline.console import trail as parts
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.render import with_query
from tieline.gateway.console.http import CurrentPerson, pages
from tieline.platform import audit
from tieline.platform.errors import NotFound
from tieline.platform.paging import encode_cursor
from tieline.platform.scope import Permission, named

router = pages()
_ROWS = 100
_HEAD = "Audit trail"
_PAGES = {
    "utility": "/utilities/{name}",
    "client": "/clients/{name}",
    "notice": "/notices/{name}",
    "plan": "/plans/{name}",
}


@router.get("/audit")
async def trail(
    page: CurrentPerson,
    asked: Annotated[parts.Asked, Depends(parts.asked)],
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """The trail, newest first."""
    async with page.db.snapshot() as tx:
        found = await audit.entries(tx, page.scope, asked.wanted(page.renderer.zone), cursor=after, limit=_ROWS)
    first = with_query(page.url) if after else ""
    older = f"{with_query(page.url, after=found.next)}" if found.next else ""
    head = PageHead(
        _HEAD,
        "What staff did: who, when, what. Changes of objects stand in the change log.",
        actions=(Action("Verify the trail", "/audit/verify", "shield-check", "primary", "post"),),
    )
    return await page.show(
        "layout/audit/trail.html",
        current="audit",
        head=head,
        filters=parts.filters(page.url, asked),
        table=parts.trail(found, first, older, _PAGES),
        exported=None,
    )


@router.post("/audit/verify")
async def verify(page: CurrentPerson) -> Response:
    """Follow the whole chain and say what was found."""
    page.scope.require(Permission.AUDIT_READ)
    verdict = parts.verdict(await audit.judge(page.runtime), page.now)
    head = PageHead(_HEAD, "The result of following the whole chain.", (Crumb(_HEAD, "/audit"),))
    return await page.show("layout/audit/verdict.html", current="audit", head=head, verdict=verdict)


@router.get("/audit/{seq}")
async def entry(page: CurrentPerson, seq: int) -> Response:
    """One entry, beside the list or as a page."""
    async with page.db.snapshot() as tx:
        found = await audit.entries(tx, page.scope, audit.Filter(), cursor=encode_cursor(seq + 1), limit=1)
    record = next(iter(found.items), None)
    if record is None or record.seq != seq:
        raise NotFound(f"The audit trail has no entry {seq}.")
    context: dict[str, Any] = {"record": record, "facts": parts.facts(record, _PAGES), "raw": parts.detail_json(record)}
    title, state = parts.action(record.action), f"Entry {seq}, by {named(record.actor)}"
    if page.is_sheet:
        return page.sheet("layout/audit/entry_sheet.html", title=title, state=state, **context)
    head = PageHead(title, state, (Crumb(_HEAD, "/audit"),))
    return await page.show("layout/audit/entry.html", current="audit", head=head, **context)
