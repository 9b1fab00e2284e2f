"""Certificates as staff bring them: a PEM text, or only its fingerprint."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tieline.platform.errors import Invalid, Problem

LONGEST_PEM = 20_000
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Given:
    """A certificate by its fingerprint (SHA-256, lower-case hexadecimal), and what it says where it was brought."""

    fingerprint: str
    subject: str = ""
    not_after: datetime | None = None


def read(text: str, now: datetime, field: str = "certificate") -> Given:
    """Read a certificate (PEM), or a fingerprint with or without colons.

    Raises ``Invalid`` for what is neither, for a key, and for a certificate that is over.
    """
    text = text.strip()
    plain = re.sub(r"[:\s]", "", text).lower()
    if _FINGERPRINT.fullmatch(plain):
        return Given(plain)
    if "PRIVATE KEY" in text:
        raise _wrong(field, "key", "This is a private key. Never send it: paste the certificate that belongs to it.")
    try:
        loaded = x509.load_pem_x509_certificate(text[:LONGEST_PEM].encode())
    except ValueError:
        rule = "Paste a certificate (-----BEGIN CERTIFICATE-----), or its SHA-256 of 64 hexadecimal digits."
        raise _wrong(field, "certificate", rule) from None
    if loaded.not_valid_after_utc <= now:
        raise _wrong(field, "over", f"The certificate is over since {loaded.not_valid_after_utc:%Y-%m-%d}.")
    return of(loaded)


def of(loaded: x509.Certificate) -> Given:
    """What a certificate says of itself."""
    fingerprint = hashlib.sha256(loaded.public_bytes(Encoding.DER)).hexdigest()
    return Given(fingerprint, loaded.subject.rfc4514_string(), loaded.not_valid_after_utc)


def _wrong(field: str, rule: str, words: str) -> Invalid:
    return Invalid("The certificate cannot be used.", [Problem(field, rule, words)])
