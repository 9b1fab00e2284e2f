"""A POST that carries an ``Idempotency-Key`` is done once: a repetition gets the first one's answer.

The header is that of draft-ietf-httpapi-idempotency-key-header. It is seen to here, for every route alike: the
handler's database (:class:`Once`) makes all transactions that it opens parts of one, which also gets the key and the
answer, and is committed when the answer is there and before it is sent. So whoever dies between them: both are there,
or neither is. A lock on the key, which ends with the transaction, keeps a second request out meanwhile.

A request that wrote nothing, being refused for instance, leaves its key free; so does one that failed by our fault,
and nothing of that one is kept.
"""

import re
from collections.abc import AsyncIterator, Mapping, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import psycopg
from fastapi import Request, Response
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tieline.platform.db import Database, Tx
from tieline.platform.errors import Conflict, Invalid, KeyUsed, Problem, TooMany, UnderWay
from tieline.platform.repeats import KEPT, MOST_BODY, MOST_KEYS, Asked, Digest, Kept, store
from tieline.platform.wiring import Runtime

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
PATHS = "/api/v1/"
UNREPEATABLE = "x-unrepeatable"
_SHAPE = r'^("[A-Za-z0-9._~:/+=-]{1,128}"|[A-Za-z0-9._~:/+=-]{1,128})$'
_PLACE = "tieline.once"
_FAULT = 500


def unrepeatable(why: str) -> dict[str, Any]:
    """What a POST says of itself, as its ``openapi_extra``, that takes no key; ``why``, as a sentence."""
    return {UNREPEATABLE: why}


class Repeats:
    """Around an application: what it answers to a POST with a key is held until it is kept."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        key = _key(scope)
        if key is None:
            await self._app(scope, receive, send)
            return
        once = Once(scope["app"].state.runtime, key, _digest(scope))
        scope[_PLACE] = once
        answer = _Held()
        async with once.whole():
            try:
                await self._app(scope, once.heard(receive), answer.take)
            except _Again as again:
                await again.answer(scope, receive, answer.take)
            else:
                await once.keep(answer)
        for message in answer.messages:
            await send(message)


class Once(Database):
    """The database as the handler of one request sees it that carries a key.

    Until it is known who asks, it is as any other; from then on, all transactions are parts of one.
    """

    def __init__(self, runtime: Runtime, key: str, sent: Digest) -> None:
        super().__init__(runtime.db._pool, runtime.db.url)  # noqa: SLF001 - it is the same pool
        self.runtime = replace(runtime, db=self)
        self._key, self._sent = key, sent
        self._asked: Asked | None = None
        self._tx: Tx | None = None
        self._ends = AsyncExitStack()
        self._wrote = self._kept = False

    def claim(self, actor: str, route: Any) -> None:
        """Take the key for whoever asks: it is looked up when the handler first wants to write.

        Raises ``Invalid`` for a key of the wrong shape, and where no key is taken.
        """
        why = (getattr(route, "openapi_extra", None) or {}).get(UNREPEATABLE)
        if why is not None:
            raise _wrong("unrepeatable", f"{why} It takes no key.")
        if not re.fullmatch(_SHAPE, self._key):
            raise _wrong("shape", "It has 1 to 128 letters, digits or signs of ._~:/+=- and may stand in quotes.")
        self._asked = Asked(actor, self._key.strip('"'), b"")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """A part of the request's one transaction; rolled back by itself when the block raises."""
        if self._asked is None:
            async with super().transaction() as tx:
                yield tx
            return
        tx = self._tx or await self._begin(self._asked)
        async with tx.transaction():
            yield tx
        self._wrote = True

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Tx]:
        """A view that shows what the request has written, once it has."""
        if self._tx is None:
            async with super().snapshot() as tx:
                yield tx
            return
        async with self._tx.transaction():
            yield self._tx

    @asynccontextmanager
    async def whole(self) -> AsyncIterator[None]:
        """The request, from its beginning to where its answer is kept; what was not kept was not done."""
        with suppress(psycopg.Rollback):  # a connection that is gone has nothing to roll back, and lets it through
            async with self._ends:
                yield
                begun, self._tx, self._asked = self._tx, None, None
                if begun is not None and not self._kept:
                    raise psycopg.Rollback

    def heard(self, receive: Receive) -> Receive:
        """Read along what is sent."""

        async def read() -> Message:
            message = await receive()
            self._sent.add(message.get("body", b""))
            return message

        return read

    async def keep(self, answer: "_Held") -> None:
        """Keep the answer of a request that has written, unless it failed."""
        if self._tx is None or self._asked is None or not self._wrote or answer.status >= _FAULT:
            return
        body = answer.body
        await store.keep(
            self._tx,
            self._asked,
            Kept(
                digest=self._asked.digest,
                at=self.runtime.clock.now(),
                status=answer.status,
                media_type=answer.headers.get("Content-Type"),
                location=answer.headers.get("Location"),
                body=body if len(body) <= MOST_BODY else None,
            ),
        )
        self._kept = True

    async def _begin(self, asked: Asked) -> Tx:
        """Open the one transaction with the key's lock; raises ``_Again`` when the key's request is done already."""
        tx = await self._ends.enter_async_context(super().transaction())
        self._asked = asked = replace(asked, digest=self._sent.value())
        if not await store.claim(tx, asked):
            raise UnderWay("The first request with this key is still being done.", advice="Send it again in a second.")
        kept, held = await store.known(tx, asked, self.runtime.clock.now() - KEPT)
        if kept is not None:
            raise _Again(_same(kept, asked))
        if held >= MOST_KEYS:
            raise TooMany(
                f"You have {held} keys within {KEPT.days} day, and more are not kept.",
                retry_after=3600,
                advice="Send it without a key, or later.",
            )
        self._tx = tx
        return tx


