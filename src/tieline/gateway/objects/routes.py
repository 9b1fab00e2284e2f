"""ProvMnS (TS 28.532): GET, PUT, POST, PATCH and DELETE of managed objects."""

import asyncio
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tieline.gateway.northbound.answers import PROVISIONING, actor_of, answer, consumer_of, read_body
from tieline.gateway.northbound.once import once
from tieline.gateway.objects import reading, service
from tieline.gateway.objects.changing import Held, admitted, change
from tieline.gateway.objects.classes import CLASSES
from tieline.gateway.objects.policy import Tree, document
from tieline.gateway.parts import Parts
from tieline.platform.db import Tx
from tieline.platform.errors import TooMany
from tieline.standards.mns.dn import Dn
from tieline.standards.mns.errors import ErrorReason, ErrorType, MnsError, RepresentationError
from tieline.standards.mns.patch import CreateObject, DeleteObject, Operation, ReplaceObject, parse_patch
from tieline.standards.mns.resource import parse_resource, represent
from tieline.standards.mns.scope import (
    BASE_ONLY,
    GET_MEDIA_TYPES,
    JSON,
    Scope,
    media_type_of,
    negotiate,
    parse_get_query,
)

MAX_CHILDREN = 100
"""Objects that a PUT or POST may bring along below its own."""
SEARCHES = 3
"""Reads of many objects that one utility may have looked up at once."""
WAIT_S = 2.0

_Work = Callable[[Tx, dict[str, float]], Awaitable[Response]]


class ProvMnS:
    """The interface; one instance a gateway."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._searches: defaultdict[int, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(SEARCHES))
        self.routes = [
            Route(f"{PROVISIONING}/{{ldn:path}}", getattr(self, method.lower()), methods=[method])
            for method in ("GET", "PUT", "POST", "PATCH", "DELETE")
        ]

    async def get(self, request: Request) -> Response:
        """Read one object or many (scope, filter, attributes, fields)."""
        media_type = negotiate(request.headers.get("accept"), GET_MEDIA_TYPES)
        if media_type is None:
            raise MnsError(f"The answer can be one of {', '.join(GET_MEDIA_TYPES)}.", status=406)
        query = parse_get_query(request.query_params.multi_items())
        consumer, base = consumer_of(request), _target(request)
        async with self._turn(consumer.id, query.scope):
            read = await reading.prepare(self._parts.db, consumer, base, query)
        return StreamingResponse(reading.stream(self._parts.db, read, media_type), media_type=media_type)

    @asynccontextmanager
    async def _turn(self, utility_id: int, scope: Scope) -> AsyncIterator[None]:
        """Let a utility search through so many objects at once, and no more often, for all share one database."""
        if scope == BASE_ONLY:
            yield
            return
        turns = self._searches[utility_id]
        try:
            async with asyncio.timeout(WAIT_S):
                await turns.acquire()
        except TimeoutError as error:
            raise TooMany(f"At most {SEARCHES} reads of many objects at once.", retry_after=WAIT_S) from error
        try:
            yield
        finally:
            turns.release()

    async def put(self, request: Request) -> Response:
        """Make an object (201) or replace what the utility may write of it (200, 204 if that changes nothing)."""
        body = await self._json(request)
        dn = _target(request)
        made, children = _bodies(dn, body)
        creates: list[Operation] = [CreateObject(dn, made, ""), *children]

        async def work(tx: Tx, seconds: dict[str, float]) -> Response:
            consumer = consumer_of(request)
            is_there = dn in (await service.load(tx, consumer, [ReplaceObject(dn, made, "")])).nodes
            _check_conditions(request, dn, is_there=is_there)
            if not is_there:
                tree = await change(tx, self._parts, consumer, creates, actor=actor_of(consumer), seconds=seconds)
                return self._created(dn, tree)
            if children:
                raise RepresentationError("what is below an object that exists is changed by itself", "children")
            tree = await change(
                tx, self._parts, consumer, [ReplaceObject(dn, made, "")], actor=actor_of(consumer), seconds=seconds
            )
            return answer(_shown(tree, dn)) if tree.effects else Response(status_code=204)

        return await self._change(request, body, creates, work)

    async def post(self, request: Request) -> Response:
        """Make an object below the one addressed; its identifier is ours to give."""
        body = await self._json(request)
        parent = _target(request)
        dn = parent.child(_class_in(body), f"t{secrets.token_hex(8)}")
        made, children = _bodies(dn, {**body, "id": dn.id})
        creates: list[Operation] = [CreateObject(dn, made, ""), *children]

        async def work(tx: Tx, seconds: dict[str, float]) -> Response:
            consumer = consumer_of(request)
            tree = await change(tx, self._parts, consumer, creates, actor=actor_of(consumer), seconds=seconds)
            return self._created(dn, tree)

        return await self._change(request, body, creates, work)

    async def patch(self, request: Request) -> Response:
        """Change one object, or with the 3GPP media types many below it: wholly or not at all."""
        raw = await read_body(request, self._parts.settings.body_bytes)
        operations = parse_patch(media_type_of(request.headers.get("content-type")), raw, _target(request))
        if len(operations) > self._parts.settings.max_changes_per_plan:
            raise MnsError("So many changes go into a plan (TS 28.572).", status=413)

        async def work(tx: Tx, seconds: dict[str, float]) -> Response:
            consumer = consumer_of(request)
            await change(tx, self._parts, consumer, operations, actor=actor_of(consumer), seconds=seconds)
            return Response(status_code=204)

        return await self._change(request, raw, operations, work)

    async def delete(self, request: Request) -> Response:
        """Delete an object and what is below it."""
        operations: list[Operation] = [DeleteObject(_target(request), "")]

        async def work(tx: Tx, seconds: dict[str, float]) -> Response:
            consumer = consumer_of(request)
            await change(tx, self._parts, consumer, operations, actor=actor_of(consumer), seconds=seconds)
            return Response(status_code=204)

        return await self._change(request, b"", operations, work)

    async def _change(self, request: Request, body: Any, operations: list[Operation], work: _Work) -> Response:
        """Ask the network, then do the work in one transaction and tell those who work in the background."""
        parts, consumer = self._parts, consumer_of(request)
        held = Held(parts, service.subscriptions_of(operations))
        await held.before()
        seconds = await admitted(parts, operations)
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        async with parts.db.transaction() as tx:
            response = await once(tx, consumer, request, raw, now=parts.clock.now(), work=lambda: work(tx, seconds))
        parts.signals.changed()
        await held.after()
        return response

    async def _json(self, request: Request) -> dict[str, Any]:
        media_type = media_type_of(request.headers.get("content-type"))
        if media_type != JSON:
            raise MnsError(f"The body has to be {JSON}, not {media_type[:80]!r}.", status=415)
        raw = await read_body(request, self._parts.settings.body_bytes)
        try:
            body = msgspec.json.decode(raw)
        except (msgspec.DecodeError, RecursionError) as error:
            raise RepresentationError(f"the body cannot be read: {error}") from error
        if not isinstance(body, dict):
            raise RepresentationError("a resource is a JSON object")
        return body

    def _created(self, dn: Dn, tree: Tree) -> Response:
        location = f"{self._parts.provisioning_url}{dn.uri}"
        return answer(_shown(tree, dn), 201, headers={"Location": location})


def _check_conditions(request: Request, dn: Dn, *, is_there: bool) -> None:
    """Hold a PUT to ``If-None-Match: *`` (only make) and ``If-Match: *`` (only replace), RFC 9110 clause 13."""
    wanted = request.headers
    if is_there and wanted.get("if-none-match", "").strip() == "*":
        raise MnsError(f"{dn} exists", type=ErrorType.OTHER, reason=ErrorReason.TARGET_DATA_NODE_FOUND, status=412)
    if not is_there and "if-match" in wanted:
        reason = ErrorReason.TARGET_DATA_NODE_NOT_FOUND
        raise MnsError(f"{dn} does not exist", type=ErrorType.OTHER, reason=reason, status=412)


def _target(request: Request) -> Dn:
    """Read the object's name from the path as it came over the wire."""
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    return Dn.from_uri(raw.decode("ascii", "replace").partition("?")[0].removeprefix(PROVISIONING))


