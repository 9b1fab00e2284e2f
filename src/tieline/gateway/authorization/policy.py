"""Which scope a call needs, and how scopes and thumbprints are written. Pure."""

import base64

from tieline.gateway.model import TokenScope

_READS = frozenset({"GET", "HEAD"})
_PLACES = (
    ("/3gpp-mns/plan-management/", TokenScope.PLANS),
    ("/tmf-api/usageManagement/", TokenScope.USAGE),
    ("/tmf-api/", TokenScope.NOTICES),
    ("/3gpp-5glan-pp/", TokenScope.GROUPS),
    ("/3gpp-addr", TokenScope.GROUPS),
    ("/3gpp-monitoring-event/", TokenScope.EVENTS),
)


def needed(method: str, path: str) -> frozenset[TokenScope]:
    """The scopes of which one is enough for a call. What merely reads the network or its plans is open to ``read``."""
    place = next((scope for begin, scope in _PLACES if path.startswith(begin)), None)
    if place is TokenScope.PLANS and method in _READS:
        return frozenset({place, TokenScope.READ})
    if place is not None:
        return frozenset({place})
    return frozenset({TokenScope.READ if method in _READS else TokenScope.WRITE})


def read_scopes(text: str) -> frozenset[TokenScope] | None:
    """Scopes as RFC 6749 clause 3.3 writes them, words with spaces between; None when one of them is unknown."""
    words = text.split()
    if any(word not in set(TokenScope) for word in words):
        return None
    return frozenset(TokenScope(word) for word in words)


def write_scopes(scopes: frozenset[TokenScope]) -> str:
    """Scopes as one text, in the order in which they are defined."""
    return " ".join(scope for scope in TokenScope if scope in scopes)


def thumbprint_of(fingerprint: str) -> str:
    """``x5t#S256`` (RFC 8705 clause 3.1) of a certificate with this SHA-256 in hexadecimal."""
    return base64.urlsafe_b64encode(bytes.fromhex(fingerprint)).decode().rstrip("=")
