"""Errors of plan management."""

from tieline.standards.mns.errors import ErrorDetail, ErrorReason, ErrorType, PlanError


def missing(kind: str, identifier: str) -> PlanError:
    """Give the error for something that does not exist, or not for this caller."""
    return _error(
        f"There is no {kind} {identifier[:80]!r}.",
        ErrorType.DATA_NODE_TREE_ERROR,
        404,
        reason=ErrorReason.TARGET_DATA_NODE_NOT_FOUND,
    )


def in_the_way(detail: str) -> PlanError:
    """Give the error for something whose state does not allow what is asked."""
    return _error(detail, ErrorType.MODIFICATION_NOT_ALLOWED, 409)


def senseless(detail: str, node: str = "/") -> PlanError:
    """Give the error for a request that can be read and makes no sense here."""
    return _error(detail, ErrorType.APPLICATION_LAYER_ERROR, 422, node=node)


def unusable(detail: str, node: str = "/") -> PlanError:
    """Give the error for a request with something that cannot be used."""
    return _error(detail, ErrorType.SCHEMA_VALIDATION_ERROR, 400, node=node)


def _error(
    detail: str, kind: ErrorType, status: int, *, reason: ErrorReason = ErrorReason.OTHER, node: str = "/"
) -> PlanError:
    error = ErrorDetail(type=kind, reason=reason, title=detail, detail=detail, bad_data_node=node)
    return PlanError([error], status=status)
