"""Accounts, sessions and tokens."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from tieline.platform.scope import Permission, Role, Scope


@dataclass(frozen=True, slots=True)
class Account:
    """A person who may sign in. ``regions`` and ``operators`` bound what is seen; None means all."""

    id: int
    name: str
    display_name: str
    email: str
    roles: frozenset[Role]
    regions: frozenset[str] | None
    operators: frozenset[str] | None
    active: bool
    created_at: datetime
    signed_in_at: datetime | None
    version: int
    local: bool
    issuer: str | None = None

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the roles together allow."""
        return frozenset().union(*(role.permissions for role in self.roles))

    @property
    def governs(self) -> bool:
        """Whether this is an administrator of everything, of whom one must remain."""
        return self.active and Role.ADMINISTRATOR in self.roles and self.regions is None and self.operators is None

    def scope(self, request_id: str = "") -> Scope:
        """The person's own authority."""
        return Scope(f"user:{self.name}", self.permissions, self.regions, self.operators, request_id, self.id)


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser."""

    id: int
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str
    agent: str


@dataclass(frozen=True, slots=True)
class Token:
    """An API token, without its secret; ``hint`` is the secret's beginning, by which people tell tokens apart."""

    id: int
    account_id: int
    name: str
    hint: str
    permissions: frozenset[Permission]
    regions: frozenset[str] | None
    operators: frozenset[str] | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request: an account, by a session or by a token, and the authority that follows."""

    account: Account
    scope: Scope
    session: Session | None = None
    token: Token | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session: ``secret`` goes into the cookie and is stored nowhere."""

    account: Account
    session: Session
    secret: str


@dataclass(frozen=True, slots=True)
class AccountDraft:
    """What an administrator says of an account."""

    name: str
    display_name: str
    email: str
    roles: frozenset[Role]
    regions: frozenset[str] | None = None
    operators: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class TokenDraft:
    """What the owner asks of a token: never more than the owner may."""

    name: str
    permissions: Collection[Permission]
    regions: Collection[str] | None
    operators: Collection[str] | None
    expires_at: datetime
