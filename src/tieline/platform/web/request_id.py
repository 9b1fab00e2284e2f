"""The id of the request being served: taken from the caller when it looks sane, else made here."""

import re
import secrets
from contextvars import ContextVar

HEADER = b"x-request-id"
_SANE = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
_current: ContextVar[str] = ContextVar("tieline_request_id", default="")


def begin(offered: bytes | None) -> str:
    """Set and give the id of the request that begins."""
    taken = offered is not None and _SANE.fullmatch(offered) is not None
    value = offered.decode() if offered is not None and taken else secrets.token_hex(12)
    _current.set(value)
    return value


def current_request_id() -> str:
    """The id of the request being served; empty outside of one."""
    return _current.get()
