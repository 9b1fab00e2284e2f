"""The development authority of one folder: made at first use, and issuing what is missing or soon over."""

import fcntl
import hashlib
import ipaddress
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tieline.platform.clock import Clock, SystemClock
from tieline.platform.files import write_private

LOCAL = ("localhost", "127.0.0.1", "::1")
_AUTHORITY_LIFE = timedelta(days=20 * 365)
_LIFE = timedelta(days=397)
_RENEW = timedelta(days=30)
_BEFORE = timedelta(days=1)  # clocks differ, and one that was wrong goes back
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate with its key and the authority that its peers are checked against; all PEM files."""

    certificate: Path
    key: Path
    ca: Path

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate in lower-case hexadecimal, by which the other side knows us."""
        return fingerprint(self.certificate)


class Authority:
    """Issues certificates from a folder; several processes may use it at once."""

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self._folder = folder
        self._clock = clock or SystemClock()

    @property
    def ca(self) -> Path:
        """The authority's own certificate, to be given to whoever shall trust it; made at first use."""
        with self._locked():
            if not self._is_foreign():
                self._ensure_authority()
        return self._folder / "ca.pem"

    def server(self, name: str, hosts: Sequence[str] = LOCAL) -> Credential:
        """A server's credential for some host names and addresses; kept while it fits and has thirty days to go."""
        return self._credential(name, hosts, ExtendedKeyUsageOID.SERVER_AUTH)

    def client(self, name: str) -> Credential:
        """A client's credential; kept until it is over, for the other side knows it by its fingerprint.

        Its successor is made with :meth:`renew` and made known before it is taken (:meth:`switch`).
        """
        return self._credential(name, (), ExtendedKeyUsageOID.CLIENT_AUTH, renew=timedelta(0))

    def issue(self, name: str) -> tuple[bytes, bytes]:
        """A new certificate and key of a client, both PEM, for somebody elsewhere: nothing of them is kept here.

        Raises ``ValueError`` where another authority issues.
        """
        self._named(name)
        if self._is_foreign():
            raise ValueError("another authority issues here; have it issue the certificate, and bring that")
        with self._locked():
            key = ec.generate_private_key(ec.SECP256R1())
            certificate = self._leaf(name, (), ExtendedKeyUsageOID.CLIENT_AUTH, key, self._ensure_authority())
        return certificate.public_bytes(Encoding.PEM), _key_pem(key)

    def renew(self, name: str) -> Credential:
        """A successor of a client's or a server's credential, beside it (``NAME.next``), until :meth:`switch`."""
        present = self._named(name)
        if not present.certificate.exists():
            raise ValueError(f"there is no certificate {name}")
        if self._is_foreign():
            raise ValueError("another authority issues here; give --certificate and --key that it issued")
        loaded = x509.load_pem_x509_certificate(present.certificate.read_bytes())
        usage = next(iter(loaded.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value))
        hosts = [str(one.value) for one in _names_in(loaded)] if usage == ExtendedKeyUsageOID.SERVER_AUTH else []
        staged = self._named(f"{name}.next")
        with self._locked():
            key = ec.generate_private_key(ec.SECP256R1())
            certificate = self._leaf(name, hosts, usage, key, self._ensure_authority())
            _write(staged, _key_pem(key), certificate.public_bytes(Encoding.PEM))
        return staged

    def stage(self, name: str, certificate: bytes, key: bytes) -> Credential:
        """Put a pair that somebody else issued beside the present one, once key and certificate fit each other.

        Raises ``ValueError`` for what does not fit, or is over already.
        """
        loaded = x509.load_pem_x509_certificate(certificate)
        try:
            private = load_pem_private_key(key, None)
        except TypeError as error:
            raise ValueError("the key is locked with a password; unlock it first: openssl pkey -in KEY") from error
        form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        if loaded.public_key().public_bytes(*form) != private.public_key().public_bytes(*form):
            raise ValueError("the key is not that of the certificate")
        if loaded.not_valid_after_utc <= self._clock.now():
            raise ValueError("the certificate is over already")
        staged = self._named(f"{name}.next")
        with self._locked():
            _write(staged, key, certificate)
        return staged

    def switch(self, name: str) -> Credential:
        """Take the successor; the present one stays as ``NAME.previous``. Raises ``ValueError`` where there is none."""
        present, staged, previous = self._named(name), self._named(f"{name}.next"), self._named(f"{name}.previous")
        with self._locked():
            if not (staged.certificate.exists() and staged.key.exists()):
                raise ValueError(f"there is no successor of {name}; make one first")
            if present.certificate.exists() and present.key.exists():
                _write(previous, present.key.read_bytes(), present.certificate.read_bytes())
            _write(present, staged.key.read_bytes(), staged.certificate.read_bytes())
            staged.certificate.unlink()
            staged.key.unlink()
        return present

    def _named(self, name: str) -> Credential:
        if not _NAME.fullmatch(name) or name == "ca":
            raise ValueError(f"{name!r} cannot name a certificate: use letters, digits, dot, dash and underscore")
        return Credential(self._folder / f"{name}.pem", self._folder / f"{name}.key", self._folder / "ca.pem")

    def _credential(
        self, name: str, hosts: Sequence[str], usage: x509.ObjectIdentifier, *, renew: timedelta = _RENEW
    ) -> Credential:
        credential = self._named(name)
        with self._locked():
            if self._is_foreign():
                return self._given(credential)
            authority, authority_key = self._ensure_authority()
            if not self._still_good(credential, authority, hosts, renew):
                key = ec.generate_private_key(ec.SECP256R1())
                certificate = self._leaf(name, hosts, usage, key, (authority, authority_key))
                _write(credential, _key_pem(key), certificate.public_bytes(Encoding.PEM))
        return credential

    def _is_foreign(self) -> bool:
        """Whether another authority issues here: its certificate lies in the folder, and its key does not."""
        return (self._folder / "ca.pem").exists() and not (self._folder / "ca.key").exists()

    def _given(self, credential: Credential) -> Credential:
        """A credential that was brought. Raises ``ValueError`` where it is missing: nothing is made up in its place."""
        for file in (credential.certificate, credential.key):
            if not file.exists():
                raise ValueError(f"{file} is missing, and the authority of this folder is not ours to issue it")
        return credential

    def _ensure_authority(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        certificate_file, key_file = self._folder / "ca.pem", self._folder / "ca.key"
        if not (certificate_file.exists() and key_file.exists()):
            key = ec.generate_private_key(ec.SECP256R1())
            write_private(key_file, _key_pem(key))
            write_private(certificate_file, self._root(key).public_bytes(Encoding.PEM))
            certificate_file.chmod(0o644)
        loaded = load_pem_private_key(key_file.read_bytes(), None)
        if not isinstance(loaded, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{key_file} does not hold an elliptic-curve key")
        return x509.load_pem_x509_certificate(certificate_file.read_bytes()), loaded

    def _still_good(
        self, credential: Credential, authority: x509.Certificate, hosts: Sequence[str], renew: timedelta
    ) -> bool:
        if not (credential.certificate.exists() and credential.key.exists()):
            return False
        certificate = x509.load_pem_x509_certificate(credential.certificate.read_bytes())
        soon = certificate.not_valid_after_utc - self._clock.now() < renew
        same_authority = certificate.issuer == authority.subject and _authority_key(certificate) == _own_key(authority)
        return same_authority and not soon and set(_names(hosts)) <= set(_names_in(certificate))

    def _root(self, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
        now = self._clock.now()
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tieline development authority")])
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _BEFORE)
            .not_valid_after(now + _AUTHORITY_LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )

    def _leaf(
        self,
        name: str,
        hosts: Sequence[str],
        usage: x509.ObjectIdentifier,
        key: ec.EllipticCurvePrivateKey,
        signer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey],
    ) -> x509.Certificate:
        authority, authority_key = signer
        issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(_own(authority))
        now = self._clock.now()
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(authority.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _BEFORE)
            .not_valid_after(min(now + _LIFE, authority.not_valid_after_utc))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(issuer, critical=False)
        )
        names = _names(hosts) or [x509.DNSName(name)]
        return builder.add_extension(x509.SubjectAlternativeName(names), critical=False).sign(
            authority_key, hashes.SHA256()
        )

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def fingerprint(certificate: Path) -> str:
    """SHA-256 of a PEM file's (first) certificate in lower-case hexadecimal."""
    loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
    return hashlib.sha256(loaded.public_bytes(Encoding.DER)).hexdigest()


def _write(credential: Credential, key: bytes, certificate: bytes) -> None:
    """Each file is whole at any moment; whoever reads a pair in between finds that it does not fit, and looks again."""
    write_private(credential.key, key)
    write_private(credential.certificate, certificate)
    credential.certificate.chmod(0o644)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _names(hosts: Sequence[str]) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = []
    for host in hosts:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return names


def _names_in(certificate: x509.Certificate) -> list[x509.GeneralName]:
    return list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)


def _own(certificate: x509.Certificate) -> x509.SubjectKeyIdentifier:
    return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value


def _own_key(certificate: x509.Certificate) -> bytes:
    return _own(certificate).digest


def _authority_key(certificate: x509.Certificate) -> bytes | None:
    return certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
