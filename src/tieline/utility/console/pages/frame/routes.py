"""Tells every open page, twice a minute, how fresh the feeds are and which changes run."""

from fastapi import Response

from tieline.utility.console.http import CurrentPage, pages

router = pages()


@router.get("/frame/status")
async def status(page: CurrentPage) -> Response:
    """The top bar's moving part."""
    return page.fragment("layout/status.html", frame=await page.frame())
