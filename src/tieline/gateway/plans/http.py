"""What the endpoints of plan management share: routes by path, identifiers and names out of a request."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tieline.gateway.northbound.answers import PLANNING, answer, consumer_of, read_body
from tieline.gateway.northbound.once import once
from tieline.gateway.parts import Parts
from tieline.gateway.plans.faults import unusable
from tieline.platform.db import Tx
from tieline.standards.mns.errors import MnsError
from tieline.standards.mns.patch import MERGE_PATCH
from tieline.standards.mns.plans import MAX_NAME
from tieline.standards.mns.scope import JSON, media_type_of

Endpoint = Callable[[Request], Awaitable[Response]]


class Endpoints:
    """A family of endpoints of one gateway."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._root = f"{parts.base_url}{PLANNING}"

    async def _body(self, request: Request) -> bytes:
        """Read a JSON body; one without a media type is taken for it. Raises ``MnsError`` (415) for another one."""
        media_type = media_type_of(request.headers.get("content-type"))
        if media_type not in {"", JSON, MERGE_PATCH if request.method == "PATCH" else JSON}:
            raise MnsError(f"The body has to be {JSON}, not {media_type[:80]!r}.", status=415)
        return await read_body(request, self._parts.settings.body_bytes)

    async def _once(self, request: Request, body: bytes, work: Callable[[Tx], Awaitable[Response]]) -> Response:
        async with self._parts.db.transaction() as tx:
            return await once(
                tx, consumer_of(request), request, body, now=self._parts.clock.now(), work=lambda: work(tx)
            )

    def _created(self, collection: str, made: Any) -> Response:
        return answer(made, 201, headers={"Location": f"{self._root}/{collection}/{made.id}"})


def route(path: str, **endpoints: Endpoint) -> Route:
    """Serve one path; a method that is not among the endpoints is answered 405."""

    async def dispatch(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await endpoints[method](request)

    return Route(f"{PLANNING}{path}", dispatch, methods=list(endpoints))


def id_of(request: Request) -> str:
    """Give the identifier that stands in the path."""
    identifier: str = request.path_params["id"]
    return identifier


def name_of(request: Request) -> str | None:
    """Give the name that a list is asked for. Raises ``PlanError`` (400) for one that nothing can have."""
    name = request.query_params.get("name")
    if name is not None and (len(name) > MAX_NAME or "\x00" in name):
        raise unusable(f"name has at most {MAX_NAME} characters", "name")
    return name
