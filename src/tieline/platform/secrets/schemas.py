"""Bodies of REST about secrets at rest. No key and no secret is ever among them."""

from pydantic import BaseModel, Field

from tieline.platform.secrets.model import Status


class KeyView(BaseModel):
    """A key of the key file."""

    id: str
    current: bool = Field(description="It seals new values.")
    values: int = Field(description="Values that it opens.")


class StatusView(BaseModel):
    """How the secrets are doing: every value was tried."""

    ok: bool = Field(description="Every value opens, and the key file is private.")
    values: int
    waiting: int = Field(description="Values that an older key wraps; they are wrapped anew within minutes.")
    unreadable: list[str] = Field(description="Places of values that do not open; the first twenty.")
    private: bool = Field(description="Nobody but its owner may read the key file.")
    ours: bool = Field(description="The key file is made and changed here, not brought from outside.")
    keys: list[KeyView]


class KeyName(BaseModel):
    """The name of a key."""

    key: str


class Rewrapped(BaseModel):
    """How many values were wrapped anew."""

    values: int


class Forgotten(BaseModel):
    """Names of keys that are no longer in the file."""

    keys: list[str]


def shown(found: Status) -> StatusView:
    """A status as REST gives it."""
    return StatusView(
        ok=not found.unreadable and found.private,
        values=found.values,
        waiting=found.waiting,
        unreadable=list(found.unreadable),
        private=found.private,
        ours=found.ours,
        keys=[KeyView(id=key.id, current=key.current, values=key.values) for key in found.keys],
    )
