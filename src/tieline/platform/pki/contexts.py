"""TLS contexts: 1.2 or newer, both ends known to one another."""

import ssl
from pathlib import Path

from tieline.platform.pki.authority import Credential

_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"  # of TLS 1.2: forward secrecy and authenticated encryption only


def server_context(credential: Credential, *, mutual: bool = True) -> ssl.SSLContext:
    """A server's context; with ``mutual`` it talks only to clients with a certificate of the credential's authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _strengthen(context)
    context.load_cert_chain(credential.certificate, credential.key)
    if mutual:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(credential.ca)
    return context


def client_context(credential: Credential | None = None, *, ca: Path | None = None) -> ssl.SSLContext:
    """A client's context: shows the credential, if any, and trusts its authority (or ``ca``) alone.

    With neither it trusts what the machine trusts.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _strengthen(context)
    trusted = ca or (credential.ca if credential else None)
    if trusted is not None:
        context.load_verify_locations(trusted)
    else:
        context.load_default_certs()
    if credential is not None:
        context.load_cert_chain(credential.certificate, credential.key)
    return context


def _strengthen(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
