"""What may be kept as a view. Pure."""

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode

from tieline.platform.errors import Problem
from tieline.utility.views.model import (
    LONGEST_COLUMN,
    LONGEST_NAME,
    LONGEST_PATH,
    LONGEST_QUERY,
    MOST_COLUMNS,
    SavedView,
    list_of,
)

_OF_THE_MOMENT = frozenset({"after", "before", "cursor", "saved"})
_COLUMN = re.compile(rf"[A-Za-z0-9_.:-]{{1,{LONGEST_COLUMN}}}")


def tidy(query: str) -> str:
    """A query as it is kept: without the page it stood on, empty fields, and the view it was opened by."""
    pairs = parse_qsl(query.lstrip("?"))
    return urlencode([(key, value) for key, value in pairs if key not in _OF_THE_MOMENT])


def same(one: str, other: str) -> bool:
    """Whether two queries ask for the same, whatever the order of their fields."""
    return sorted(parse_qsl(tidy(one))) == sorted(parse_qsl(tidy(other)))


def action(before: SavedView, after: SavedView) -> str:
    """What the audit trail calls a change of a shared view."""
    if before.shared and after.shared:
        return "view.changed"
    return "view.shared" if after.shared else "view.unshared"


def problems_of(path: str | None, name: str | None, query: str | None, hidden: Sequence[str] | None) -> list[Problem]:
    """What is wrong with a view; None is not looked at."""
    found = []
    if path is not None and (len(path) > LONGEST_PATH or list_of(path) is None):
        found.append(Problem("path", "list", "The path of a list that has views, such as /sites.", path[:LONGEST_PATH]))
    if name is not None and (not name.strip() or len(name) > LONGEST_NAME or not name.isprintable()):
        found.append(Problem("name", "length", f"A name of 1 to {LONGEST_NAME} characters.", name[:LONGEST_NAME]))
    if query is not None and (len(query) > LONGEST_QUERY or not query.isprintable()):
        found.append(Problem("query", "length", f"At most {LONGEST_QUERY:,} printable characters."))
    if hidden is not None and (len(hidden) > MOST_COLUMNS or not all(_COLUMN.fullmatch(one) for one in hidden)):
        found.append(Problem("hidden", "columns", f"At most {MOST_COLUMNS} keys of columns."))
    return found
