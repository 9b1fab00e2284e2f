"""Certificates between utility and operators: an authority of our own for development, and TLS contexts for both ends.

In production the same files come from a real authority; nothing here cares who signed them.
"""

from tieline.platform.pki.authority import Authority, Credential
from tieline.platform.pki.contexts import client_context, server_context

__all__ = ["Authority", "Credential", "client_context", "server_context"]
