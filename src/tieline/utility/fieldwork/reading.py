"""Reads reports as a phone sends them: flat objects, each by itself, so that a bad one keeps none back."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from tieline.utility.fieldwork.model import Answer, Report, ReportKind, ReportState

MOST_TEXT = 4000
MOST_OCTETS = 16_384
_YEARS = range(1970, 9999)
"""Times of other years are none; at the ends of the calendar they cannot be kept in every time zone."""
_HEAD = frozenset({"id", "visit", "kind", "at", "phone", "seq"})
_RELOAD = "Reload the page when the network is back; tell the dispatcher what you wanted to say."


class _Head(msgspec.Struct, frozen=True):
    """What every report says."""

    id: uuid.UUID
    visit: int
    kind: ReportKind
    at: datetime | None = None
    phone: str = ""
    seq: int = 0


@dataclass(slots=True)
class Read:
    """Reports that can be read, and answers to those that cannot, each with its place in the list."""

    good: list[tuple[int, Report]] = field(default_factory=list)
    bad: dict[int, Answer] = field(default_factory=dict)


def read_all(sent: Sequence[Mapping[str, Any]]) -> Read:
    """Read a list of reports."""
    found = Read()
    for place, one in enumerate(sent):
        try:
            found.good.append((place, read(one)))
        except msgspec.ValidationError as error:
            sentence = f"The report cannot be read: {error}."
            found.bad[place] = Answer(_shown(one.get("id")), ReportState.REFUSED, "form", sentence, _RELOAD)
    return found


def read(one: Mapping[str, Any]) -> Report:
    """One report; raises msgspec's ``ValidationError`` with a sentence."""
    clean = _clean(one)
    head = msgspec.convert({name: clean[name] for name in _HEAD & clean.keys()}, _Head)
    body = {name: value for name, value in clean.items() if name not in _HEAD}
    if not 0 < head.visit < 2**63 or not 0 <= head.seq < 2**53 or len(head.phone) > 64:  # noqa: PLR2004
        raise msgspec.ValidationError("visit, seq or phone is out of its range")
    if bool(head.phone) != bool(head.seq):
        raise msgspec.ValidationError("phone and seq come together")
    if head.at is not None and head.at.tzinfo is None:
        raise msgspec.ValidationError("its time has no time zone")
    if len(msgspec.json.encode(body)) > MOST_OCTETS:
        raise msgspec.ValidationError("it says too much")
    at = head.at if head.at is not None and head.at.year in _YEARS else None
    return Report(str(head.id), head.visit, head.kind, body, at, head.phone, head.seq)


def _clean(value: Any, depth: int = 0) -> Any:
    """The value with texts that can be stored: no U+0000, no half of a surrogate pair, none endless."""
    if depth > 4:  # noqa: PLR2004 - deeper than any report is
        raise msgspec.ValidationError("it is nested too deeply")
    match value:
        case str():
            return value.replace("\0", "").encode("utf-8", "replace").decode()[:MOST_TEXT]
        case dict():
            return {_clean(name, depth + 1): _clean(part, depth + 1) for name, part in value.items()}
        case list():
            return [_clean(part, depth + 1) for part in value]
        case float() if value != value or value in {float("inf"), float("-inf")}:  # noqa: PLR0124 - NaN alone differs
            raise msgspec.ValidationError("it holds a number that is none")
        case int() if abs(value) >= 2**63:
            raise msgspec.ValidationError("it holds a number that is too large")
        case _:
            return value


def _shown(identity: Any) -> str:
    return identity[:64].encode("utf-8", "replace").decode() if isinstance(identity, str) else ""
