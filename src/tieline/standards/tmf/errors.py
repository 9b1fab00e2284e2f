"""The error body of TM Forum APIs (TMF630), and the error this package raises."""

from typing import Any

import msgspec


class TmfError(Exception):
    """Something that a TM Forum interface refuses. ``reason`` is for people, ``code`` for programs.

    ``status`` is the one of HTTP; ``field`` the member of the body, or the parameter, that is at fault.
    """

    def __init__(self, reason: str, *, code: str = "invalid", status: int = 400, field: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.status = status
        self.field = field


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """``Error`` of TMF655. ``status`` is a *string*, as in ProvMnS."""

    code: str
    reason: str
    message: str | None = None
    status: str | None = None
    type: str = msgspec.field(name="@type", default="")


def error_body(error: TmfError) -> ErrorBody:
    """Give an error as its body."""
    message = f"The member at fault: {error.field}" if error.field else None
    return ErrorBody(code=error.code, reason=error.reason, message=message, status=str(error.status), type="Error")


def read_reason(body: bytes) -> str:
    """What an error body says to people; empty for one that cannot be read."""
    try:
        found: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return ""
    if not isinstance(found, dict):
        return ""
    said = [found.get("reason"), found.get("message")]
    return "; ".join(one for one in said if isinstance(one, str) and one)[:500]
