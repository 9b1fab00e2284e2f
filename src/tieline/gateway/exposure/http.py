"""What the endpoints of the northbound APIs share: paths, who calls, bodies within bounds, answers."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tieline.gateway.model import Consumer
from tieline.gateway.northbound.answers import answer, consumer_of, read_body
from tieline.gateway.northbound.once import once
from tieline.gateway.objects.changing import Held
from tieline.gateway.parts import Parts
from tieline.platform.db import Tx
from tieline.standards.mns.patch import MERGE_PATCH
from tieline.standards.mns.scope import JSON, media_type_of
from tieline.standards.northbound import Cause, NorthboundError, external_id_of

Endpoint = Callable[[Request], Awaitable[Response]]


class Endpoints:
    """One northbound API of a gateway. ``base`` is its address below the root, without the caller's identifier."""

    base: str

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def route(self, path: str, **endpoints: Endpoint) -> Route:
        """Serve one path; a method that is not among the endpoints is answered 405."""

        async def dispatch(request: Request) -> Response:
            method = "GET" if request.method == "HEAD" else request.method
            check_caller(consumer_of(request), request.path_params.get("caller"))
            return await endpoints[method](request)

        return Route(f"{self.base}{path}", dispatch, methods=list(endpoints))

    async def body(self, request: Request) -> bytes:
        """Read a JSON body; one without a media type is taken for it. Raises ``NorthboundError`` (415, 413)."""
        expected = MERGE_PATCH if request.method == "PATCH" else JSON
        media_type = media_type_of(request.headers.get("content-type"))
        if media_type not in {"", expected}:
            raise NorthboundError(
                f"The body has to be {expected}, not {media_type[:80]!r}.", status=415, cause=Cause.INVALID_MSG_FORMAT
            )
        return await read_body(request, self._parts.settings.body_bytes)

    async def once(self, request: Request, body: bytes, work: Callable[[Tx], Awaitable[Response]]) -> Response:
        """Do the work of a POST in a transaction; a repetition with its ``Idempotency-Key`` gets the first answer."""
        async with self._parts.db.transaction() as tx:
            return await once(
                tx, consumer_of(request), request, body, now=self._parts.clock.now(), work=lambda: work(tx)
            )

    def held(self, gpsis: Iterable[str | None]) -> Held:
        """Find out whether a fault strikes a request about these subscribers: it then gets no answer."""
        named = (external_id_of(gpsi) for gpsi in gpsis if gpsi is not None) if self._holding else ()
        return Held(self._parts, [found[0] for found in named if found is not None])

    @property
    def _holding(self) -> bool:
        return self._parts.interference.holding()

    def link(self, *segments: object) -> str:
        """Give the address of a resource."""
        return "/".join([f"{self._parts.base_url}{self.base}", *map(str, segments)])


def created(body: Any, location: str) -> Response:
    """Answer that a resource was made."""
    return answer(body, 201, headers={"Location": location})


def check_caller(consumer: Consumer, named: str | None) -> None:
    """Hold the identifier in the path (``afId``, ``scsAsId``) to the certificate: it is the utility's own code.

    Raises:
        NorthboundError: 403.

    """
    if named is not None and named != consumer.code:
        raise NorthboundError(f"This certificate is that of {consumer.code}.", status=403, cause=Cause.UNAUTHORIZED_AF)


def number_of(request: Request, name: str = "id") -> int:
    """Give the number that a resource's identifier stands for. Raises ``NorthboundError`` (404) for what is none."""
    text: Mapping[str, str] = request.path_params
    given = text[name]
    if not (given.isascii() and given.isdigit() and len(given) <= 18):  # noqa: PLR2004 - what a bigint surely holds
        raise missing(given)
    return int(given)


def missing(identifier: object) -> NorthboundError:
    """Make the error for a resource that does not exist, or is somebody else's."""
    return NorthboundError(
        f"There is no {str(identifier)[:80]!r} here.", status=404, cause=Cause.SUBSCRIPTION_NOT_FOUND
    )
