"""Who looks at a page: the signed-in person's name, authority and CSRF token."""

from fastapi import Request

from tieline.console.visitor import Visitor
from tieline.platform.identity import Caller
from tieline.platform.identity import csrf_token as token_of
from tieline.platform.scope import Role
from tieline.platform.web import CurrentCaller, CurrentRuntime, session_cookie
from tieline.utility.console.words import listed


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
