"""Answers programs that ask for a resource that there is none of, where a page would answer people."""

from fastapi import APIRouter, Request

from tieline.platform.errors import NotFound


def unknown(*below: str) -> APIRouter:
    """A router that says so, as a problem, for every address below some; include it after all that do answer there."""
    router = APIRouter(include_in_schema=False)
    for prefix in below:
        router.add_api_route(f"{prefix}/{{address:path}}", _nothing, methods=["GET"])
    return router


async def _nothing(request: Request) -> None:
    raise NotFound(f"There is no resource {request.url.path[:200]}.")
