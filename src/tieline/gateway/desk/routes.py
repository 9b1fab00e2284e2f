"""TMF655 over HTTP, as utilities meet it: change requests to read and answer, and the hub.

Paths begin as published (``ChangeManagement``) or small, as TMF630 has it.
"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tieline.gateway.desk import service, store
from tieline.gateway.desk.resources import resource
from tieline.gateway.northbound.answers import answer, consumer_of, read_body
from tieline.gateway.northbound.once import once
from tieline.gateway.parts import Parts
from tieline.platform.db import Tx
from tieline.standards.mns.patch import MERGE_PATCH
from tieline.standards.mns.scope import JSON, media_type_of
from tieline.standards.tmf.announcements import schema_of
from tieline.standards.tmf.change import BASE_PATH, SubscriptionRequest, Update, read
from tieline.standards.tmf.errors import TmfError
from tieline.standards.tmf.query import chosen, parse_fields, parse_query

BODY = 256 * 1024
_SMALL = BASE_PATH.replace("/ChangeManagement", "/changeManagement")
_Endpoint = Callable[[Request], Awaitable[Response]]


class Desk:
    """The interface; one instance a gateway."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._root = f"{parts.base_url}{BASE_PATH}"
        self.routes = [
            *_route("/changeRequest", GET=self.list),
            *_route("/changeRequest/{id}", GET=self.show, PATCH=self.answer),
            *_route("/hub", POST=self.subscribe),
            *_route("/hub/{id}", DELETE=self.unsubscribe),
            *_route("/schema/{name}.schema.json", GET=self.schema),
        ]

    async def list(self, request: Request) -> Response:
        """``GET /changeRequest`` with fields, offset, limit and attributes that have to be equal."""
        query = parse_query(request.query_params.multi_items(), store.FILTERS)
        async with self._parts.db.snapshot() as tx:
            total, found = await store.seen(
                tx, consumer_of(request).id, query.where, offset=query.offset, limit=query.limit
            )
        shown = [chosen(resource(*one, self._root), query.fields) for one in found]
        return answer(shown, headers={"X-Total-Count": str(total), "X-Result-Count": str(len(shown))})

    async def show(self, request: Request) -> Response:
        """``GET /changeRequest/{id}``."""
        fields = parse_fields(request.query_params.get("fields"))
        async with self._parts.db.snapshot() as tx:
            found = await service.seen(tx, consumer_of(request), _id(request))
        return answer(chosen(resource(*found, self._root), fields))

    async def answer(self, request: Request) -> Response:
        """``PATCH /changeRequest/{id}``: approve or reject, with a note."""
        body = await self._body(request)
        update: Update = read(body, Update)
        now = self._parts.clock.now()

        async def work(tx: Tx) -> Response:
            consumer = consumer_of(request)
            return answer(await service.answer(tx, consumer, _id(request), update, base_url=self._root, now=now))

        return await self._once(request, body, work)

    async def subscribe(self, request: Request) -> Response:
        """``POST /hub``."""
        body = await self._body(request)
        wanted: SubscriptionRequest = read(body, SubscriptionRequest)
        now = self._parts.clock.now()

        async def work(tx: Tx) -> Response:
            made = await service.subscribe(tx, consumer_of(request), wanted.callback, wanted.query, now)
            return answer(made, 201, headers={"Location": f"{self._root}/hub/{made.id}"})

        return await self._once(request, body, work)

    async def unsubscribe(self, request: Request) -> Response:
        """``DELETE /hub/{id}``."""
        text = _id(request)
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0  # noqa: PLR2004 - a bigint
        async with self._parts.db.transaction() as tx:
            if not await store.drop_hub(tx, consumer_of(request).id, number):
                raise TmfError(f"There is no callback {text[:80]}.", code="notFound", status=404)
        return Response(status_code=204)

    async def schema(self, request: Request) -> Response:
        """What ``@schemaLocation`` leads to."""
        found = schema_of(request.path_params["name"])
        if found is None:
            raise TmfError("There is no such schema.", code="notFound", status=404)
        return answer(found)

    async def _body(self, request: Request) -> bytes:
        media_type = media_type_of(request.headers.get("content-type"))
        if media_type not in {"", JSON, MERGE_PATCH if request.method == "PATCH" else JSON}:
            raise TmfError(f"The body has to be {JSON}.", code="mediaType", status=415)
        return await read_body(request, BODY)

    async def _once(self, request: Request, body: bytes, work: Callable[[Tx], Awaitable[Response]]) -> Response:
        """Do the work of a call in a transaction, once for each ``Idempotency-Key``."""
        async with self._parts.db.transaction() as tx:
            now = self._parts.clock.now()
            made = await once(tx, consumer_of(request), request, body, now=now, work=lambda: work(tx))
        self._parts.signals.hub.set()
        return made


def _route(path: str, **endpoints: _Endpoint) -> list[Route]:
    async def dispatch(request: Request) -> Response:
        return await endpoints["GET" if request.method == "HEAD" else request.method](request)

    return [Route(f"{root}{path}", dispatch, methods=list(endpoints)) for root in (BASE_PATH, _SMALL)]


def _id(request: Request) -> str:
    identifier: str = request.path_params["id"]
    if "\x00" in identifier:
        raise TmfError("There is no such resource.", code="notFound", status=404)
    return identifier
