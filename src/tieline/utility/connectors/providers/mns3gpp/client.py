"""HTTP to an operator: one kept-alive client under mutual TLS, bounded answers, and errors that say what is known.

A request that could not be sent surely had no effect (``Unreachable``); one that was sent and not answered may have had
(``Unknown``). 429, and 503 with ``Retry-After``, are refusals before anything was done.
"""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import msgspec

from tieline.platform.errors import Problem
from tieline.platform.pki import Credential, FollowingTransport, client_context
from tieline.utility.connectors.errors import ConnectorError, Denied, Rejected, Throttled, Unknown, Unreachable
from tieline.utility.connectors.port import Leaves, Turn, no_wait
from tieline.utility.connectors.providers.mns3gpp.tokens import TokenSource
from tieline.utility.connectors.registry import Connection

MOST = 64 * 1024 * 1024
"""Octets of an answer that is read as a whole."""
_SHOWN = 500
_NOT_US = frozenset({"", "UNAUTHORIZED_AF"})
"""Causes of a 403 that is about us; any other is about what was asked."""
_UNSENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


class Client:
    """Requests to one operator. ``turn`` is awaited before each."""

    def __init__(self, connection: Connection) -> None:
        self._operator = connection.operator
        self.turn: Turn = no_wait
        self._tokens = TokenSource(connection, connection.tokens) if connection.tokens else None
        self._http = httpx.AsyncClient(
            base_url=connection.base_url.rstrip("/"),
            transport=following(connection),
            timeout=httpx.Timeout(connection.timeout, connect=min(5.0, connection.timeout)),
            headers={"User-Agent": "tieline"},
            follow_redirects=False,
            trust_env=False,
        )

    async def request(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> tuple[bytes, httpx.Headers]:
        """Make a request and read its answer; raises a ``ConnectorError`` for anything but success."""
        async with self.stream(method, path, content=content, headers=headers, params=params) as response:
            body = bytearray()
            try:
                async for piece in response.aiter_bytes():
                    body += piece
                    if len(body) > MOST:
                        raise Unknown(f"Operator {self._operator} answers with more than {MOST} octets.")
            except httpx.HTTPError as error:
                raise self._lost(error) from error
            return bytes(body), response.headers

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> AsyncIterator[httpx.Response]:
        """Make a request whose answer is read piece by piece."""
        sent = {**({"Content-Type": "application/json"} if content is not None else {}), **(headers or {})}
        request = self._http.build_request(method, path, content=content, headers=sent, params=params)
        response = await self._answered(self._http, request)
        try:
            if not response.is_success:
                raise await self._refusal(response)
            yield response
        finally:
            await response.aclose()

    async def _answered(self, http: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
        """The answer to a request, which carries a token where the operator wants one.

        A token that does not count any more was refused before anything was done: with a new one it is sent again.
        """
        if self._tokens is None:
            return await self._sent(http, request)
        token = await self._bear(http, request, self._tokens)
        response = await self._sent(http, request)
        if response.status_code == httpx.codes.UNAUTHORIZED and _is_stale(response):
            await response.aclose()
            self._tokens.drop(token)
            await self._bear(http, request, self._tokens)
            response = await self._sent(http, request)
        return response

    async def _bear(self, http: httpx.AsyncClient, request: httpx.Request, tokens: TokenSource) -> str:
        token = await tokens.token(http)
        request.headers["Authorization"] = f"Bearer {token}"
        return token

    async def _sent(self, http: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
        request.extensions["trace"] = _telling(await self.turn())
        try:
            return await http.send(request, stream=True)
        except _UNSENT as error:
            raise Unreachable(f"Operator {self._operator} cannot be reached ({type(error).__name__}).") from error
        except httpx.HTTPError as error:
            raise self._lost(error) from error

    async def close(self) -> None:
        """Give up connections."""
        await self._http.aclose()

    def _lost(self, error: httpx.HTTPError) -> Unknown:
        return Unknown(f"Operator {self._operator} did not answer ({type(error).__name__}).")

    async def _refusal(self, response: httpx.Response) -> ConnectorError:
        status, wait = response.status_code, retry_after(response.headers.get("retry-after"))
        words, cause, params = await self._words(response)
        told = f"Operator {self._operator} answers {status}: {words}"
        if status == httpx.codes.TOO_MANY_REQUESTS:
            return Throttled(told, retry_after=1.0 if wait is None else wait)
        if status == httpx.codes.SERVICE_UNAVAILABLE and wait is not None:
            return Unreachable(told, retry_after=wait)
        if status == httpx.codes.UNAUTHORIZED or (status == httpx.codes.FORBIDDEN and cause in _NOT_US):
            return Denied(told, advice="Check the certificate and what the contract allows.")
        if httpx.codes.is_client_error(status) and status != httpx.codes.REQUEST_TIMEOUT:
            return Rejected(told, (Problem("request", str(status), words), *params))
        return Unknown(told)

    async def _words(self, response: httpx.Response) -> tuple[str, str, tuple[Problem, ...]]:
        """Read what the operator says, the cause, and which parameters it names (TS 29.122)."""
        body = b""
        try:
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > MOST // 1000:
                    break
            read = msgspec.json.decode(body, type=_Error)
        except (httpx.HTTPError, msgspec.DecodeError):
            return "no reason that could be read", "", ()
        reasons = [
            read.detail,
            read.title or read.reason,
            *(problem.title or problem.reason for problem in read.other_problems),
        ]
        params = tuple(Problem(one.param, read.cause or "", one.reason or "") for one in read.invalid_params)
        told = "; ".join(dict.fromkeys(reason for reason in reasons if reason))[:_SHOWN] or "no reason"
        return told, read.cause or "", params


def _is_stale(response: httpx.Response) -> bool:
    """Whether a 401 says that the token does not count (RFC 6750 clause 3.1)."""
    return 'error="invalid_token"' in response.headers.get("www-authenticate", "")


def _telling(leaves: Leaves) -> Callable[[str, object], Awaitable[None]]:
    """What httpx is to trace: that a request is written, which may be some time after its turn came."""

    async def trace(event: str, info: object) -> None:
        del info
        if event.endswith(".send_request_headers.started"):
            leaves()

    return trace


class _Other(msgspec.Struct, rename="camel"):
    title: str | None = None
    reason: str | None = None


class _Param(msgspec.Struct):
    param: str
    reason: str | None = None


class _Error(msgspec.Struct, rename="camel"):
    """What error bodies have in common: TS 28.623, TS 28.572, TM Forum's; and more that TS 29.122 has."""

    detail: str | None = None
    title: str | None = None
    reason: str | None = None
    other_problems: list[_Other] = []
    cause: str | None = None
    invalid_params: list[_Param] = []


def retry_after(text: str | None) -> float | None:
    """Seconds from a ``Retry-After`` header (RFC 9110 clause 10.2.3): a number, or a moment."""
    if text is None:
        return None
    if text.strip().isdigit():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def tls(connection: Connection) -> ssl.SSLContext:
    """Mutual TLS with the certificates of a connection; where it names an authority, only that one is believed."""
    if connection.certificate is None or connection.key is None or connection.authority is None:
        return client_context(ca=connection.authority)
    return client_context(Credential(connection.certificate, connection.key, connection.authority))


def following(connection: Connection) -> FollowingTransport:
    """Connections to an operator that are made anew when the certificate files of the connection change."""
    files = (connection.certificate, connection.key, connection.authority)
    limits = httpx.Limits(max_connections=16, max_keepalive_connections=8, keepalive_expiry=60)
    return FollowingTransport(lambda: tls(connection), files, limits)
