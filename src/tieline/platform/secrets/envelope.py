"""The form of a sealed value: a data key of its own, wrapped by a key of the key file. Pure but for randomness.

``tl1:<id of the key>:<wrapped data key>:<value>``, the last two as URL-safe base64 without padding: nonce (12 octets),
then what AES-256-GCM gives (NIST SP 800-38D). The data key is bound to the key's id and the value's place, the value
to its place: each is authenticated as additional data. A data key seals one value, so nonces cannot meet under it; a
key of the file wraps fewer than 2^32 data keys.
"""

import base64
import binascii
import secrets
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tieline.platform.errors import Unavailable
from tieline.platform.secrets.keyring import KEY_BYTES, Key, Keyring
from tieline.platform.secrets.model import Place

FORM = "tl1"
_NONCE = 12
_PARTS = 4


class SecretError(Unavailable):
    """A value that does not open: of a key we do not have, moved from another place, or altered. Names no secret."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail, advice="Look with: tieline secrets check")


class Sealed(NamedTuple):
    """The parts of a sealed value."""

    key_id: str
    wrapped: bytes
    body: bytes


def seal(key: Key, value: str, place: Place) -> str:
    """Encrypt a value for its place."""
    data_key = secrets.token_bytes(KEY_BYTES)
    wrapped = _encrypt(key.secret, data_key, _wrapping(key.id, place))
    return _written(Sealed(key.id, wrapped, _encrypt(data_key, value.encode(), _content(place))))


def open_sealed(keys: Keyring, sealed: str, place: Place) -> str:
    """Decrypt a value at its place; raises ``SecretError``."""
    parts = read(sealed)
    data_key = _unwrapped(keys, parts, place)
    try:
        return _decrypt(data_key, parts.body, _content(place)).decode()
    except (InvalidTag, ValueError) as error:
        raise SecretError(f"The secret at {place} was altered, or belongs to another place.") from error


def wrap_anew(keys: Keyring, sealed: str, place: Place) -> str:
    """Wrap the data key with the current key; the value itself is not decrypted. Raises ``SecretError``."""
    parts = read(sealed)
    current = keys.current
    if parts.key_id == current.id:
        return sealed
    data_key = _unwrapped(keys, parts, place)
    wrapped = _encrypt(current.secret, data_key, _wrapping(current.id, place))
    return _written(Sealed(current.id, wrapped, parts.body))


def read(sealed: str) -> Sealed:
    """Take a sealed value apart; raises ``SecretError`` for what we did not seal."""
    parts = sealed.split(":")
    if len(parts) != _PARTS or parts[0] != FORM:
        raise SecretError("The value is not one that was sealed here.")
    try:
        return Sealed(parts[1], _bytes(parts[2]), _bytes(parts[3]))
    except (binascii.Error, ValueError) as error:
        raise SecretError("The value is not one that was sealed here.") from error


def _unwrapped(keys: Keyring, parts: Sealed, place: Place) -> bytes:
    key = keys.named(parts.key_id)
    if key is None:
        raise SecretError(f"The key file has no key {parts.key_id[:16]}, which sealed the secret at {place}.")
    try:
        return _decrypt(key.secret, parts.wrapped, _wrapping(key.id, place))
    except (InvalidTag, ValueError) as error:
        raise SecretError(f"The secret at {place} was altered, or belongs to another place.") from error


def _wrapping(key_id: str, place: Place) -> bytes:
    return f"{FORM} data key {key_id} {place}".encode()


def _content(place: Place) -> bytes:
    return f"{FORM} value {place}".encode()


def _encrypt(key: bytes, plain: bytes, bound: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound)


def _decrypt(key: bytes, sealed: bytes, bound: bytes) -> bytes:
    return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], bound)


def _written(parts: Sealed) -> str:
    return f"{FORM}:{parts.key_id}:{_text(parts.wrapped)}:{_text(parts.body)}"


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    """Strict: one text for one content, so that an altered text never passes for the same value."""
    content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _text(content) != text:
        raise ValueError("not canonical")
    return content
