"""Access tokens at an operator: fetched with our certificate, kept, and renewed ahead of time.

Client credentials (RFC 6749 clause 4.4); the client is known by its certificate (``tls_client_auth``, RFC 8705 clause
2.1.1) or, where the operator gave us a secret, by that (``client_secret_basic``). Either way the token is bound to the
certificate that it was fetched with, so it is fetched with the client that will use it.
"""

import asyncio
import time
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import quote, urlsplit

import httpx
import msgspec
import structlog

from tieline.utility.connectors.errors import ConnectorError, Denied, Rejected, Unreachable
from tieline.utility.connectors.registry import Connection, TokenTerms

_DESCRIPTION = "/.well-known/oauth-authorization-server"
_AHEAD = 0.25
"""The share of a token's life that is left when it is renewed: a token server may be away for that long unnoticed."""
_AGAIN_S = 5.0
"""Pause after a renewal that failed, for the old token to serve: requests do not each wait for a server that hangs."""
_LEAST_LIFE_S = 5.0
_MOST = 64 * 1024
_REFUSALS = range(400, 500)

T = TypeVar("T")
_log = structlog.get_logger(__name__)


class _Answer(msgspec.Struct):
    access_token: str
    token_type: str
    expires_in: float = 300.0


class _Refusal(msgspec.Struct):
    error: str = ""
    error_description: str = ""


class _Description(msgspec.Struct):
    issuer: str
    token_endpoint: str
    mtls_endpoint_aliases: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class _Held:
    """A token, the client it was fetched with, and when (by the monotonic clock) it is to be renewed and is over."""

    token: str
    http: httpx.AsyncClient
    renew_at: float
    ends_at: float


class TokenSource:
    """The tokens of one connection. One request for a token is under way at a time."""

    def __init__(self, connection: Connection, terms: TokenTerms) -> None:
        self._operator = connection.operator
        self._base = connection.base_url
        self._terms = terms
        self._secret = connection.secret
        self._url = terms.url
        self._held: _Held | None = None
        self._lock = asyncio.Lock()

    async def token(self, http: httpx.AsyncClient) -> str:
        """A token that counts on this client's connections; raises a ``ConnectorError`` where none can be had."""
        async with self._lock:
            now = time.monotonic()
            held = self._held if self._held is not None and self._held.http is http else None
            if held is not None and now < held.renew_at:
                return held.token
            try:
                self._held = await self._fetched(http)
            except ConnectorError as error:
                if held is None or now >= held.ends_at:
                    raise
                _log.warning("token_not_renewed", operator=self._operator, error=error.detail)
                self._held = replace(held, renew_at=min(held.ends_at, time.monotonic() + _AGAIN_S))
                return held.token
            return self._held.token

    def drop(self, token: str) -> None:
        """Forget a token that the operator does not take any more, revoked for example."""
        if self._held is not None and self._held.token == token:
            self._held = None

    async def _fetched(self, http: httpx.AsyncClient) -> _Held:
        url = self._url or await self._discovered(http)
        asked_at = time.monotonic()
        answer = await self._send(http, self._request(http, url))
        if answer.status_code in _REFUSALS:
            raise Denied(self._refusal(answer), advice="Check client id, certificate and scopes with the operator.")
        if not answer.is_success:
            raise Unreachable(f"Operator {self._operator} gives out no token just now ({answer.status_code}).")
        read = self._decoded(answer, _Answer)
        if read.token_type.lower() != "bearer" or not read.access_token.isascii() or " " in read.access_token:
            raise Rejected(f"Operator {self._operator} gives out tokens of a kind that is not known here.")
        life = max(read.expires_in, _LEAST_LIFE_S)
        self._url = url
        return _Held(read.access_token, http, asked_at + life * (1 - _AHEAD), asked_at + life)

    def _request(self, http: httpx.AsyncClient, url: str) -> httpx.Request:
        form = {"grant_type": "client_credentials", "client_id": self._terms.client_id}
        if self._terms.scope:
            form["scope"] = self._terms.scope
        request = http.build_request("POST", url, data=form, headers={"Accept": "application/json"})
        if self._secret is not None:
            # RFC 6749 clause 2.3.1: both are form-encoded before they are joined.
            basic = httpx.BasicAuth(quote(self._terms.client_id, safe=""), quote(self._secret, safe=""))
            request = next(basic.auth_flow(request))
        return request

    async def _discovered(self, http: httpx.AsyncClient) -> str:
        """Where tokens are given out to clients with certificates (RFC 8414, RFC 8705 clause 5)."""
        parts = urlsplit(self._base)
        origin = f"{parts.scheme}://{parts.netloc}"
        answer = await self._send(http, http.build_request("GET", origin + _DESCRIPTION))
        if not answer.is_success:
            raise Unreachable(
                f"Operator {self._operator} does not say where it gives out tokens ({answer.status_code}); name the"
                " place in the connection."
            )
        found = self._decoded(answer, _Description)
        if found.issuer.rstrip("/") != origin:
            raise Rejected(f"Operator {self._operator} describes another authorisation server than its own.")
        url = found.mtls_endpoint_aliases.get("token_endpoint", found.token_endpoint)
        if not url.startswith("https://"):
            raise Rejected(f"Operator {self._operator} would give out tokens without TLS.")
        return url

    async def _send(self, http: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
        """Send a request for a token. Nothing else was sent yet, whatever goes wrong."""
        try:
            return await http.send(request)
        except httpx.HTTPError as error:
            raise Unreachable(
                f"Operator {self._operator} gives out no token just now ({type(error).__name__})."
            ) from error

    def _decoded(self, answer: httpx.Response, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(answer.content[:_MOST], type=kind)
        except msgspec.DecodeError as error:
            raise Rejected(f"Operator {self._operator} answers what cannot be read when asked for a token.") from error

    def _refusal(self, answer: httpx.Response) -> str:
        try:
            read = msgspec.json.decode(answer.content[:_MOST], type=_Refusal)
        except msgspec.DecodeError:
            read = _Refusal()
        words = ": ".join(word[:200] for word in (read.error, read.error_description) if word)
        return f"Operator {self._operator} gives us no token ({answer.status_code}): {words or 'no reason'}"
