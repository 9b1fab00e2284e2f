"""Refusals that tell the caller how to come in (RFC 6750 clause 3)."""

from tieline.gateway.authorization.policy import write_scopes
from tieline.gateway.model import TokenScope
from tieline.platform.errors import Forbidden, TielineError, Unauthenticated

_REALM = 'Bearer realm="tieline"'


class Challenged(TielineError):
    """A refusal with a challenge for ``WWW-Authenticate``. ``detail`` is plain ASCII without quotation marks."""

    challenge: str


class TokenMissing(Challenged, Unauthenticated):
    """The contract asks for a token, and none came: no error code (RFC 6750 clause 3.1)."""

    def __init__(self) -> None:
        super().__init__("The contract asks for an access token of this certificate; ask for one at /oauth2/token.")
        self.challenge = _REALM


class InvalidToken(Challenged, Unauthenticated):
    """A token that is expired, revoked, malformed, or another certificate's."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.challenge = f'{_REALM}, error="invalid_token", error_description="{why}"'


class InsufficientScope(Challenged, Forbidden):
    """A token, or a client, that may not do this."""

    def __init__(self, enough: frozenset[TokenScope]) -> None:
        named = " or ".join(scope for scope in TokenScope if scope in enough)
        super().__init__(f"This needs the scope {named}.")
        self.challenge = f'{_REALM}, error="insufficient_scope", scope="{write_scopes(enough)}"'
