"""Who people and programs are, and what they may do: accounts, sessions, API tokens, sign-in.

Other parts get a caller's authority as a ``Scope`` (``tieline.platform.web.CurrentScope``) and need nothing else here.
"""

from tieline.platform.identity.model import Account, AccountDraft, Caller, Session, SignedIn, Token, TokenDraft

__all__ = ["Account", "AccountDraft", "Caller", "Session", "SignedIn", "Token", "TokenDraft"]
