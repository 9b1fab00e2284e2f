"""Who looks at a page of the utility's console: as in every console."""

from tieline.console.visitor import Visitor, current_visitor, role_words

__all__ = ["Visitor", "current_visitor", "role_words"]
