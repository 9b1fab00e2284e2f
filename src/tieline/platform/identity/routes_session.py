"""REST of signing in and out, and of oneself."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from tieline.platform.errors import Forbidden, Invalid, Problem
from tieline.platform.identity import accounts, openid_sign_in, passwords, schemas, store, throttle
from tieline.platform.identity.model import Account, Caller, SignedIn
from tieline.platform.identity.secret import csrf_token
from tieline.platform.identity.sign_in import Origin, sign_in, sign_out, sign_out_everywhere
from tieline.platform.scope import Permission
from tieline.platform.settings import Settings
from tieline.platform.web import (
    CurrentCaller,
    CurrentRuntime,
    current_request_id,
    is_secure,
    refuse_other_origins,
    session_cookie,
    unrepeatable,
)

router = APIRouter(tags=["session"])
_FLOW_COOKIE = "tieline_openid"
_FLOW_PATH = "/api/v1/session/openid"
_FLOW_SECONDS = 600


@router.post("/session", openapi_extra=unrepeatable("What is sent holds a password."))
async def begin(
    sent: schemas.SignIn, request: Request, response: Response, runtime: CurrentRuntime
) -> schemas.SessionView:
    """Sign in. The session's secret goes into a cookie; scripts do not see it."""
    refuse_other_origins(request)
    signed_in = await sign_in(runtime, sent.name, sent.password, origin_of(request, runtime.settings))
    keep_session(response, runtime.settings, signed_in)
    return schemas.SessionView(
        me=me_of(signed_in.account, "session"),
        csrf_token=csrf_token(signed_in.secret),
        expires_at=signed_in.session.expires_at,
    )


@router.get("/session")
async def present(request: Request, caller: CurrentCaller, runtime: CurrentRuntime) -> schemas.SessionView:
    """Give the present session, with the CSRF token that its pages send along."""
    secret = _secret(request, runtime.settings, caller)
    if caller.session is None:
        raise Forbidden("A token has no session.")
    return schemas.SessionView(me=_me(caller), csrf_token=csrf_token(secret), expires_at=caller.session.expires_at)


@router.delete("/session", status_code=204)
async def end(request: Request, response: Response, caller: CurrentCaller, runtime: CurrentRuntime) -> None:
    """Sign out."""
    secret = _secret(request, runtime.settings, caller)
    async with runtime.db.transaction() as tx:
        await sign_out(tx, caller, secret)
    drop_session(response, runtime.settings)


@router.get("/session/openid", status_code=303, response_class=RedirectResponse)
async def leave_for_provider(
    runtime: CurrentRuntime, wanted: Annotated[str, Query(alias="next", max_length=500)] = "/"
) -> RedirectResponse:
    """Send the browser to the OpenID provider; 404 when none is set up."""
    address, state = await openid_sign_in.begin(runtime, wanted)
    response = RedirectResponse(address, 303)
    response.set_cookie(
        _FLOW_COOKIE,
        state,
        max_age=_FLOW_SECONDS,
        path=_FLOW_PATH,
        httponly=True,
        samesite="lax",
        secure=is_secure(runtime.settings),
    )
    return response


@router.get("/session/openid/callback", status_code=303, response_class=RedirectResponse)
async def return_from_provider(
    request: Request,
    runtime: CurrentRuntime,
    code: Annotated[str, Query(max_length=4000)] = "",
    state: Annotated[str, Query(max_length=200)] = "",
) -> RedirectResponse:
    """Take the browser back from the OpenID provider, and begin its session."""
    origin = origin_of(request, runtime.settings)
    held = request.cookies.get(_FLOW_COOKIE, "")
    signed_in, wanted = await openid_sign_in.finish(runtime, code, state, held, origin)
    response = RedirectResponse(wanted, 303)
    response.delete_cookie(_FLOW_COOKIE, path=_FLOW_PATH)
    keep_session(response, runtime.settings, signed_in)
    return response


