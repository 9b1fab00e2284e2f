"""Routes of the audit trail's pages."""

from typing import Annotated

from fastapi import Depends, Response

from tieline.console import audit, trail
from tieline.platform import siem
from tieline.platform.siem.routes import SOURCES
from tieline.utility.console.http import CurrentPage, pages
from tieline.utility.console.pages.parts.subjects import PLACES, names

_STATE = "Everything that altered anything: who, when, what. Entries are chained by hashes, and cannot be altered here."

router = pages()


@router.get("/audit")
async def every(
    page: CurrentPage, asked: Annotated[trail.Asked, Depends(trail.asked)], after: audit.After = None
) -> Response:
    """The trail, newest first."""
    async with page.db.snapshot() as tx:
        sent = await siem.state(tx, page.scope, siem.destination_of(page.runtime.settings), SOURCES)
    return await audit.show_trail(page, asked, after, PLACES, state=_STATE, exported=trail.exported(sent), names=names)


@router.post("/audit/verify")
async def verify(page: CurrentPage) -> Response:
    """Follow the whole chain and say what was found."""
    return await audit.show_verdict(page)


@router.get("/audit/{seq}")
async def entry(page: CurrentPage, seq: audit.Seq) -> Response:
    """One entry, beside the list or as a page."""
    return await audit.show_entry(page, seq, PLACES)
