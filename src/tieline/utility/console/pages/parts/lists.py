"""What all lists share: keyset pages, the sentence about how much is shown, selections, empty lists."""

from collections.abc import Sequence
from typing import Any

from tieline.console.components.formats import number, plural
from tieline.console.components.frame import Action
from tieline.console.components.tables import Empty, Paging, Selection
from tieline.console.render import with_query
from tieline.platform.paging import Page as Rows
from tieline.platform.scope import Permission
from tieline.utility.console.filters import filter_query, pairs_of
from tieline.utility.console.http import Page

ROWS = 100
"""Rows of a page: as many as a browser draws without a pause."""
PLAN_HREF = "/changes/new"


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


def selection(page: Page, matching: int, noun: str) -> Selection | None:
    """What can be done with chosen rows; nothing for those who may not plan changes."""
    if not page.scope.may(Permission.CHANGE_PLAN):
        return None
    plan = Action(
        "Plan a change for these", PLAN_HREF, "git-pull-request-arrow", "primary", method="post", name="of", value=noun
    )
    query = filter_query(page.request.url.query)
    return Selection(matching, (plan,), query, page.csrf_token, noun)


def empty(
    page: Page, noun: str, *, keys: Sequence[str], how: str, kind: str = "", permission: Permission | None = None
) -> Empty:
    """A list without rows: because of its filters, or because nothing was brought in yet (and then how to)."""
    filtered = any(key in keys for key, _ in pairs_of(page.request.url.query))
    if filtered:
        clear = Action("Clear filters", page.request.url.path, "x")
        return Empty(f"No {noun} matches these filters", "Take a filter away to see more.", (clear,), "search")
    actions: tuple[Action, ...] = ()
    if kind and page.scope.may(permission or Permission.INVENTORY_WRITE):
        actions = (Action(f"Import {noun}s", f"/imports/new?kind={kind}", "file-up", "primary"),)
    return Empty(f"No {noun} yet", how, actions)
