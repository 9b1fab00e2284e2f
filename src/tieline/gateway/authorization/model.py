"""API clients and what a token says. Pure."""

from dataclasses import dataclass
from datetime import datetime

from tieline.gateway.model import TokenScope


@dataclass(frozen=True, slots=True)
class ApiClient:
    """A program of a utility: its scopes, and the certificates it comes in with.

    ``subject`` is the subject of any certificate of the authority that counts as well (RFC 8705 clause 2.1.2), so that
    a renewed one need not be made known; None: only those that are listed count.
    """

    client_id: str
    utility: str
    name: str
    scopes: frozenset[TokenScope]
    subject: str | None
    certificates: tuple[str, ...]
    created_at: datetime
    created_by: str
    token_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of a connection: the SHA-256 of its certificate in hexadecimal, and its subject (RFC 4514)."""

    fingerprint: str
    subject: str


@dataclass(frozen=True, slots=True)
class Claims:
    """What matters of a token that holds (RFC 9068 clause 2.2). ``thumbprint`` is that of RFC 8705 clause 3.1."""

    client_id: str
    scopes: frozenset[TokenScope]
    thumbprint: str
    expires_at: float