def _class_in(body: dict[str, Any]) -> str:
    name = body.get("objectClass")
    if not isinstance(name, str):
        raise RepresentationError(
            "objectClass says what is to be made", "objectClass", reason=ErrorReason.NEW_DATA_NODE_VALUE_INVALID
        )
    return name


def _bodies(dn: Dn, body: dict[str, Any]) -> tuple[dict[str, Any], list[Operation]]:
    """Give an object's attributes, and the making of the objects that its body holds."""
    parsed = parse_resource(body, dn.class_name)
    if parsed.id is not None and parsed.id != dn.id:
        raise RepresentationError(
            f"the id is {parsed.id[:80]!r}, but the object is {dn.id!r}",
            "id",
            reason=ErrorReason.TARGET_DATA_NODE_INVARIANT,
        )
    children: list[Operation] = []
    for class_name, child in parsed.children:
        identifier = child.get("id")
        if not isinstance(identifier, str):
            raise RepresentationError(f"a {class_name} has no id", class_name)
        name = dn.child(class_name, identifier)
        attributes, below = _bodies(name, child)
        children += [CreateObject(name, attributes, ""), *below]
        if len(children) > MAX_CHILDREN:
            raise RepresentationError(f"a body brings along at most {MAX_CHILDREN} objects", class_name)
    return parsed.attributes, children


def _shown(tree: Tree, dn: Dn) -> dict[str, Any]:
    """Write an object and what was made below it."""
    body = represent(dn, document(tree.nodes[dn]))
    for name in sorted(tree.touched):
        if name.parent == dn and name in tree.nodes:
            child = _shown(tree, name)
            kind = CLASSES[name.class_name]
            if kind.most == 1:
                body[name.class_name] = child
            else:
                body.setdefault(name.class_name, []).append(child)
    return body
