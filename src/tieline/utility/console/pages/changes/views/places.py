"""The parts of the console's changes: the list, the calendar, and what rules over changes. Each has its own page."""

from tieline.console.components.frame import Crumb, Tab

HOME = Crumb("Changes", "/changes")
_PLACES = (
    ("list", "Changes", "/changes"),
    ("calendar", "Calendar", "/changes/calendar"),
    ("outcomes", "Outcomes", "/changes/outcomes"),
    ("holds", "Holds", "/changes/holds"),
    ("policies", "Policies", "/changes/policies"),
    ("templates", "Templates", "/changes/templates"),
)


def tabs(current: str) -> tuple[Tab, ...]:
    """The tabs above each of these pages."""
    return tuple(Tab(label, href, key == current) for key, label, href in _PLACES)
