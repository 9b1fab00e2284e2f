"""Saved views: a list's filters, order and columns, kept under a name, for oneself or shared with the team.

A view is kept for a list's path and holds its query; what it shows is found anew, within the asker's own authority,
each time it is opened. Whether a shared view opens at first, or is pinned, is each person's own choice.
Other contexts may call :func:`of_page`, :func:`mine`, :func:`one` and the acts of the service.
"""

from tieline.utility.views.model import LISTS, NewView, Pin, SavedView, ViewEdit, list_of
from tieline.utility.views.policy import same, tidy
from tieline.utility.views.service import choose, delete, edit, mine, of_page, one, order, save

__all__ = [
    "LISTS",
    "NewView",
    "Pin",
    "SavedView",
    "ViewEdit",
    "choose",
    "delete",
    "edit",
    "list_of",
    "mine",
    "of_page",
    "one",
    "order",
    "same",
    "save",
    "tidy",
]
