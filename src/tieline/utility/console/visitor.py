"""Who looks at a page: the signed-in person's name, authority and CSRF token."""

from dataclasses import dataclass

from fastapi import Request

from tieline.platform.errors import Unauthenticated
from tieline.platform.scope import Scope
from tieline.platform.wiring import Runtime


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person at a browser. ``role`` is what stands under the name: the roles, and the regions they are bound to."""

    scope: Scope
    name: str
    role: str
    csrf_token: str


def current_runtime(request: Request) -> Runtime:
    """What the process runs with."""
    runtime = request.app.state.runtime
    if not isinstance(runtime, Runtime):
        raise TypeError("the application was not started with a runtime")
    return runtime


async def current_visitor(request: Request) -> Visitor:
    """The person whose session the cookie names; raises ``Unauthenticated``, and ``Forbidden`` without CSRF token."""
    visitor = getattr(request.state, "visitor", None)
    if not isinstance(visitor, Visitor):
        raise Unauthenticated("Sign in to see this page.")
    return visitor
