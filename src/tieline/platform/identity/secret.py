"""Random secrets that are handed out once and kept as hashes; they have 256 bits, so a plain hash suffices."""

import base64
import hashlib
import hmac
import secrets

TOKEN_PREFIX = "tl_"  # noqa: S105 - what every token begins with
_LONGEST = 200


def new_session_secret() -> str:
    """A secret for a session's cookie."""
    return secrets.token_urlsafe(32)


def new_token_secret() -> str:
    """A secret for an API token, recognisable by its prefix wherever it turns up."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def hashed(secret: str) -> bytes:
    """What is stored of a secret."""
    return hashlib.sha256(secret[:_LONGEST].encode()).digest()


def csrf_token(session_secret: str) -> str:
    """The token that a page of this session sends along with what it changes.

    It follows from the session's secret, which no other site can read, and does not reveal it.
    """
    digest = hmac.digest(session_secret.encode(), b"tieline csrf", "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def csrf_matches(session_secret: str, token: str) -> bool:
    """Whether a token belongs to the session, compared in constant time."""
    return hmac.compare_digest(csrf_token(session_secret).encode(), token.encode())
