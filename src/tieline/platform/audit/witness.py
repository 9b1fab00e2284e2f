"""The second place: heads of the chain, signed and appended to a file.

Whoever can write to the database can also compute a whole new chain. What that does not give is our signing key and
the file, which may lie on another disk or be shipped elsewhere: a trail that was cut or rewritten disagrees with them.
A line is JSON: ``{"seq", "hash", "at", "key", "signature"}``, the signature Ed25519 over ``seq``, ``hash``, ``at``.
"""

import base64
import fcntl
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from tieline.platform.audit.chain import Head
from tieline.platform.files import make_private

_TAIL = 4096


class WitnessError(Exception):
    """A line of the witness that is not ours; ``line`` counts from one."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"Line {line} of the witness {why}.")
        self.line = line


class _Line(msgspec.Struct, frozen=True):
    seq: int
    hash: str
    at: str
    key: str
    signature: str


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A line of the witness; its signature is not yet checked. ``number`` counts lines from one."""

    number: int
    seq: int
    hash: bytes
    at: str
    key: str
    signature: bytes


class Signer:
    """Holds the key that signs heads."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.name = hashlib.sha256(public).hexdigest()[:16]

    @classmethod
    def load(cls, home: Path) -> "Signer":
        """Read the key under ``home``/keys, or make it at first use (readable by its owner alone)."""
        text = make_private(home / "keys" / "audit.pem", _new_key)
        key = load_pem_private_key(text, None)
        if not isinstance(key, Ed25519PrivateKey):
            raise TypeError("keys/audit.pem is not an Ed25519 key")
        return cls(key)

    def line(self, head: Head, at: datetime) -> bytes:
        """The signed line of a head."""
        moment = at.isoformat()
        signature = base64.b64encode(self._key.sign(_message(head.seq, head.hash.hex(), moment))).decode()
        return msgspec.json.encode(_Line(head.seq, head.hash.hex(), moment, self.name, signature)) + b"\n"

    def check(self, signed: SignedHead) -> None:
        """Raise ``WitnessError`` unless this key signed the head."""
        if signed.key != self.name:
            raise WitnessError(signed.number, f"was signed by another key ({signed.key[:16]})")
        try:
            self._key.public_key().verify(signed.signature, _message(signed.seq, signed.hash.hex(), signed.at))
        except InvalidSignature as error:
            raise WitnessError(signed.number, "has a wrong signature") from error


class Witness:
    """The file of signed heads."""

    def __init__(self, path: Path, signer: Signer) -> None:
        self._path = path
        self._signer = signer

    def last(self) -> Head | None:
        """The head signed last, its signature checked; None when there is none."""
        if not self._path.exists():
            return None
        with self._path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - _TAIL, 0))
            lines = [line for line in file.read().splitlines(keepends=True) if line.endswith(b"\n")]
        if not lines:
            return None
        signed = _parse(lines[-1], 0)
        self._signer.check(signed)
        return Head(signed.seq, signed.hash)

    def check(self, signed: SignedHead) -> None:
        """Raise ``WitnessError`` unless our key signed the head."""
        self._signer.check(signed)

    def write(self, head: Head, at: datetime) -> None:
        """Append a head unless it stands there already, and return when it is on the disk."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            _drop_torn_line(descriptor)
            last = self.last()
            if last is None or last.seq < head.seq:
                os.write(descriptor, self._signer.line(head, at))
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def heads(self) -> Iterator[SignedHead]:
        """Every head in order, signatures unchecked; raises ``WitnessError`` at a line that is none or goes back."""
        if not self._path.exists():
            return
        last = 0
        with self._path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    return  # cut by a crash while it was written, so it says nothing
                signed = _parse(line, number)
                if signed.seq < last:
                    raise WitnessError(number, f"goes back to entry {signed.seq} from {last}")
                last = signed.seq
                yield signed


def _parse(line: bytes, number: int) -> SignedHead:
    try:
        parsed = msgspec.json.decode(line, type=_Line)
        return SignedHead(
            number,
            parsed.seq,
            bytes.fromhex(parsed.hash),
            parsed.at,
            parsed.key,
            base64.b64decode(parsed.signature, validate=True),
        )
    except ValueError as error:
        raise WitnessError(number, "is not a signed head") from error


def _drop_torn_line(descriptor: int) -> None:
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, _TAIL, max(size - _TAIL, 0))
    if tail and not tail.endswith(b"\n"):
        os.ftruncate(descriptor, size - len(tail) + tail.rfind(b"\n") + 1)


def _message(seq: int, digest: str, at: str) -> bytes:
    return f"tieline audit head\n{seq}\n{digest}\n{at}\n".encode()


def _new_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
