"""Saved views at the head of a list: those at hand, the menu of all, and the dialog that keeps the present one."""

from dataclasses import dataclass

from tieline.console.components.values import Link


@dataclass(frozen=True, slots=True)
class ViewsBar:
    """The views of a list.

    ``everything`` leads to the list as it is without a view. ``chosen`` is the name of the view that is open, and
    ``chosen_id`` its number (0: none); ``may_change`` says whether this person may keep the present filters in it, and
    ``changed`` that they are others than it holds. ``missing`` tells what it names that is not there any more.
    ``at_hand`` are the pinned ones, ``own`` and ``shared`` all. ``path`` and ``query`` are what would be kept.
    """

    path: str
    query: str
    csrf_token: str
    everything: Link
    own: tuple[Link, ...] = ()
    shared: tuple[Link, ...] = ()
    at_hand: tuple[Link, ...] = ()
    chosen: str = ""
    chosen_id: int = 0
    may_change: bool = False
    may_share: bool = False
    changed: bool = False
    missing: str = ""
    action: str = "/views"

    @property
    def chosen_href(self) -> str:
        """Where the open view is renamed, shared, pinned or deleted."""
        return f"{self.action}/{self.chosen_id}"
