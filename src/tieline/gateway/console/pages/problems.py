"""Answers for every address that no other page has. Its router is the last one."""

from fastapi import Request, Response

from tieline.gateway.console.http import CurrentPerson, pages, url_of
from tieline.platform.errors import NotFound

router = pages()


@router.get("/{address:path}")
async def nowhere(page: CurrentPerson, request: Request) -> Response:
    """There is no such page; says so in the frame, so that one can go on from there."""
    del page
    raise NotFound(f"There is no page {url_of(request)[:200]}.")
