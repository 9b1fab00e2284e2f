"""Who looks at a page."""

from dataclasses import dataclass

from tieline.platform.scope import Scope


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person at a browser. ``role`` is what stands under the name: the roles, and the bounds they have."""

    scope: Scope
    name: str
    role: str
    csrf_token: str
