"""Errors as problem details (RFC 9457): the one place where the tree of errors meets HTTP."""

import math
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
import psycopg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from tieline.platform.db import is_full, is_lost
from tieline.platform.errors import Invalid, Problem, TielineError, TooMany, Unavailable
from tieline.platform.web.request_id import current_request_id

MEDIA_TYPE = "application/problem+json"
_ROOM = "Nothing of this was kept. Tell an administrator to make room; what waits then goes on by itself."


class BrokenRule(BaseModel):
    """One broken rule."""

    field: str = Field(description="Where: the field's path, as sent.")
    rule: str = Field(description="Which rule, as a stable word.")
    message: str = Field(description="In words.")
    value: str | None = Field(None, description="The value, where it may be shown.")
    line: int | None = Field(None, description="The line of an uploaded file.")


class ProblemDetails(BaseModel):
    """What every error answer looks like (RFC 9457)."""

    type: str = Field(examples=["urn:tieline:problem:not-found"])
    title: str
    status: int
    detail: str
    code: str = Field(description="The last part of `type`.")
    request_id: str = Field(description="Quote this when you report a fault.")
    advice: str | None = Field(None, description="What to do next.")
    retry_after: float | None = Field(None, description="Seconds after which another try makes sense.")
    problems: list[BrokenRule] = Field([], description="Each broken rule, when something sent was invalid.")


ErrorPage = Callable[[Request, ProblemDetails], Response]

# For the OpenAPI description: every route may answer so.
RESPONSES: dict[int | str, dict[str, Any]] = {
    kind: {"description": text, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}}
    for kind, text in (("4XX", "What was sent, or who sent it, is the reason."), ("5XX", "The fault is ours."))
}


def render(error: TielineError) -> Response:
    """The answer for an error of ours."""
    retry_after = error.retry_after if isinstance(error, TooMany | Unavailable) else None
    return _answer(
        error.status,
        error.code,
        error.title,
        error.detail,
        advice=error.advice,
        retry_after=retry_after,
        problems=error.problems if isinstance(error, Invalid) else (),
    )


def from_status(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """The answer for a bare HTTP status, such as 404 for a path that nobody serves."""
    phrase = HTTPStatus(status).phrase
    return _answer(status, phrase.lower().replace(" ", "-"), phrase, detail or phrase, headers=headers)


def internal() -> Response:
    """The answer for an error that nobody foresaw; it tells nothing of our insides."""
    return render(TielineError("This should not have happened. It was recorded under the request's id."))


def translate(error: Exception) -> TielineError | None:
    """The error of ours that an error of PostgreSQL or of FastAPI amounts to, if any."""
    if isinstance(error, TielineError):
        return error
    if isinstance(error, RequestValidationError):
        return Invalid("The request does not fit its description.", [_rule(item) for item in error.errors()])
    return _unavailable(error) or _unstorable(error)


def _unavailable(error: Exception) -> Unavailable | None:
    if is_full(error):
        return Unavailable("A disk of the platform is full.", retry_after=30, advice=_ROOM)
    if is_lost(error):
        return Unavailable("The database does not answer.", retry_after=2)
    if isinstance(error, psycopg.errors.SerializationFailure | psycopg.errors.DeadlockDetected):
        return Unavailable("Somebody else was changing the same things. Try again.", retry_after=1)
    return None


def _unstorable(error: Exception) -> Invalid | None:
    if isinstance(error, psycopg.DataError):
        # What pydantic lets through and PostgreSQL cannot hold: U+0000 in a text, a number beyond 64 bits.
        return Invalid("A value is out of what can be stored.", [Problem("", "unstorable", "Check texts and numbers.")])
    return None


def for_people(request: Request, answer: Response) -> Response:
    """The answer as a page, where a browser asks for a page and the application has one for errors.

    That is ``app.state.error_page``: ``(request, ProblemDetails) -> Response``.
    """
    page: ErrorPage | None = getattr(request.app.state, "error_page", None) if "app" in request.scope else None
    wants_page = "text/html" in request.headers.get("Accept", "") or request.headers.get("HX-Request") == "true"
    if page is None or not wants_page or request.url.path.startswith("/api/"):
        return answer
    dressed = page(request, ProblemDetails.model_validate_json(bytes(answer.body)))
    for name in ("Retry-After", "WWW-Authenticate"):
        if name in answer.headers:
            dressed.headers.setdefault(name, answer.headers[name])
    return dressed


def install(app: FastAPI) -> None:
    """Let an application answer all its errors so."""

    async def known(request: Request, error: Exception) -> Response:
        ours = translate(error)
        if ours is None:
            raise error
        return for_people(request, render(ours))

    async def bare(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        return for_people(request, from_status(error.status_code, str(error.detail), error.headers))

    async def unforeseen(request: Request, _error: Exception) -> Response:
        return for_people(request, internal())  # the guard around the application logs it

    app.add_exception_handler(Exception, unforeseen)
    for kind in (TielineError, RequestValidationError, psycopg.Error, OSError):
        app.add_exception_handler(kind, known)
    app.add_exception_handler(HTTPException, bare)


def _answer(
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    advice: str | None = None,
    retry_after: float | None = None,
    problems: Sequence[Problem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    body: dict[str, Any] = {
        "type": f"urn:tieline:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": current_request_id(),
        "advice": advice,
        "retry_after": retry_after,
        "problems": problems,
    }
    sent = {**(headers or {}), "Cache-Control": "no-store"}
    if retry_after is not None:
        sent["Retry-After"] = str(max(1, math.ceil(retry_after)))
    if status == HTTPStatus.UNAUTHORIZED:
        sent["WWW-Authenticate"] = 'Bearer realm="tieline"'
    content = msgspec.json.encode({key: value for key, value in body.items() if value not in (None, ())})
    return Response(content, status, sent, MEDIA_TYPE)


def _rule(item: Mapping[str, Any]) -> Problem:
    """A broken rule from pydantic's; the value is left out, for it may be a password."""
    where = [str(part) for part in item["loc"]]
    return Problem(".".join(where[1:] or where), str(item["type"]), str(item["msg"]))
