"""The keys that wrap data keys, and the file they lie in.

One key a line, 32 octets as base64; the first seals, all of them open. A line that begins with ``#`` is a remark.
"""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from tieline.platform.errors import Unavailable

KEY_BYTES = 32
_REMARK = (
    "# Keys of secrets at rest. The first seals, all of them open. Keep a copy elsewhere: without it, they are lost."
)


class KeyFileError(Unavailable):
    """A key file that cannot be used, and why; names no key."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key and the name that sealed values know it by: a digest that does not reveal it."""

    secret: bytes = field(repr=False)
    id: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", hashlib.sha256(b"tieline secrets key\0" + self.secret).hexdigest()[:16])


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys of a file, the current one first."""

    keys: tuple[Key, ...]

    @property
    def current(self) -> Key:
        """The key that seals."""
        return self.keys[0]

    def named(self, key_id: str) -> Key | None:
        """The key with a name."""
        return next((key for key in self.keys if key.id == key_id), None)


def new_key() -> Key:
    """A key that nobody had before."""
    return Key(secrets.token_bytes(KEY_BYTES))


def read_keys(text: str) -> Keyring:
    """Read the content of a key file; raises ``KeyFileError``."""
    lines = [line.strip() for line in text.splitlines()]
    keys = tuple(_key(number, line) for number, line in enumerate(lines, 1) if line and not line.startswith("#"))
    if not keys:
        raise KeyFileError("The key file holds no key.")
    if len({key.id for key in keys}) < len(keys):
        raise KeyFileError("The key file holds a key twice.")
    return Keyring(keys)


def write_keys(keys: Iterable[Key]) -> bytes:
    """The content of a key file."""
    lines = [_REMARK, *(base64.b64encode(key.secret).decode() for key in keys)]
    return "".join(f"{line}\n" for line in lines).encode()


def _key(number: int, line: str) -> Key:
    try:
        secret = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != KEY_BYTES:
        raise KeyFileError(f"Line {number} of the key file is not {KEY_BYTES} octets as base64.")
    return Key(secret)
