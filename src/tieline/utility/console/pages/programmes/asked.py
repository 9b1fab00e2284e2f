"""What a list of a programme's sites is asked for, read from its URL: for the list, its file and acts on it."""

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Path

from tieline.utility.console.filters import pairs_of
from tieline.utility.console.pages.programmes.words import NO_PHASE
from tieline.utility.programmes import SiteFilter, SiteState

Identity = Annotated[int, Path(ge=1, le=2**63 - 1)]
"""A number of a programme or site in a URL; one that can be none is a page that does not exist."""
KEYS = ("state", "region", "phase", "late", "will_be_late", "q")
_MOST, _DIGITS = 100, 18


def of_query(query: str) -> SiteFilter:
    """The filter of a query string; what makes no sense in it is left out."""
    pairs = pairs_of(query)

    def several(key: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(value for name, value in pairs if name == key and value))[:_MOST]

    values = dict(pairs)
    return SiteFilter(
        states=tuple(one for one in several("state") if one in set(SiteState)),
        regions=several("region"),
        phases=tuple("" if one == NO_PHASE else one for one in several("phase")),
        late=values.get("late") == "1",
        text=values.get("q", "").strip().replace("\0", ""),
        will_be_late=values.get("will_be_late") == "1",
    )


def sites_href(programme_id: int, **filters: str | Sequence[str] | bool | None) -> str:
    """The list of a programme's sites, narrowed."""
    pairs: list[tuple[str, str]] = []
    for key, value in filters.items():
        if value is None or value is False:
            continue
        many = ["1"] if value is True else [value] if isinstance(value, str) else list(value)
        pairs += [(key, one or NO_PHASE) for one in many]
    path = f"/programmes/{programme_id}/sites"
    return f"{path}?{urlencode(pairs)}" if pairs else path


def number(text: object) -> int | None:
    """A whole number that may be an id; None for anything else."""
    fits = isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) <= _DIGITS
    return int(str(text)) if fits else None


def numbers(texts: Sequence[object]) -> tuple[int, ...]:
    """The whole numbers among some values, each once."""
    return tuple(dict.fromkeys(found for one in texts if (found := number(one)) is not None))
