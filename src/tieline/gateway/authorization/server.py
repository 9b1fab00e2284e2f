"""The authorisation server: tokens for client credentials, its description, its keys.

RFC 6749 clause 4.4 (client credentials), RFC 8705 clause 2.1 (``tls_client_auth``) and 3 (bound tokens), RFC 8414
(description), RFC 7517 (keys). It stands before the gate: who asks for a token has none yet.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tieline.gateway.authorization import store
from tieline.gateway.authorization.entrance import peer_of
from tieline.gateway.authorization.policy import read_scopes, thumbprint_of, write_scopes
from tieline.gateway.authorization.tokens import Grant, Tokens
from tieline.gateway.model import Consumer, TokenScope
from tieline.gateway.parts import Parts
from tieline.gateway.utilities import store as utilities
from tieline.gateway.utilities.limits import RateLimit

TOKEN_PATH = "/oauth2/token"  # noqa: S105 - a path
KEYS_PATH = "/oauth2/jwks"
DESCRIPTION_PATH = "/.well-known/oauth-authorization-server"
_FORM = "application/x-www-form-urlencoded"
_MOST = 8192
_CALLS_PER_SECOND = 5.0
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache", "X-Content-Type-Options": "nosniff"}
_KEPT = {"Cache-Control": "max-age=300", "X-Content-Type-Options": "nosniff"}

_encode = msgspec.json.Encoder().encode
_log: structlog.stdlib.BoundLogger = structlog.get_logger("tieline.gateway")


@dataclass(frozen=True, slots=True)
class _Refused(Exception):
    """An error of RFC 6749 clause 5.2."""

    error: str
    why: str
    status: int = 400
    retry_after: int | None = None


class AuthorizationServer:
    """ASGI middleware: answers its own paths, and passes everything else on."""

    def __init__(self, app: ASGIApp, parts: Parts, tokens: Tokens) -> None:
        self._app = app
        self._parts = parts
        self._tokens = tokens
        self._limit = RateLimit()
        self._paths: dict[str, tuple[str, Callable[[Request], Awaitable[Response]]]] = {
            TOKEN_PATH: ("POST", self._token),
            KEYS_PATH: ("GET", self._keys),
            DESCRIPTION_PATH: ("GET", self._description),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        found = self._paths.get(scope["path"]) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        method, answer = found
        if scope["method"] != method:
            response = Response(status_code=405, headers={"Allow": method, **_NO_STORE})
        else:
            response = await answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _token(self, request: Request) -> Response:
        client_id = ""
        try:
            form = await _form(request)
            client_id = form.get("client_id", "")
            granted, token = await self._granted(request, form)
        except _Refused as refused:
            _log.warning("token refused", client=client_id[:80], error=refused.error)
            return _refusal(refused)
        _log.info("access granted", client=client_id, scopes=write_scopes(granted))
        body = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": self._tokens.life,
            "scope": write_scopes(granted),
        }
        return Response(_encode(body), 200, _NO_STORE, "application/json")

    async def _granted(self, request: Request, form: Mapping[str, str]) -> tuple[frozenset[TokenScope], str]:
        client_id = form.get("client_id", "")
        if not client_id:
            raise _Refused("invalid_request", "client_id is missing.")
        consumer, fingerprint = await self._authenticated(request, client_id)
        wait = self._limit.take(consumer.id, _CALLS_PER_SECOND)
        if wait or self._parts.interference.down():
            raise _Refused("temporarily_unavailable", "Ask again later.", 503, max(1, -int(-wait // 1)))
        if form.get("grant_type") != "client_credentials":
            raise _Refused("unsupported_grant_type", "Only client_credentials are served.")
        granted = _asked(form.get("scope"), consumer.scopes)
        token = await self._tokens.sign(Grant(client_id, granted, thumbprint_of(fingerprint)))
        async with self._parts.db.transaction() as tx:
            await store.note_token(tx, client_id, self._parts.clock.now())
        return granted, token

    async def _authenticated(self, request: Request, client_id: str) -> tuple[Consumer, str]:
        """The client by its certificate; it is not told whether the client or the certificate is unknown."""
        peer = peer_of(request.scope)
        row = None
        if peer is not None:
            async with self._parts.db.autocommit() as tx:
                row = await store.holder(tx, client_id, peer)
        if row is not None and row["suspended_at"] is not None:
            raise _Refused("unauthorized_client", "The operator has suspended this utility's access.", 403)
        if peer is None or row is None:
            raise _Refused("invalid_client", "No such client comes in with this certificate.", 401)
        return utilities.consumer_of(row), peer.fingerprint

    async def _keys(self, _request: Request) -> Response:
        return Response(_encode(await self._tokens.published()), 200, _KEPT, "application/json")

    async def _description(self, _request: Request) -> Response:
        base = self._parts.base_url
        described = {
            "issuer": base,
            "token_endpoint": base + TOKEN_PATH,
            "jwks_uri": base + KEYS_PATH,
            "response_types_supported": [],
            "grant_types_supported": ["client_credentials"],
            "scopes_supported": [str(scope) for scope in TokenScope],
            "token_endpoint_auth_methods_supported": ["tls_client_auth"],
            "tls_client_certificate_bound_access_tokens": True,
            "mtls_endpoint_aliases": {"token_endpoint": base + TOKEN_PATH},
        }
        return Response(_encode(described), 200, _KEPT, "application/json")


def _asked(text: str | None, held: frozenset[TokenScope]) -> frozenset[TokenScope]:
    """The scopes asked for, all of which the client must hold; where none is named, all it holds."""
    asked = read_scopes(text or "")
    if asked is None or not asked <= held:
        raise _Refused("invalid_scope", "The client does not hold all of these scopes.")
    return asked or held


async def _form(request: Request) -> dict[str, str]:
    """The body's parameters, each at most once (RFC 6749 clause 3.2)."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise _Refused("invalid_request", "The body is a form.")
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST:
            raise _Refused("invalid_request", f"The body has at most {_MOST} octets.")
    try:
        pairs = parse_qsl(bytes(body).decode("ascii"), keep_blank_values=False, max_num_fields=20, strict_parsing=False)
    except ValueError as error:
        raise _Refused("invalid_request", "The body is not a form.") from error
    if len({name for name, _ in pairs}) < len(pairs):
        raise _Refused("invalid_request", "A parameter stands twice.")
    return {name: value for name, value in pairs if "\0" not in value}


def _refusal(refused: _Refused) -> Response:
    body: dict[str, Any] = {"error": refused.error, "error_description": refused.why}
    headers = dict(_NO_STORE)
    if refused.retry_after is not None:
        headers["Retry-After"] = str(refused.retry_after)
    return Response(_encode(body), refused.status, headers, "application/json")
