"""Error bodies of the management services, and the errors this package raises.

TS 28.623 ComDefs gives ProvMnS three error bodies whose ``status`` is a *string* (``"404"``), unlike the
integer of RFC 9457; TS 28.572 gives plan management one, ``ErrorDetail``, served as
``application/problem+json``.

The ComDefs schemas leave ``type`` and ``reason`` open. We fill them from the closed lists of TS 28.572
``ErrorDetail`` so that both interfaces speak one vocabulary (a reading of ours).

Errors raised here form one small tree::

    MnsError
    ├── DnError              a name or URI that is not one
    ├── JexError             a filter that cannot be read, with its position
    ├── QueryError           a query parameter, named
    ├── RepresentationError  a resource body, with the attributes at fault
    ├── PatchError           a patch document, with the operation at fault
    ├── NotificationError    a notification or a subscription that cannot be read
    └── PlanError            a plan or a change of one, as an ``ErrorDetail``
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec


class ErrorType(StrEnum):
    """``ErrorDetail.type`` of TS 28.572: what kind of thing went wrong."""

    SCHEMA_VALIDATION_ERROR = "SCHEMA_VALIDATION_ERROR"
    DATA_NODE_TREE_ERROR = "DATA_NODE_TREE_ERROR"
    MODIFICATION_NOT_ALLOWED = "MODIFICATION_NOT_ALLOWED"
    ACCESS_CONTROL_CONFLICT = "ACCESS_CONTROL_CONFLICT"
    APPLICATION_LAYER_ERROR = "APPLICATION_LAYER_ERROR"
    SERVER_ERROR = "SERVER_ERROR"
    OTHER = "OTHER"


class ErrorReason(StrEnum):
    """``ErrorDetail.reason`` of TS 28.572: which rule was broken."""

    NEW_DATA_NODE_NAME_INVALID = "NEW_DATA_NODE_NAME_INVALID"
    NEW_DATA_NODE_VALUE_INVALID = "NEW_DATA_NODE_VALUE_INVALID"
    NEW_DATA_NODE_CONTAINMENT_INVALID = "NEW_DATA_NODE_CONTAINMENT_INVALID"
    FINAL_DATA_NODE_VALUE_INVALID = "FINAL_DATA_NODE_VALUE_INVALID"
    FINAL_DATA_NODE_UNIQUENESS_INVALID = "FINAL_DATA_NODE_UNIQUENESS_INVALID"
    FINAL_DATA_NODE_MULTIPLICITY_INVALID = "FINAL_DATA_NODE_MULTIPLICITY_INVALID"
    FINAL_DATA_NODE_CARDINALITY_INVALID = "FINAL_DATA_NODE_CARDINALITY_INVALID"
    TARGET_DATA_NODE_NOT_FOUND = "TARGET_DATA_NODE_NOT_FOUND"
    TARGET_DATA_NODE_PARENT_NOT_FOUND = "TARGET_DATA_NODE_PARENT_NOT_FOUND"
    TARGET_DATA_NODE_FOUND = "TARGET_DATA_NODE_FOUND"
    TARGET_DATA_NODE_NOT_WRITABLE = "TARGET_DATA_NODE_NOT_WRITABLE"
    TARGET_DATA_NODE_INVARIANT = "TARGET_DATA_NODE_INVARIANT"
    TARGET_DATA_NODE_CREATION_NOT_ALLOWED = "TARGET_DATA_NODE_CREATION_NOT_ALLOWED"
    TARGET_DATA_NODE_DELETION_NOT_ALLOWED = "TARGET_DATA_NODE_DELETION_NOT_ALLOWED"
    ACCESS_DENIED = "ACCESS_DENIED"
    OTHER = "OTHER"


class ErrorDetail(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """``ErrorDetail`` of TS 28.572: one problem, and the data node it belongs to.

    ``bad_data_node`` is required by the schema; for a problem of the request as a whole it is ``"/"``.
    """

    type: ErrorType
    bad_data_node: str
    reason: ErrorReason | None = None
    title: str | None = None
    detail: str | None = None
    error_info: dict[str, Any] | None = None


class OtherProblem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A further problem of the same request: an item of ``otherProblems``."""

    type: str
    status: str | None = None
    reason: str | None = None
    title: str | None = None
    bad_query_params: tuple[str, ...] | None = None
    bad_attributes: tuple[str, ...] | None = None
    bad_objects: tuple[str, ...] | None = None
    bad_op: str | None = None


