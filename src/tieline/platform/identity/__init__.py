"""Who people and programs are, and what they may do: accounts, sessions, API tokens, sign-in.

Other parts get a caller's authority as a ``Scope`` (``tieline.platform.web.CurrentScope``); the console also signs
people in (``sign_in``), and whoever starts the platform makes the first administrator (``bootstrap``).
"""

from tieline.platform.identity.accounts import bootstrap
from tieline.platform.identity.model import Account, AccountDraft, Caller, Session, SignedIn, Token, TokenDraft
from tieline.platform.identity.secret import csrf_token
from tieline.platform.identity.sign_in import Origin, sign_in, sign_out, sign_out_everywhere

__all__ = [
    "Account",
    "AccountDraft",
    "Caller",
    "Origin",
    "Session",
    "SignedIn",
    "Token",
    "TokenDraft",
    "bootstrap",
    "csrf_token",
    "sign_in",
    "sign_out",
    "sign_out_everywhere",
]
