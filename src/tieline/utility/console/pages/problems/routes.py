"""Answers for every address that no other page has. Its router is the last one."""

from fastapi import Request, Response

from tieline.platform.errors import NotFound
from tieline.utility.console.http import CurrentPage, pages, url_of

router = pages()


@router.get("/{address:path}")
async def nowhere(page: CurrentPage, request: Request) -> Response:
    """There is no such page; says so in the frame, so that one can go on from there."""
    del page
    raise NotFound(f"There is no page {url_of(request)[:200]}.")
