"""Certificates between utility and operators: an authority of our own for development, and TLS contexts for both ends.

In production the same files come from a real authority; nothing here cares who signed them.
"""

from tieline.platform.pki.authority import Authority, Credential
from tieline.platform.pki.contexts import client_context, server_context
from tieline.platform.pki.expiry import Expiry, certificates
from tieline.platform.pki.following import FollowingTransport, Listening, keep_current

__all__ = [
    "Authority",
    "Credential",
    "Expiry",
    "FollowingTransport",
    "Listening",
    "certificates",
    "client_context",
    "keep_current",
    "server_context",
]
