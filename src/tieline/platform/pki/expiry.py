"""Which certificates a process has, and how long they have to go."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

SOON = timedelta(days=30)
VERY_SOON = timedelta(days=7)
LAST_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Expiry:
    """A certificate file. ``kind``: authority, server, client or other; ``keyed``: its key lies beside it."""

    name: str
    path: Path
    kind: str
    subject: str
    fingerprint: str
    not_before: datetime
    not_after: datetime
    keyed: bool

    def left(self, now: datetime) -> timedelta:
        """Time to go; negative when it is over."""
        return self.not_after - now

    def words(self, now: datetime) -> str:
        """How long it has to go, as one says it."""
        days = self.left(now).days
        if days < 0:
            return f"over since {self.not_after:%Y-%m-%d}"
        return "less than a day left" if days < 1 else f"{days} days left"


def read(path: Path) -> Expiry | None:
    """The (first) certificate of a PEM file; None for a file that holds none, or that was just taken away."""
    try:
        loaded = x509.load_pem_x509_certificate(path.read_bytes())
        return Expiry(
            path.stem,
            path,
            _kind(loaded),
            loaded.subject.rfc4514_string(),
            loaded.fingerprint(hashes.SHA256()).hex(),
            loaded.not_valid_before_utc,
            loaded.not_valid_after_utc,
            path.with_suffix(".key").exists(),
        )
    except (ValueError, OSError):
        return None


def certificates(folder: Path, *more: Path | None) -> list[Expiry]:
    """The certificates of a folder, what is over first; earlier ones that were replaced are left out."""
    files: Iterable[Path] = sorted(folder.glob("*.pem")) if folder.is_dir() else ()
    found = [read(file) for file in (*files, *(one for one in more if one is not None))]
    kept = [one for one in found if one is not None and not one.name.endswith(".previous")]
    return sorted(kept, key=lambda one: (one.not_after, one.name))


def _kind(certificate: x509.Certificate) -> str:
    try:
        if certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return "authority"
    except x509.ExtensionNotFound:
        pass
    try:
        usages = set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return "other"
    if ExtendedKeyUsageOID.SERVER_AUTH in usages:
        return "server"
    return "client" if ExtendedKeyUsageOID.CLIENT_AUTH in usages else "other"
