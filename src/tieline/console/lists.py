"""What lists share: the query of their URL, keyset pages, the sentence about how much is shown, files of them."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from urllib.parse import parse_qsl

from tieline.console.components.formats import number, plural
from tieline.console.components.tables import Filter, FilterKind, Option, Paging
from tieline.console.render import with_query
from tieline.platform.paging import Page as Rows

Pairs = Sequence[tuple[str, str]]
ROWS = 100
"""Rows of a page: as many as a browser draws without a pause."""
MOST_VALUES, LONGEST_VALUE = 100, 100
EARLIEST, LATEST = 1970, 2199
"""Years that a filter's days lie in."""


def pairs_of(query: str) -> Pairs:
    """A query string's fields in order, bounded."""
    return [(key, value[:LONGEST_VALUE].replace("\0", "")) for key, value in parse_qsl(query)[: MOST_VALUES * 2]]


def cursor_of(url: str) -> str | None:
    """Where the page of a list begins; None at its start."""
    return next((value for key, value in pairs_of(url.partition("?")[2]) if key == "after"), None)


def paging(url: str, rows: Rows[Any], noun: str, matching: int | None = None) -> Paging:
    """The ways to the next page and back to the first, and how much of how many is shown."""
    shown = plural(len(rows.items), noun) + (" of many" if matching is None and rows.next else "")
    if matching is not None and matching > len(rows.items):
        shown = f"{number(len(rows.items))} of {plural(matching, noun)}"
    return Paging(
        newer=with_query(url, after=None) if cursor_of(url) else "",
        older=with_query(url, after=rows.next) if rows.next else "",
        shown=shown if rows.items else "",
        newer_label="First page",
        older_label="Next",
    )


def chosen(key: str, pairs: Pairs) -> tuple[str, ...]:
    """Everything that the query has of a field."""
    return tuple(value for one, value in pairs if one == key)


def typed(key: str, pairs: Pairs) -> str:
    """What the query has of a field last; empty for nothing."""
    return next((value for one, value in reversed(pairs) if one == key), "")


def choice(key: str, label: str, known: Mapping[str, str], pairs: Pairs, *, pinned: bool = True) -> Filter:
    """A chip that chooses among words; a value of the URL that is none of them is shown as it stands.

    ``known`` is empty where the choices were not counted yet: then nothing can be said to be gone.
    """
    values = chosen(key, pairs)
    every = {**known, **{value: value for value in values if value not in known}}
    options = tuple(
        Option(value, word, chosen=value in values, gone=bool(known) and value not in known)
        for value, word in every.items()
    )
    return Filter(key, label, FilterKind.CHOICE, options, pinned=pinned)


def text(key: str, label: str, pairs: Pairs, *, pinned: bool = True) -> Filter:
    """A chip that takes words."""
    return Filter(key, label, FilterKind.TEXT, value=typed(key, pairs), pinned=pinned)


def days(first: str, last: str, zone: tzinfo) -> tuple[datetime | None, datetime | None]:
    """From when until when the days of a filter last, the last one as a whole; None for what is no day."""
    return _begin(first, zone), _begin(last, zone, 1)


def _begin(text: str, zone: tzinfo, after: int = 0) -> datetime | None:
    """The moment at which a day begins in a zone, or the one so many days ``after`` it."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    if not EARLIEST <= day.year <= LATEST:
        return None
    return datetime.combine(day + timedelta(days=after), time(), zone).astimezone(UTC)


def csv_line(*cells: object) -> str:
    """A line of a file for spreadsheets; what one would take for a formula is text."""
    written = ["" if cell is None else str(cell) for cell in cells]
    safe = [f"'{cell}" if cell and cell[0] in "=+-@\t\r" else cell for cell in written]
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(safe)
    return line.getvalue()
