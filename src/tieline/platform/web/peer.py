"""Tells the application who is at the other end of a mutual TLS connection; uvicorn itself does not.

The place is the one of the ASGI specification's TLS extension: ``scope["extensions"]["tls"]`` holds
``client_cert_name`` (RFC 4514), ``client_cert_chain`` (PEM) and ``tls_version``, to which we add ``fingerprint``: the
SHA-256 of the certificate in lower-case hexadecimal.
"""

import asyncio
import hashlib
import ssl
from typing import Any

from cryptography import x509
from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class PeerProtocol(HttpToolsProtocol):
    """HTTP/1.1 that knows its peer's certificate."""

    _tls: dict[str, Any] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Read the certificate once; every request of the connection shares it."""
        super().connection_made(transport)
        connection = transport.get_extra_info("ssl_object")
        if connection is not None:
            self._tls = _describe(connection)

    def on_message_begin(self) -> None:
        """Put the certificate into the request's scope."""
        super().on_message_begin()
        if self._tls is not None:
            scope: dict[str, Any] = self.scope  # type: ignore[assignment]  # uvicorn's type knows other extensions
            scope["extensions"] = {"tls": self._tls}


def fingerprint_of(scope: Scope) -> str | None:
    """The fingerprint of the certificate that the client of a request showed, or None."""
    tls: dict[str, Any] = (scope.get("extensions") or {}).get("tls") or {}
    found: str | None = tls.get("fingerprint")
    return found


def _describe(connection: ssl.SSLObject) -> dict[str, Any]:
    described: dict[str, Any] = {"tls_version": connection.version(), "client_cert_chain": [], "fingerprint": None}
    der = connection.getpeercert(binary_form=True)
    if der:
        described["fingerprint"] = hashlib.sha256(der).hexdigest()
        described["client_cert_name"] = x509.load_der_x509_certificate(der).subject.rfc4514_string()
        described["client_cert_chain"] = [ssl.DER_cert_to_PEM_cert(der)]
    return described
