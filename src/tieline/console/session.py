"""The way in and the way out."""

import math
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Form as Posted
from fastapi import Request, Response

from tieline.console.components.forms import Field, Form
from tieline.console.components.work import Problem
from tieline.console.http import local_path, pages, redirect, renderer_of
from tieline.platform import identity
from tieline.platform.errors import TooMany, Unauthenticated
from tieline.platform.identity.routes_session import drop_session, keep_session, origin_of
from tieline.platform.settings import Settings
from tieline.platform.web import (
    CurrentCaller,
    CurrentRuntime,
    current_caller,
    refuse_other_origins,
    session_cookie,
)
from tieline.platform.wiring import Runtime

router = pages()
Text = Annotated[str, Posted(max_length=1000)]
_TEMPLATE = "layout/sign-in.html"
_WRONG, _EMPTY = "Name or password is wrong.", "Type both: your name and your password."


@router.get("/sign-in")
async def form(request: Request, runtime: CurrentRuntime, next: str = "/", out: bool = False) -> Response:  # noqa: A002 - the field's name in the URL
    """The sign-in form; whoever is signed in already goes on at once."""
    try:
        await current_caller(request, runtime)
    except Unauthenticated:
        notice = "You are signed out." if out else "Sign in to go on." if next != "/" else ""
        return _form(request, runtime, next, notice=notice)
    return redirect(request, local_path(next))


@router.post("/sign-in")
async def sign_in(
    request: Request,
    runtime: CurrentRuntime,
    name: Text = "",
    password: Text = "",
    next: Text = "/",  # noqa: A002
) -> Response:
    """Begin a session, and go where one wanted to go."""
    refuse_other_origins(request)
    if not name.strip() or not password:  # nobody's try: it is not counted
        return _form(request, runtime, next, name=name, error=_EMPTY, status=422)
    try:
        begun = await identity.sign_in(runtime, name, password, origin_of(request, runtime.settings))
    except Unauthenticated:
        return _form(request, runtime, next, name=name, error=_WRONG, status=401)
    except TooMany as error:
        return _form(request, runtime, next, name=name, wait=error, status=429)
    answer = redirect(request, local_path(next))
    keep_session(answer, runtime.settings, begun)
    return answer


@router.post("/sign-out")
async def sign_out(request: Request, runtime: CurrentRuntime, caller: CurrentCaller) -> Response:
    """End the session."""
    async with runtime.db.transaction() as tx:
        await identity.sign_out(tx, caller, request.cookies.get(session_cookie(runtime.settings), ""))
    answer = redirect(request, "/sign-in?out=1")
    drop_session(answer, runtime.settings)
    return answer


def _form(
    request: Request,
    runtime: Runtime,
    wanted: str,
    *,
    name: str = "",
    error: str = "",
    wait: TooMany | None = None,
    notice: str = "",
    status: int = 200,
) -> Response:
    fields = (
        Field("name", "Name", value=name, autocomplete="username", autofocus=not name, maxlength=100),
        Field("password", "Password", "password", autocomplete="current-password", autofocus=bool(name)),
    )
    action = "/sign-in"
    seconds = math.ceil(wait.retry_after) if wait else 0
    return renderer_of(request, runtime).response(
        _TEMPLATE,
        status=status,
        headers={"Retry-After": str(seconds)} if wait else {},
        title="Sign in",
        form=Form(action, fields, "", "Sign in"),
        next=local_path(wanted),
        notice=notice,
        error=error,
        wait=_throttled(seconds) if wait else None,
        openid=_openid(runtime.settings, wanted),
    )


def _throttled(seconds: int) -> Problem:
    """Why the next try has to wait: somebody may be guessing."""
    return Problem(
        "Too many failed tries",
        f"Wait {seconds}\u202fs, then try again. Each further miss for this name or address doubles the wait.",
        "If you forgot the password, ask an administrator for a new one.",
        tone="warn",
    )


def _openid(settings: Settings, wanted: str) -> str:
    """Where sign-in by OpenID Connect begins; empty when none is configured."""
    return f"/api/v1/session/openid?{urlencode({'next': local_path(wanted)})}" if settings.oidc_issuer else ""
