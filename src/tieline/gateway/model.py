"""Who acts on a gateway, and the names of its objects as the database keeps them. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from tieline.standards.mns.dn import Dn, Rdn

SEPARATOR = "\x1f"
"""Joins the levels of a path: a control character, which no identifier may hold (``dn``)."""
AFTER_SEPARATOR = "\x20"
"""The character after it: what is below an object lies between ``path + SEPARATOR`` and ``path + AFTER_SEPARATOR``."""

LONGEST_WAIT = timedelta(seconds=60)
"""For how long at most a recipient that failed is left alone; longer than that only after the clock went back."""


class Party(StrEnum):
    """Whose hand a change was made by."""

    UTILITY = "utility"
    STAFF = "staff"
    NETWORK = "network"


class TokenScope(StrEnum):
    """What an API client of a utility, and an access token of its, may be for."""

    READ = "read"
    WRITE = "write"
    PLANS = "plans"
    NOTICES = "notices"
    GROUPS = "groups"
    EVENTS = "events"
    USAGE = "usage"


EVERY_SCOPE = frozenset(TokenScope)


@dataclass(frozen=True, slots=True)
class Consumer:
    """A utility as it calls: authority over its own tree and nothing else.

    Every query of the gateway takes ``id``, so that another utility's objects do not exist for the caller.
    ``client`` is the program of the utility that calls, and ``scopes`` is what it may, within what the contract allows;
    ``token_required``: the certificate alone does not do. ``suspended``: none of its calls is answered.
    """

    id: int
    code: str
    notification_hosts: frozenset[str]
    calls_per_second: float
    max_changes_per_plan: int
    client: str = ""
    scopes: frozenset[TokenScope] = EVERY_SCOPE
    token_required: bool = False
    suspended: bool = False

    @property
    def root(self) -> Dn:
        """The utility's part of the operator's network."""
        return Dn((Rdn("SubNetwork", self.code),))


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a change, and in the course of what; written into the change log.

    ``client`` is the utility's program that asked for it, where it came in as one.
    """

    party: Party
    source: str
    plan: str | None = None
    job_id: int | None = None
    reason: str | None = None
    client: str | None = None


def path_of(dn: Dn) -> str:
    """Give a name as the database keeps it."""
    return SEPARATOR.join(f"{level.class_name}={level.id}" for level in dn)


def dn_of(path: str) -> Dn:
    """Read a name that ``path_of`` wrote."""
    return Dn(Rdn(*level.split("=", 1)) for level in path.split(SEPARATOR))
