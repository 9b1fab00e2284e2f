"""What identity's REST routes take and give."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from tieline.platform.identity.model import Account, Session, Token
from tieline.platform.scope import Permission, Role

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"^[\w.@+-]+$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Password = Annotated[str, StringConstraints(max_length=1024)]
Bound = Annotated[list[Annotated[str, StringConstraints(min_length=1, max_length=100)]], Field(max_length=200)]


class _Given(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class SignIn(BaseModel):
    """Name and password."""

    name: Annotated[str, StringConstraints(max_length=200)]
    password: Password


class Me(BaseModel):
    """Who the caller is and what the caller may do."""

    id: int
    name: str
    display_name: str
    email: str
    roles: list[Role]
    permissions: list[Permission]
    regions: list[str] | None = Field(description="Regions within which all of this holds; null: all.")
    operators: list[str] | None = Field(description="Operators (codes) likewise.")
    via: Literal["session", "token"]


class SessionView(BaseModel):
    """A session that was begun, or goes on."""

    me: Me
    csrf_token: str = Field(description="Send it as X-CSRF-Token with everything but GET.")
    expires_at: datetime


class SessionItem(_Given):
    """One of one's sessions."""

    id: int
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str
    agent: str
    current: bool = False


class SessionList(BaseModel):
    """One's sessions, the latest first."""

    items: list[SessionItem]


class Ended(BaseModel):
    """How many sessions ended."""

    ended: int


class NewPassword(BaseModel):
    """Somebody's new password."""

    password: Password


class OwnPassword(BaseModel):
    """One's present and new password."""

    present: Password
    password: Password


class User(_Given):
    """An account."""

    id: int
    name: str
    display_name: str
    email: str
    roles: list[Role]
    regions: list[str] | None
    operators: list[str] | None
    active: bool
    local: bool = Field(description="Whether there is a password here; otherwise they sign in through OpenID.")
    created_at: datetime
    signed_in_at: datetime | None
    version: int


class UserPage(BaseModel):
    """Accounts by name."""

    items: list[User]
    next: str | None


class NewUser(BaseModel):
    """An account to be made."""

    name: Name
    display_name: Text = ""
    email: Text = ""
    password: Password
    roles: Annotated[list[Role], Field(min_length=1)]
    regions: Bound | None = None
    operators: Bound | None = None


class UserPatch(BaseModel):
    """What shall change of an account; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    display_name: Text | None = None
    email: Text | None = None
    roles: Annotated[list[Role], Field(min_length=1)] | None = None
    regions: Bound | None = None
    operators: Bound | None = None
    active: bool | None = None
    version: int | None = Field(None, description="The version that was looked at; another one there is a conflict.")


class TokenItem(_Given):
    """A token, without its secret."""

    id: int
    account_id: int
    name: str
    hint: str = Field(description="How the secret begins.")
    permissions: list[Permission]
    regions: list[str] | None
    operators: list[str] | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


class TokenPage(BaseModel):
    """Tokens, the latest first."""

    items: list[TokenItem]
    next: str | None


class NewToken(BaseModel):
    """A token to be made; never more than its owner may, now or later."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    permissions: list[Permission] | None = Field(None, description="Left out: all that you may.")
    regions: Bound | None = None
    operators: Bound | None = None
    days: Annotated[int, Field(ge=1, le=3650)] | None = Field(None, description="Left out: as long as is allowed.")


class MadeToken(BaseModel):
    """A new token with its secret, which is shown this once."""

    token: TokenItem
    secret: str


def user(account: Account) -> User:
    """An account as it is shown."""
    return User(
        id=account.id,
        name=account.name,
        display_name=account.display_name,
        email=account.email,
        roles=sorted(account.roles),
        regions=_listed(account.regions),
        operators=_listed(account.operators),
        active=account.active,
        local=account.local,
        created_at=account.created_at,
        signed_in_at=account.signed_in_at,
        version=account.version,
    )


def token(found: Token) -> TokenItem:
    """A token as it is shown."""
    return TokenItem(
        id=found.id,
        account_id=found.account_id,
        name=found.name,
        hint=found.hint,
        permissions=sorted(found.permissions),
        regions=_listed(found.regions),
        operators=_listed(found.operators),
        created_at=found.created_at,
        expires_at=found.expires_at,
        used_at=found.used_at,
        revoked_at=found.revoked_at,
    )


def session(found: Session, *, current: bool) -> SessionItem:
    """A session as its owner sees it."""
    return SessionItem.model_validate(found).model_copy(update={"current": current})


def _listed(values: frozenset[str] | None) -> list[str] | None:
    return None if values is None else sorted(values)