@router.get("/me")
async def me(caller: CurrentCaller) -> schemas.Me:
    """Say who the caller is and what the caller may do."""
    return _me(caller)


@router.put("/me/password", status_code=204)
async def change_password(sent: schemas.OwnPassword, caller: CurrentCaller, runtime: CurrentRuntime) -> None:
    """Change one's own password; all other sessions end. Wrong guesses of the present one have to wait like others."""
    subject, now = f"password:{caller.account.id}", runtime.clock.now()
    async with runtime.db.transaction() as tx:
        await throttle.charge(tx, {subject: runtime.settings.login_attempts}, now)
        found = await store.account_named(tx, caller.account.name)
    if not await passwords.matches(found[1] if found else None, sent.present):
        problem = Problem("present", "wrong", "This is not your present password.")
        raise Invalid("Your present password is wrong.", [problem])
    accounts.check_password(sent.password, caller.account.name)
    stored = await passwords.hashed(sent.password)
    async with runtime.db.transaction() as tx:
        await throttle.clear(tx, subject)
        await accounts.change_own_password(tx, caller, stored, now)


@router.get("/me/sessions")
async def sessions(caller: CurrentCaller, runtime: CurrentRuntime) -> schemas.SessionList:
    """List where one is signed in."""
    async with runtime.db.snapshot() as tx:
        found = await store.sessions(tx, caller.account.id)
    here = caller.session.id if caller.session else None
    return schemas.SessionList(items=[schemas.session(item, current=item.id == here) for item in found])


@router.delete("/me/sessions")
async def end_all(response: Response, caller: CurrentCaller, runtime: CurrentRuntime) -> schemas.Ended:
    """Sign out everywhere, here too."""
    async with runtime.db.transaction() as tx:
        ended = await sign_out_everywhere(tx, caller)
    drop_session(response, runtime.settings)
    return schemas.Ended(ended=ended)


def origin_of(request: Request, settings: Settings) -> Origin:
    """Where a sign-in comes from."""
    return Origin(
        address=request.client.host if request.client else "",
        agent=request.headers.get("User-Agent", ""),
        request_id=current_request_id(),
        previous=request.cookies.get(session_cookie(settings)),
    )


def keep_session(response: Response, settings: Settings, signed_in: SignedIn) -> None:
    """Put a new session's secret into the browser's cookie."""
    response.set_cookie(
        session_cookie(settings),
        signed_in.secret,
        max_age=int(settings.session_hours * 3600),
        path="/",
        httponly=True,
        samesite="lax",
        secure=is_secure(settings),
    )


def drop_session(response: Response, settings: Settings) -> None:
    """Take the session's cookie away."""
    response.delete_cookie(
        session_cookie(settings), path="/", httponly=True, samesite="lax", secure=is_secure(settings)
    )


def me_of(account: Account, via: str) -> schemas.Me:
    """Somebody with their own authority."""
    scope = account.scope()
    return _shown(account, sorted(scope.permissions), scope.regions, scope.operators, via)


def _me(caller: Caller) -> schemas.Me:
    via = "session" if caller.session else "token"
    scope = caller.scope
    return _shown(caller.account, sorted(scope.permissions), scope.regions, scope.operators, via)


def _shown(
    account: Account,
    permissions: list[Permission],
    regions: frozenset[str] | None,
    operators: frozenset[str] | None,
    via: str,
) -> schemas.Me:
    return schemas.Me(
        id=account.id,
        name=account.name,
        display_name=account.display_name,
        email=account.email,
        roles=sorted(account.roles),
        permissions=permissions,
        regions=store.optional_list(regions),
        operators=store.optional_list(operators),
        via="token" if via == "token" else "session",
    )


def _secret(request: Request, settings: Settings, caller: Caller) -> str:
    secret = request.cookies.get(session_cookie(settings))
    if caller.session is None or secret is None:
        raise Forbidden("This is for sessions; you came with a token.", advice="Revoke the token instead.")
    return secret
