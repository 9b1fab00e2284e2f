"""Who may call what: a utility's API clients, and access tokens bound to their certificates.

The gateway is an authorisation server for its own interfaces (RFC 6749, 8414, 8705, 9068): a client that comes in with
its certificate is given a short-lived token for some scopes, and the token counts on that certificate's connections
alone. ``entrance`` is what the gate asks at each call; ``server`` gives tokens out; ``clients`` is for the operator's
staff.
"""

from tieline.gateway.authorization.entrance import Entrance
from tieline.gateway.authorization.errors import Challenged
from tieline.gateway.authorization.server import AuthorizationServer
from tieline.gateway.authorization.store import SECRETS
from tieline.gateway.model import TokenScope

__all__ = ["SECRETS", "AuthorizationServer", "Challenged", "Entrance", "TokenScope"]
