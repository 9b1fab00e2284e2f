"""What a list of a TM Forum API may be asked (TMF630): some fields, a page, attributes that have to be equal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tieline.standards.tmf.errors import TmfError

MAX_LIMIT = 1000
DEFAULT_LIMIT = 100
_ALWAYS = ("id", "href")


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A page of a list. ``fields`` None: all of them; ``where``: attribute and the values that it may have."""

    offset: int
    limit: int
    fields: tuple[str, ...] | None
    where: Mapping[str, tuple[str, ...]]


def parse_query(parameters: Iterable[tuple[str, str]], filters: Iterable[str]) -> ListQuery:
    """Read the query of a list; ``filters`` are the attributes that may be asked for.

    Raises:
        TmfError: 400 for a parameter that is not known, or a value that is none.

    """
    known = frozenset(filters)
    found: dict[str, str] = {}
    where: dict[str, tuple[str, ...]] = {}
    for name, value in parameters:
        if "\x00" in value:
            raise TmfError("A parameter must not hold the character NUL.", code="invalidQuery", field=name[:80])
        if name in {"offset", "limit", "fields"}:
            found[name] = value
        elif name in known:
            where[name] = (*where.get(name, ()), *value.split(","))
        else:
            told = f"{name[:80]} is no parameter; there are fields, offset, limit, {', '.join(sorted(known))}."
            raise TmfError(told, code="invalidQuery", field=name[:80])
    return ListQuery(
        _whole(found, "offset", 0, 0, 10**9),
        _whole(found, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT),
        parse_fields(found.get("fields")),
        where,
    )


def parse_fields(text: str | None) -> tuple[str, ...] | None:
    """The attributes that ``fields`` asks for; None: all, as without the parameter."""
    if text is None:
        return None
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    return names or None


def chosen(resource: Mapping[str, Any], fields: tuple[str, ...] | None) -> dict[str, Any]:
    """A resource with the fields that were asked for; its identity and its class always come along."""
    if fields is None:
        return dict(resource)
    kept = {*fields, *_ALWAYS}
    return {name: value for name, value in resource.items() if name in kept or name.startswith("@")}


def _whole(found: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = found.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and least <= int(text) <= most):  # noqa: PLR2004
        raise TmfError(f"{name} is a whole number from {least} to {most}.", code="invalidQuery", field=name)
    return int(text)
