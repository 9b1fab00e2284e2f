"""What all lists share: keyset pages, the sentence about how much is shown, selections, empty lists."""

from collections.abc import Sequence

from tieline.console.components.frame import Action
from tieline.console.components.tables import Empty, Selection
from tieline.console.lists import ROWS, cursor_of, paging
from tieline.platform.scope import Permission
from tieline.utility.console import saved
from tieline.utility.console.filters import filter_query, pairs_of
from tieline.utility.console.http import Page

__all__ = ["PLAN_HREF", "ROWS", "cursor_of", "empty", "no_match", "paging", "selection"]

PLAN_HREF = "/changes/new"


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
        return no_match(f"No {noun} matches these filters", page.request.url.path)
    actions: tuple[Action, ...] = ()
    if kind and page.scope.may(permission or Permission.INVENTORY_WRITE):
        actions = (Action(f"Import {noun}s", f"/imports/new?kind={kind}", "file-up", "primary"),)
    return Empty(f"No {noun} yet", how, actions)


def no_match(title: str, path: str, text: str = "Take a filter away to see more.") -> Empty:
    """A list whose filters hid everything, and the way to all of it."""
    return Empty(title, text, (Action("Clear filters", saved.without_view(path), "x"),), "search")
