"""The outermost layer of every application: request id, safe headers, log line, metrics, and no error unanswered."""

import time
from collections.abc import Callable, Sequence

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tieline.platform.metrics import HttpMetrics
from tieline.platform.web import request_id
from tieline.platform.web.problems import for_people, from_status, internal, render, translate

_BAD_GATE = 500
_TOO_LARGE = 413

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "worker-src": "'self' blob:",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
CONTENT_SECURITY_POLICY = "; ".join(f"{what} {whence}" for what, whence in _POLICY.items())
_HEADERS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_NO_STORE = (b"cache-control", b"no-store")
_STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")

log = structlog.get_logger("tieline.http")


class Guard:
    """Wraps an application; takes nothing for granted about what is inside."""

    def __init__(self, app: ASGIApp, *, metrics: HttpMetrics, https: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._extra = (*_HEADERS, _STRICT_TRANSPORT) if https else _HEADERS

    @classmethod
    def around(cls, *, metrics: HttpMetrics, https: bool) -> Callable[[ASGIApp], ASGIApp]:
        """What puts a guard around an application."""
        return lambda app: cls(app, metrics=metrics, https=https)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        identifier = request_id.begin(_header(scope["headers"], request_id.HEADER))
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=identifier)
        answer = _Answer(scope, receive, send, (*self._extra, (request_id.HEADER, identifier.encode())))
        began = time.perf_counter()
        try:
            await self._app(scope, receive, answer.send)
        except Exception as error:  # noqa: BLE001 - the last place where it can be answered
            await self._rescue(answer, error)
        seconds = time.perf_counter() - began
        self._metrics.observe(scope["method"], route_of(scope), answer.status, seconds)
        log.info(
            "request",
            method=scope["method"],
            path=scope["path"],
            status=answer.status,
            ms=round(seconds * 1000, 1),
            client=(scope.get("client") or ("",))[0],
        )

    async def _rescue(self, answer: "_Answer", error: Exception) -> None:
        ours = translate(error)
        if ours is None or ours.status >= _BAD_GATE:
            log.error("request.failed", exc_info=error)
        if answer.complete:
            return
        if answer.status:
            raise error  # the answer has begun: the connection must break, so that nobody takes it for whole
        response = for_people(Request(answer.scope), render(ours) if ours else internal())
        await response(answer.scope, answer.receive, answer.send)


class _Answer:
    """What goes back: adds the headers, remembers the status, and words a bare 413 as a problem."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, headers: Sequence[tuple[bytes, bytes]]) -> None:
        self.scope, self.receive, self._send = scope, receive, send
        self._headers = headers
        self._replaced = False
        self.status = 0
        self.complete = False

    async def send(self, message: Message) -> None:
        """Pass a message on."""
        if message["type"] == "http.response.start":
            await self._start(message)
        elif not self._replaced:
            await self._send(message)
            self.complete = not message.get("more_body", False)

    async def _start(self, message: Message) -> None:
        self.status = message["status"]
        headers = list(message.get("headers", ()))
        if self.status == _TOO_LARGE and not _is_problem(headers):
            self.status = 0
            answer = from_status(_TOO_LARGE, "The body is larger than this route takes.")
            await answer(self.scope, self.receive, self.send)
            self.complete = self._replaced = True
            return
        names = {name.lower() for name, _ in headers}
        headers += [header for header in self._headers if header[0] not in names]
        if b"cache-control" not in names and b"etag" not in names:
            headers.append(_NO_STORE)
        await self._send({**message, "headers": headers})


def route_of(scope: Scope) -> str:
    """The template of the route that served a request, such as ``/api/v1/users/{user_id}``; ``-`` when none did."""
    route = scope.get("route")
    template: str | None = getattr(route, "path", None)
    if template is None:
        return "-"
    parts = template.count("/")
    return "/".join(scope["path"].split("/")[: -parts or None]) + template


def _header(headers: Sequence[tuple[bytes, bytes]], wanted: bytes) -> bytes | None:
    return next((value for name, value in headers if name == wanted), None)


def _is_problem(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    return any(name.lower() == b"content-type" and b"problem+json" in value for name, value in headers)
