"""What a read asks for: scope, filter, attribute selection, and the media type of the answer.

TS 32.158 clause 6.1 and the query parameters of TS 28.532 ``GET``. The scope is one JSON object in 19.2.0
(``scope={"scopeType":"BASE_ALL"}``); 18.3.0 exploded it (``scopeType=BASE_ALL&scopeLevel=1``). Both are read;
the JSON form is written.

Ours (INFERRED): ``attributes=`` without a name selects no attribute, ``fields`` may be written
``plmnId/mcc``, ``attributes/plmnId/mcc`` or ``/attributes/plmnId/mcc``, and ``scopeLevel`` beside BASE_ONLY
or BASE_ALL is ignored.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from tieline.standards.mns import jex
from tieline.standards.mns.errors import JexError, QueryError

JSON: Final = "application/json"
HIERARCHICAL: Final = "application/vnd.3gpp.object-tree-hierarchical+json"
FLAT: Final = "application/vnd.3gpp.object-tree-flat+json"
GET_MEDIA_TYPES: Final = (JSON, HIERARCHICAL, FLAT)
"""What a read can be answered in, the default first; ``application/json`` is the hierarchical form."""

MAX_SCOPE_LEVEL = 64
MAX_NAMES = 100


class ScopeType(StrEnum):
    """Which objects below the base are meant (TS 28.532 ``ScopeType``)."""

    BASE_ONLY = "BASE_ONLY"
    BASE_NTH_LEVEL = "BASE_NTH_LEVEL"
    BASE_SUBTREE = "BASE_SUBTREE"
    BASE_ALL = "BASE_ALL"


class Scope(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """A scope: its type, and the level for BASE_NTH_LEVEL (exactly) and BASE_SUBTREE (down to)."""

    scope_type: ScopeType = ScopeType.BASE_ONLY
    scope_level: int | None = None

    @property
    def depths(self) -> tuple[int, int | None]:
        """The least and greatest number of levels below the base, None for no limit."""
        level = self.scope_level or 0
        match self.scope_type:
            case ScopeType.BASE_ONLY:
                return 0, 0
            case ScopeType.BASE_NTH_LEVEL:
                return level, level
            case ScopeType.BASE_SUBTREE:
                return 0, level
            case ScopeType.BASE_ALL:
                return 0, None

    def includes(self, levels_below: int) -> bool:
        """Tell whether an object so many levels below the base is meant; 0 is the base itself."""
        least, greatest = self.depths
        return levels_below >= least and (greatest is None or levels_below <= greatest)


BASE_ONLY = Scope()
BASE_ALL = Scope(ScopeType.BASE_ALL)


class Selection(msgspec.Struct, frozen=True):
    """Which attributes, or parts of attributes, are returned. ``None`` in both: everything."""

    attributes: frozenset[str] | None = None
    fields: tuple[tuple[str, ...], ...] | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return self.attributes is None and self.fields is None


class GetQuery(msgspec.Struct, frozen=True):
    """The query of a read. ``condition`` has been through ``jex.for_resource``; ``filter`` is its text."""

    scope: Scope = BASE_ONLY
    filter: str | None = None
    condition: jex.Condition | None = None
    selection: Selection = Selection()


_scope_decoder = msgspec.json.Decoder(Scope)


def make_scope(scope_type: str, scope_level: int | None = None) -> Scope:
    """Make a scope, checking that the level fits the type.

    Raises:
        QueryError: naming ``scopeType`` or ``scopeLevel``.

    """
    try:
        kind = ScopeType(scope_type)
    except ValueError as error:
        allowed = ", ".join(ScopeType)
        raise QueryError(f"scopeType is {scope_type[:40]!r}, not one of {allowed}", "scopeType") from error
    if kind in {ScopeType.BASE_ONLY, ScopeType.BASE_ALL}:
        return Scope(kind)
    if scope_level is None:
        raise QueryError(f"{kind} needs a scopeLevel", "scopeLevel")
    if not 0 <= scope_level <= MAX_SCOPE_LEVEL:
        raise QueryError(f"scopeLevel is not between 0 and {MAX_SCOPE_LEVEL}", "scopeLevel")
    return Scope(kind, scope_level)


def parse_get_query(parameters: Iterable[tuple[str, str]]) -> GetQuery:
    """Read the query parameters of a GET, decoded, in order.

    Raises:
        QueryError: for a parameter that is unknown, repeated, or cannot be read.

    """
    found: dict[str, str] = {}
    for name, value in parameters:
        if name not in _READERS:
            raise QueryError(f"there is no query parameter {name[:40]!r}", name[:40])
        if name in found:
            raise QueryError(f"{name} is given twice", name)
        found[name] = value
    if "dataNodeSelector" in found:
        raise QueryError("dataNodeSelector is not supported; use scope and filter", "dataNodeSelector")
    return GetQuery(
        scope=_scope(found),
        filter=found.get("filter"),
        condition=parse_filter(found["filter"]) if "filter" in found else None,
        selection=_selection(found),
    )


_READERS = frozenset({"scope", "scopeType", "scopeLevel", "filter", "attributes", "fields", "dataNodeSelector"})


def parse_filter(text: str) -> jex.Condition:
    """Read a filter about managed objects.

    Raises:
        QueryError: naming ``filter``, with the position of the fault.

    """
    try:
        return jex.for_resource(jex.parse(text))
    except JexError as error:
        raise QueryError(f"filter: {error}", "filter") from error


def build_get_query(
    *,
    scope: Scope = BASE_ONLY,
    condition: jex.Condition | None = None,
    attributes: Sequence[str] | None = None,
    fields: Sequence[str] | None = None,
) -> list[tuple[str, str]]:
    """Write the query parameters of a GET, undecoded values for an HTTP client to encode."""
    parameters: list[tuple[str, str]] = []
    if scope != BASE_ONLY:
        parameters.append(("scope", msgspec.json.encode(scope).decode()))
    if condition is not None:
        parameters.append(("filter", jex.text(condition)))
    if attributes is not None:
        parameters.append(("attributes", ",".join(attributes)))
    if fields is not None:
        parameters.append(("fields", ",".join(fields)))
    return parameters


def _scope(found: dict[str, str]) -> Scope:
    if "scope" in found:
        if "scopeType" in found or "scopeLevel" in found:
            raise QueryError("scope and scopeType are two spellings of one thing: give one", "scope")
        try:
            loose = _scope_decoder.decode(found["scope"])
        except (msgspec.DecodeError, RecursionError) as error:
            raise QueryError(f"scope is not a scope object: {error}", "scope") from error
        return make_scope(loose.scope_type, loose.scope_level)
    if "scopeType" not in found:
        if "scopeLevel" in found:
            raise QueryError("scopeLevel needs a scopeType", "scopeLevel")
        return BASE_ONLY
    level = found.get("scopeLevel")
    if level is not None and not (level.isascii() and level.isdigit() and len(level) <= len(str(MAX_SCOPE_LEVEL))):
        raise QueryError(f"scopeLevel is not between 0 and {MAX_SCOPE_LEVEL}", "scopeLevel")
    return make_scope(found["scopeType"], None if level is None else int(level))


def _selection(found: dict[str, str]) -> Selection:
    attributes = fields = None
    if "attributes" in found:
        attributes = frozenset(_names(found["attributes"], "attributes"))
    if "fields" in found:
        fields = tuple(_field(text) for text in _names(found["fields"], "fields"))
    return Selection(attributes, fields)


def _names(text: str, parameter: str) -> list[str]:
    names = [name.strip() for name in text.split(",")] if text.strip() else []
    if len(names) > MAX_NAMES:
        raise QueryError(f"{parameter} has more than {MAX_NAMES} names", parameter)
    if not all(names):
        raise QueryError(f"{parameter} has an empty name", parameter)
    return names


def _field(text: str) -> tuple[str, ...]:
    parts = text.removeprefix("/").removeprefix("attributes/").split("/")
    if not all(parts):
        raise QueryError(f"the field {text[:80]!r} has an empty part", "fields")
    return tuple(parts)


def negotiate(accept: str | None, offered: Sequence[str] = GET_MEDIA_TYPES) -> str | None:
    """Choose the media type of an answer from an ``Accept`` header (RFC 9110 clause 12.5.1).

    The most specific range decides a type's weight; of equal weights the first offered wins. None means that
    nothing offered is acceptable (406).
    """
    if accept is None or not accept.strip():
        return offered[0]
    ranges = [_media_range(part) for part in accept.split(",")[:MAX_NAMES] if part.strip()]
    weights = [_weight(media_type, ranges) for media_type in offered]
    best = max(weights)
    return offered[weights.index(best)] if best > 0 else None


def media_type_of(content_type: str | None) -> str:
    """Give the bare media type of a ``Content-Type`` header, lower case, without parameters."""
    return (content_type or "").partition(";")[0].strip().lower()


def _media_range(text: str) -> tuple[str, float]:
    name, _, parameters = text.partition(";")
    weight = 1.0
    for parameter in parameters.split(";"):
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "q":
            try:
                weight = min(max(float(value), 0.0), 1.0)
            except ValueError:
                weight = 0.0
    return name.strip().lower(), weight


def _weight(media_type: str, ranges: Sequence[tuple[str, float]]) -> float:
    for wanted in (media_type, media_type.partition("/")[0] + "/*", "*/*"):
        matching = [weight for name, weight in ranges if name == wanted]
        if matching:
            return max(matching)
    return 0.0
