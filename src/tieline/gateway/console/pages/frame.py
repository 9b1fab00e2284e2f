"""Tells every open page, twice a minute, whom notifications reach and which plans run."""

from fastapi import Response

from tieline.gateway.console.http import CurrentPerson, pages

router = pages()


@router.get("/frame/status")
async def status(page: CurrentPerson) -> Response:
    """The top bar's moving part."""
    return page.fragment("layout/status.html", frame=await page.frame())
