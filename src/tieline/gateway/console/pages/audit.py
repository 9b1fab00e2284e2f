"""The audit trail: what staff did about utilities, clients, notices, plans and one another."""

from typing import Annotated

from fastapi import Depends, Response

from tieline.console import audit, trail
from tieline.gateway.console.http import CurrentPerson, pages

router = pages()
_PLACES = {
    "utility": "/utilities/{name}",
    "client": "/clients/{name}",
    "notice": "/notices/{name}",
    "plan": "/plans/{name}",
}


@router.get("/audit")
async def every(
    page: CurrentPerson, asked: Annotated[trail.Asked, Depends(trail.asked)], after: audit.After = None
) -> Response:
    """The trail, newest first."""
    state = "What staff did: who, when, what. Changes of objects stand in the change log."
    return await audit.show_trail(page, asked, after, _PLACES, state=state)


@router.post("/audit/verify")
async def verify(page: CurrentPerson) -> Response:
    """Follow the whole chain and say what was found."""
    return await audit.show_verdict(page)


@router.get("/audit/{seq}")
async def entry(page: CurrentPerson, seq: audit.Seq) -> Response:
    """One entry, beside the list or as a page."""
    return await audit.show_entry(page, seq, _PLACES)