class _Again(Exception):
    """The request was done before."""

    def __init__(self, kept: Kept) -> None:
        super().__init__(kept.at)
        self._kept = kept

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the first time."""
        sent = {"Content-Type": self._kept.media_type, "Location": self._kept.location, REPLAYED: "true"}
        headers = {name: value for name, value in sent.items() if value is not None}
        await Response(self._kept.body, self._kept.status, headers)(scope, receive, send)


class _Held:
    """An answer that is not sent yet."""

    def __init__(self) -> None:
        self.messages: list[MutableMapping[str, Any]] = []

    async def take(self, message: Message) -> None:
        """Take a part of it."""
        self.messages.append(message)

    @property
    def status(self) -> int:
        """Its status."""
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> Headers:
        """Its headers."""
        return Headers(raw=self.messages[0].get("headers", []))

    @property
    def body(self) -> bytes:
        """Its body."""
        return b"".join(message.get("body", b"") for message in self.messages[1:])


def claim(request: Request, actor: str) -> None:
    """Tell a request's key, if it has one, who asks."""
    once: Once | None = request.scope.get(_PLACE)
    if once is not None:
        once.claim(actor, request.scope.get("route"))


def runtime_of(request: Request) -> Runtime:
    """The process's runtime, with the database of this very request where that carries a key."""
    once: Once | None = request.scope.get(_PLACE)
    runtime: Runtime = request.app.state.runtime
    return runtime if once is None else once.runtime


def describe(described: MutableMapping[str, Any], problem: Mapping[str, Any]) -> None:
    """Add the header, and what it may be answered with, to the OpenAPI description of the operations that take it."""
    for path, operations in described["paths"].items():
        operation = operations.get("post")
        if operation is None or not path.startswith(PATHS) or UNREPEATABLE in operation:
            continue
        operation.setdefault("parameters", []).append(dict(_PARAMETER))
        for status, text in _ANSWERS.items():
            operation["responses"].setdefault(status, {**problem, "description": text})


_PARAMETER = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": (
        "Sent again with the same key and the same content within 24 hours, the request is not done again: the first"
        f" answer comes, with `{REPLAYED}: true`."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": 130, "pattern": _SHAPE},
}
_ANSWERS = {
    "409": "The present state does not allow it, or the first request with this key is still being done (`under-way`).",
    "422": "What was sent breaks a rule, or this key was sent with another request before (`key-used`).",
}


def _key(scope: Scope) -> str | None:
    if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith(PATHS):
        return None
    return Headers(scope=scope).get(HEADER)


def _digest(scope: Scope) -> Digest:
    path = scope.get("raw_path") or scope["path"].encode()
    return Digest(scope["method"], path, scope["query_string"], Headers(scope=scope).get("Content-Type", ""))


def _same(kept: Kept, asked: Asked) -> Kept:
    if kept.digest != asked.digest:
        raise KeyUsed("This key was sent before, with another request.", advice="Take a new key for each request.")
    if kept.body is None:
        raise Conflict(
            f"This was done at {kept.at:%Y-%m-%d %H:%M:%S} UTC; its answer was too large to be kept.",
            advice="Look at what it was to do.",
        )
    return kept


def _wrong(rule: str, words: str) -> Invalid:
    return Invalid(f"{HEADER}: {words}", [Problem(HEADER, rule, words)])
