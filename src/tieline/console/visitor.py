"""Who looks at a page: the signed-in person's name, authority and CSRF token."""

from dataclasses import dataclass

from fastapi import Request

from tieline.console.components.formats import listed
from tieline.platform.identity import Caller
from tieline.platform.identity import csrf_token as token_of
from tieline.platform.scope import Role, Scope
from tieline.platform.web import CurrentCaller, CurrentRuntime, session_cookie


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person at a browser. ``role`` is what stands under the name: the roles, and the bounds they have."""

    scope: Scope
    name: str
    role: str
    csrf_token: str


async def current_visitor(request: Request, caller: CurrentCaller, runtime: CurrentRuntime) -> Visitor:
    """The person whose session the cookie names; raises ``Unauthenticated``, and ``Forbidden`` without CSRF token."""
    secret = request.cookies.get(session_cookie(runtime.settings), "") if caller.session else ""
    account = caller.account
    return Visitor(caller.scope, account.display_name or account.name, role_words(caller), token_of(secret))


def role_words(caller: Caller) -> str:
    """What a person is here: "Technician and approver, Wales"."""
    roles = listed(role.value for role in Role if role in caller.account.roles).capitalize() or "No role"
    bounds = [
        *sorted(caller.scope.regions or ()),
        *(f"operator {code}" for code in sorted(caller.scope.operators or ())),
    ]
    return f"{roles}, {listed(bounds)}" if bounds else roles