class ErrorResponseGet(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """``ErrorResponseGet`` of TS 28.623: a read that failed. ``status`` is a string of three digits."""

    type: str
    status: str | None = None
    reason: str | None = None
    title: str | None = None
    bad_query_params: tuple[str, ...] | None = None
    other_problems: tuple[OtherProblem, ...] | None = None


class ErrorResponseDefault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """``ErrorResponseDefault`` of TS 28.623: a PUT, POST or DELETE that failed."""

    type: str
    status: str | None = None
    reason: str | None = None
    title: str | None = None
    bad_attributes: tuple[str, ...] | None = None
    bad_objects: tuple[str, ...] | None = None
    other_problems: tuple[OtherProblem, ...] | None = None


class ErrorResponsePatch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """``ErrorResponsePatch`` of TS 28.623: a PATCH that failed wholly, and the first operation at fault."""

    type: str
    bad_op: str
    status: str | None = None
    reason: str | None = None
    title: str | None = None
    other_problems: tuple[OtherProblem, ...] | None = None


class MnsError(ValueError):
    """Something on the wire is not what the standard allows.

    Attributes:
        detail: one sentence for the person at the other end; safe to send.
        type: the published kind of error.
        reason: the published rule, where one fits.
        status: the HTTP status a server answers with.

    """

    default_type = ErrorType.SCHEMA_VALIDATION_ERROR
    default_status = 400

    def __init__(
        self,
        detail: str,
        *,
        type: ErrorType | None = None,  # noqa: A002 - the standard's word
        reason: ErrorReason | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.type = type or self.default_type
        self.reason = reason
        self.status = status or self.default_status


class DnError(MnsError):
    """A distinguished name or a resource URI that cannot be read (TS 32.300, TS 32.158 clause 4.2)."""


class JexError(MnsError):
    """A Jex expression that cannot be read; ``position`` is the offset of the fault in characters."""

    def __init__(self, detail: str, position: int) -> None:
        super().__init__(f"{detail} at position {position}")
        self.position = position


class QueryError(MnsError):
    """A query parameter that cannot be used; ``parameters`` names it as the request spelt it."""

    def __init__(self, detail: str, *parameters: str) -> None:
        super().__init__(detail)
        self.parameters = parameters


class RepresentationError(MnsError):
    """A resource body that cannot be read; ``attributes`` are the members at fault."""

    def __init__(
        self,
        detail: str,
        *attributes: str,
        type: ErrorType | None = None,  # noqa: A002 - the standard's word
        reason: ErrorReason | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(detail, type=type, reason=reason, status=status)
        self.attributes = attributes


class PatchError(MnsError):
    """A patch that cannot be read or applied; ``bad_op`` points at the operation (JSON Pointer)."""

    def __init__(
        self,
        detail: str,
        bad_op: str,
        *,
        type: ErrorType | None = None,  # noqa: A002 - the standard's word
        reason: ErrorReason | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(detail, type=type, reason=reason, status=status)
        self.bad_op = bad_op


class NotificationError(MnsError):
    """A notification, or the subscription to one, that cannot be read."""


class PlanError(MnsError):
    """A plan, or a change of one, that cannot be taken; ``errors`` are ready to send."""

    def __init__(self, errors: Sequence[ErrorDetail], *, status: int | None = None) -> None:
        first = errors[0]
        super().__init__(first.detail or first.title or first.type, type=first.type, reason=first.reason, status=status)
        self.errors = tuple(errors)


def error_get(error: MnsError) -> ErrorResponseGet:
    """Give the body of a GET that failed with ``error``."""
    parameters = error.parameters if isinstance(error, QueryError) else ()
    return ErrorResponseGet(
        type=error.type,
        status=str(error.status),
        reason=error.reason,
        title=error.detail,
        bad_query_params=parameters or None,
    )


def error_default(error: MnsError, *, bad_objects: Sequence[str] = ()) -> ErrorResponseDefault:
    """Give the body of a PUT, POST or DELETE that failed with ``error``; ``bad_objects`` are DNs."""
    attributes = error.attributes if isinstance(error, RepresentationError) else ()
    return ErrorResponseDefault(
        type=error.type,
        status=str(error.status),
        reason=error.reason,
        title=error.detail,
        bad_attributes=attributes or None,
        bad_objects=tuple(bad_objects) or None,
    )


def error_patch(error: MnsError, *, bad_op: str = "") -> ErrorResponsePatch:
    """Give the body of a PATCH that failed with ``error``; ``bad_op`` is used where the error names none."""
    return ErrorResponsePatch(
        type=error.type,
        status=str(error.status),
        reason=error.reason,
        title=error.detail,
        bad_op=error.bad_op if isinstance(error, PatchError) else bad_op,
    )


def error_detail(error: MnsError, *, bad_data_node: str = "/") -> ErrorDetail:
    """Give the plan-management body for ``error``; ``bad_data_node`` is the object or attribute at fault."""
    if isinstance(error, PlanError):
        return error.errors[0]
    return ErrorDetail(type=error.type, reason=error.reason, title=error.detail, bad_data_node=bad_data_node)
