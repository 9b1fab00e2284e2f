"""The gate before the standard interfaces: a known certificate or its token, within its rate, and a line in the log.

The log line holds who, what, how long and which status; never a body, a query or a header.
"""

import time
import uuid
from typing import Any

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tieline.gateway.authorization import Entrance
from tieline.gateway.northbound.answers import NoAnswer, error_answer
from tieline.gateway.parts import Parts
from tieline.platform.errors import TielineError, TooMany, Unavailable
from tieline.standards.mns.errors import ErrorType, MnsError
from tieline.standards.northbound import NorthboundError
from tieline.standards.tmf.errors import TmfError

_READS = frozenset({"GET", "HEAD"})

_log: structlog.stdlib.BoundLogger = structlog.get_logger("tieline.gateway")


class Gate:
    """ASGI middleware; puts the caller into ``scope["consumer"]``."""

    def __init__(self, app: ASGIApp, parts: Parts, entrance: Entrance) -> None:
        self._app = app
        self._parts = parts
        self._entrance = entrance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it with an error."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        request_id = uuid.uuid4().hex
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", request_id.encode()),
                    (b"cache-control", b"no-store"),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        try:
            with self._parts.traffic:
                await self._pass(scope, receive, sending)
        except NoAnswer:
            _hang_up(send)
        except (MnsError, NorthboundError, TmfError, TielineError) as error:
            await error_answer(scope["path"], scope["method"], error)(scope, receive, sending)
        except Exception as error:
            _log.exception("request failed", request_id=request_id, method=scope["method"], path=scope["path"])
            if status:
                raise
            await error_answer(scope["path"], scope["method"], error)(scope, receive, sending)
        finally:
            consumer = scope.get("consumer")
            self._parts.tally.count(consumer.code if consumer else "", status)
            _log.info(
                "request",
                request_id=request_id,
                utility=consumer.code if consumer else None,
                client=(consumer.client or None) if consumer else None,
                method=scope["method"],
                path=scope["path"][:400],
                status=status,
                ms=round((time.perf_counter() - began) * 1000, 1),
            )

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        consumer = await self._entrance.admit(scope)
        scope["consumer"] = consumer
        scope["app"] = self._app  # has the router raise what it does not find, instead of wording it
        if self._parts.interference.down():
            raise Unavailable("The operator's gateway is down.", retry_after=1)
        wait = self._parts.limit.take(consumer.id, consumer.calls_per_second)
        if wait:
            raise TooMany(f"At most {consumer.calls_per_second:g} calls a second are agreed on.", retry_after=wait)
        if scope["method"] not in _READS and Headers(scope=scope).get("if-match", "*").strip() != "*":
            raise MnsError("Nothing here has an entity tag, so If-Match cannot hold.", type=ErrorType.OTHER, status=412)
        await self._app(scope, receive, send)


def _hang_up(send: Send) -> None:
    """Close the connection without an answer: ASGI has no word for it, uvicorn's own ``send`` knows the transport."""
    transport: Any = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
