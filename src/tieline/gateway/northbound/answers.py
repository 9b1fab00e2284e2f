"""Answers and errors in the shapes of the standards, and bodies read within bounds."""

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tieline.gateway.authorization.errors import Challenged
from tieline.gateway.model import Actor, Consumer, Party
from tieline.platform.errors import TooMany, Unavailable
from tieline.platform.web.problems import translate
from tieline.standards.mns.errors import (
    ErrorType,
    MnsError,
    error_default,
    error_detail,
    error_get,
    error_patch,
)
from tieline.standards.northbound import Cause, NorthboundError, ProblemDetails
from tieline.standards.tmf.errors import TmfError, error_body

PROBLEM = "application/problem+json"
PROVISIONING = "/3gpp-mns/ProvMnS/v1"
PLANNING = "/3gpp-mns/plan-management/v1"
LAN_GROUPS = "/3gpp-5glan-pp/v1"
ADDRESSES = "/3gpp-addr-pp/v1"
EVENTS = "/3gpp-monitoring-event/v1"
EXPOSED = (LAN_GROUPS, ADDRESSES, EVENTS)
"""Where the northbound APIs begin (TS 29.522, TS 29.122)."""
TMF = "/tmf-api/"

_encode = msgspec.json.Encoder().encode
_TYPES: Mapping[int, ErrorType] = {
    401: ErrorType.ACCESS_CONTROL_CONFLICT,
    403: ErrorType.ACCESS_CONTROL_CONFLICT,
    404: ErrorType.DATA_NODE_TREE_ERROR,
    413: ErrorType.SCHEMA_VALIDATION_ERROR,
    500: ErrorType.SERVER_ERROR,
    503: ErrorType.SERVER_ERROR,
}
_CAUSES: Mapping[int, Cause] = {
    401: Cause.UNAUTHORIZED_AF,
    403: Cause.UNAUTHORIZED_AF,
    404: Cause.RESOURCE_URI_STRUCTURE_NOT_FOUND,
    429: Cause.NF_CONGESTION,
    500: Cause.SYSTEM_FAILURE,
    503: Cause.NF_CONGESTION,
}


class NoAnswer(Exception):
    """The connection is to be closed without an answer: a fault asked for it."""


def consumer_of(request: Request) -> Consumer:
    """Give the utility that calls, as the gate found out."""
    consumer: Consumer = request.scope["consumer"]
    return consumer


def actor_of(consumer: Consumer) -> Actor:
    """Give the utility as the one who makes a change, by the program that calls; its own certificate is none."""
    client = consumer.client if consumer.client != consumer.code else ""
    return Actor(Party.UTILITY, f"utility:{consumer.code}", client=client or None)


async def read_body(request: Request, most: int) -> bytes:
    """Read a body of at most so many octets.

    Raises:
        MnsError: 413 for a larger one, before it is read to its end.

    """
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > most:
        raise _too_large(most)
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > most:
            raise _too_large(most)
        pieces.append(piece)
    return b"".join(pieces)


def answer(body: Any, status: int = 200, *, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON."""
    return Response(_encode(body), status, dict(headers or {}), "application/json")


def mns_error(error: Exception) -> MnsError:
    """Give an error of the product as one of the management services; what is not meant for others is not told."""
    if isinstance(error, MnsError):
        return error
    ours = translate(error)
    if ours is not None:
        return MnsError(ours.detail, type=_TYPES.get(ours.status, ErrorType.OTHER), status=ours.status)
    return MnsError("The gateway failed; the operator's log tells more.", type=ErrorType.SERVER_ERROR, status=500)


def error_answer(path: str, method: str, error: Exception) -> Response:
    """Answer with an error in the shape of the interface that ``path`` belongs to."""
    if path.startswith(EXPOSED):
        return _problem_answer(error)
    if path.startswith(TMF):
        told = tmf_error(error)
        return Response(_encode(error_body(told)), told.status, _headers_of(error), "application/json")
    found = mns_error(error)
    media_type = "application/json"
    body: msgspec.Struct
    if path.startswith(PLANNING):
        body, media_type = error_detail(found, bad_data_node=_node(path)), PROBLEM
    elif method == "GET":
        body = error_get(found)
    elif method == "PATCH":
        body = error_patch(found)
    else:
        body = error_default(found, bad_objects=_objects(found))
    return Response(_encode(body), found.status, _headers_of(error), media_type)


def _problem_answer(error: Exception) -> Response:
    """Answer as the northbound APIs do: ``ProblemDetails``, with a number for its status."""
    if isinstance(error, NorthboundError):
        problem = error.problem()
    else:
        found = mns_error(error)
        cause = _CAUSES.get(found.status, Cause.INVALID_MSG_FORMAT)
        problem = NorthboundError(found.detail, status=found.status, cause=cause).problem()
    return Response(_encode(problem), _status(problem), _headers_of(error), PROBLEM)


def _status(problem: ProblemDetails) -> int:
    return 500 if problem.status is None else problem.status


def tmf_error(error: Exception) -> TmfError:
    """Give an error as one of TM Forum's interfaces; what is not meant for others is not told."""
    if isinstance(error, TmfError):
        return error
    if isinstance(error, MnsError):
        return TmfError(error.detail, code=str(error.type), status=error.status)
    ours = translate(error)
    if ours is not None:
        return TmfError(ours.detail, code=ours.code, status=ours.status)
    return TmfError("The gateway failed; the operator's log tells more.", code="serverError", status=500)


def _headers_of(error: Exception) -> dict[str, str]:
    if isinstance(error, TooMany | Unavailable):
        return {"Retry-After": str(max(1, -int(-error.retry_after // 1)))}
    if isinstance(error, Challenged):
        return {"WWW-Authenticate": error.challenge}
    return {}


def _objects(error: MnsError) -> tuple[str, ...]:
    dn = getattr(error, "dn", None)
    return () if dn is None else (str(dn),)


def _node(path: str) -> str:
    return path.removeprefix(PLANNING) or "/"


def _too_large(most: int) -> MnsError:
    return MnsError(f"A body has at most {most} octets.", type=ErrorType.SCHEMA_VALIDATION_ERROR, status=413)
