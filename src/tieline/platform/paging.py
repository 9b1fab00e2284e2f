"""Keyset pages: the cursor says where the last page ended, so page 500 costs what page 1 costs."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from tieline.platform.errors import Invalid, Problem

T = TypeVar("T")
MAX_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items in order, and the cursor of the next page when there is one."""

    items: Sequence[T]
    next: str | None = None


def encode_cursor(*key: Any) -> str:
    """Pack the sort key of the last item shown."""
    return base64.urlsafe_b64encode(msgspec.json.encode(list(key))).decode().rstrip("=")


def decode_cursor(cursor: str, length: int) -> list[Any]:
    """Unpack a cursor made for a key of ``length`` parts; raises ``Invalid`` for anything else."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        key = msgspec.json.decode(raw)
    except (binascii.Error, ValueError, msgspec.DecodeError) as error:
        raise _bad(cursor) from error
    if not isinstance(key, list) or len(key) != length:
        raise _bad(cursor)
    return key


def decode_key(cursor: str, *kinds: Any) -> list[Any]:
    """Unpack a cursor whose parts are of the given types (``int``, ``str``, ``datetime``); else raises ``Invalid``."""
    parts = decode_cursor(cursor, len(kinds))
    try:
        return [msgspec.convert(part, kind) for part, kind in zip(parts, kinds, strict=True)]
    except msgspec.ValidationError as error:
        raise _bad(cursor) from error


def _bad(cursor: str) -> Invalid:
    return Invalid(
        "The page's cursor is not one of ours.",
        [Problem("cursor", "cursor", "Leave it out to start at the first page.", cursor[:40])],
    )


def page_of(rows: Sequence[T], limit: int, key: Callable[[T], tuple[Any, ...]]) -> Page[T]:
    """Make a page from up to ``limit + 1`` rows: the one too many only says that there is more."""
    if len(rows) > limit:
        shown = rows[:limit]
        return Page(shown, encode_cursor(*key(shown[-1])))
    return Page(rows)
