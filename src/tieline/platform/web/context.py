"""What a request handler gets by dependency: the runtime, the caller, the caller's authority."""

import hmac
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from tieline.platform.errors import Forbidden, Unauthenticated
from tieline.platform.identity import authentication
from tieline.platform.identity.model import Caller
from tieline.platform.identity.secret import csrf_matches
from tieline.platform.scope import Scope
from tieline.platform.settings import Settings
from tieline.platform.web import once
from tieline.platform.web.request_id import current_request_id
from tieline.platform.wiring import Runtime

CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def current_runtime(request: Request) -> Runtime:
    """The process's runtime."""
    return once.runtime_of(request)


CurrentRuntime = Annotated[Runtime, Depends(current_runtime)]


def is_secure(settings: Settings) -> bool:
    """Whether people reach us by HTTPS, directly or through a proxy."""
    return settings.base_url.startswith("https://")


def session_cookie(settings: Settings) -> str:
    """The name of the session's cookie; over HTTPS with the prefix that binds it to this host."""
    return f"__Host-{settings.session_cookie}" if is_secure(settings) else settings.session_cookie


async def current_caller(request: Request, runtime: CurrentRuntime) -> Caller:
    """Who sent the request, by ``Authorization: Bearer tl_…`` or by the session's cookie.

    Raises ``Unauthenticated``, or ``Forbidden`` when a cookie comes without the session's CSRF token along with
    something that changes state.
    """
    authorization = request.headers.get("Authorization")
    if authorization is not None:
        caller = await _bearer(runtime, authorization)
    else:
        caller = await _cookie(request, runtime)
    if caller is None:
        raise Unauthenticated(
            "You are not signed in, or no longer.", advice="Sign in, or send a valid API token as Bearer."
        )
    return caller


async def asking_caller(request: Request, caller: Annotated[Caller, Depends(current_caller)]) -> Caller:
    """Who sent the request; a key that came with it is theirs."""
    once.claim(request, caller.scope.actor)
    return caller


CurrentCaller = Annotated[Caller, Depends(asking_caller)]


async def current_scope(caller: CurrentCaller) -> Scope:
    """The authority of whoever sent the request."""
    return caller.scope


CurrentScope = Annotated[Scope, Depends(current_scope)]


def refuse_other_origins(request: Request) -> None:
    """Raise ``Forbidden`` when a browser says that another site made it send this."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    foreign = site is not None and site not in {"same-origin", "none"}
    if origin is not None and site is None:
        foreign = not hmac.compare_digest(urlsplit(origin).netloc, request.headers.get("Host", ""))
    if foreign:
        raise Forbidden("This request came from another site.", advice="Open Tieline itself and try there.")


async def _bearer(runtime: Runtime, authorization: str) -> Caller | None:
    kind, _, secret = authorization.partition(" ")
    if kind.lower() != "bearer" or not secret:
        return None
    async with runtime.db.transaction() as tx:
        return await authentication.by_token(tx, runtime, secret.strip(), current_request_id())


async def _cookie(request: Request, runtime: Runtime) -> Caller | None:
    secret = request.cookies.get(session_cookie(runtime.settings))
    if not secret:
        return None
    async with runtime.db.transaction() as tx:
        caller = await authentication.by_session(tx, runtime, secret, current_request_id())
    if caller is not None and request.method not in _SAFE:
        refuse_other_origins(request)
        if not csrf_matches(secret, await _sent_csrf_token(request)):
            raise Forbidden(
                "The page's security token is missing or of another session.", advice="Reload the page and try again."
            )
    return caller


async def _sent_csrf_token(request: Request) -> str:
    header = request.headers.get(CSRF_HEADER)
    if header is not None:
        return header
    if request.headers.get("Content-Type", "").startswith(_FORMS):
        value = (await request.form()).get(CSRF_FIELD)
        if isinstance(value, str):
            return value
    return ""
