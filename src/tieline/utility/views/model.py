"""What a saved view is, and the lists that have them. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tieline.platform.scope import Permission

MOST_OWN, MOST_SHARED = 200, 500
"""Views that one person keeps, and views that are shared by all together."""
LONGEST_NAME, LONGEST_QUERY, LONGEST_PATH = 80, 2000, 200
MOST_COLUMNS, LONGEST_COLUMN = 60, 40


class Pin(StrEnum):
    """Where a person has a view at hand."""

    NONE = "none"
    NAVIGATION = "navigation"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class ListPlace:
    """A list that has views: its key, its title, the shape of its path, and what one must be allowed to see it."""

    key: str
    title: str
    path: re.Pattern[str]
    needs: Permission


def _place(key: str, title: str, path: str, needs: Permission) -> ListPlace:
    return ListPlace(key, title, re.compile(path.replace("{id}", r"[1-9]\d{0,18}")), needs)


LISTS: Sequence[ListPlace] = (
    _place("sites", "Sites", "/sites", Permission.INVENTORY_READ),
    _place("map", "Map", "/map", Permission.INVENTORY_READ),
    _place("subscriptions", "SIMs", "/subscriptions", Permission.INVENTORY_READ),
    _place("cards", "Cards", "/cards", Permission.INVENTORY_READ),
    _place("devices", "Devices", "/devices", Permission.INVENTORY_READ),
    _place("cells", "Cells", "/cells", Permission.INVENTORY_READ),
    _place("probes", "Probes", "/probes", Permission.INVENTORY_READ),
    _place("incidents", "Incidents", "/incidents", Permission.INCIDENT_READ),
    _place("changes", "Changes", "/changes", Permission.CHANGE_READ),
    _place("change-items", "Items of a change", "/changes/{id}/items", Permission.CHANGE_READ),
    _place("outcomes", "Outcomes", "/changes/outcomes", Permission.CHANGE_READ),
    _place("holds", "Holds", "/changes/holds", Permission.CHANGE_READ),
    _place("calendar", "Calendar", "/changes/calendar", Permission.CHANGE_READ),
    _place("notices", "Notices", "/notices", Permission.NOTICE_READ),
    _place("notice-sites", "Sites of a notice", "/notices/{id}/sites", Permission.NOTICE_READ),
    _place("programmes", "Programmes", "/programmes", Permission.PROGRAMME_READ),
    _place("programme-sites", "Sites of a programme", "/programmes/{id}/sites", Permission.PROGRAMME_READ),
    _place("orders", "Work orders", "/fieldwork", Permission.FIELD_READ),
    _place("visits", "Visits", "/fieldwork/visits", Permission.FIELD_READ),
    _place("reports", "Reports", "/fieldwork/reports", Permission.FIELD_READ),
    _place("stock-items", "Items in stock", "/stock/items", Permission.INVENTORY_READ),
    _place("imports", "Imports", "/imports", Permission.INVENTORY_WRITE),
    _place("audit", "Audit trail", "/audit", Permission.AUDIT_READ),
)
"""Every list whose views can be kept."""


def list_of(path: str) -> ListPlace | None:
    """The list that has this path."""
    return next((one for one in LISTS if one.path.fullmatch(path)), None)


@dataclass(frozen=True, slots=True)
class SavedView:
    """A view as one person sees it: ``is_default``, ``pin`` and ``position`` are that person's own.

    ``query`` is the list's query string; ``hidden`` are the keys of its columns that are not shown, None where columns
    were never chosen. ``owner`` is an actor ("user:fred").
    """

    id: int
    list_key: str
    path: str
    name: str
    query: str
    hidden: tuple[str, ...] | None
    owner: str
    shared: bool
    updated_at: datetime
    is_default: bool = False
    pin: Pin = Pin.NONE
    position: int | None = None
    own: bool = True

    @property
    def href(self) -> str:
        """Where the view is opened."""
        return f"{self.path}?{self.query}&saved={self.id}" if self.query else f"{self.path}?saved={self.id}"


@dataclass(frozen=True, slots=True)
class NewView:
    """A view to keep."""

    path: str
    name: str
    query: str = ""
    hidden: tuple[str, ...] | None = None
    shared: bool = False


@dataclass(frozen=True, slots=True)
class ViewEdit:
    """What is altered of a view; None leaves it."""

    name: str | None = None
    query: str | None = None
    hidden: tuple[str, ...] | None = None
    shared: bool | None = None
