"""Values that must be read again, such as a credential at an operator, encrypted with a key outside the database."""

import base64
import binascii
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tieline.platform.files import make_private

_VERSION = "v1."
_NONCE = 12
_KEY = 32


class SecretError(Exception):
    """A value that cannot be decrypted: of another key, another purpose, or altered."""


class Secrets:
    """Encrypts and decrypts with AES-256-GCM under one key."""

    def __init__(self, key: bytes) -> None:
        if len(key) != _KEY:
            raise SecretError(f"the key must have {_KEY} bytes")
        self._cipher = AESGCM(key)

    @classmethod
    def load(cls, home: Path) -> "Secrets":
        """Read the key under ``home``/keys, or make it at first use (readable by its owner alone)."""
        text = make_private(home / "keys" / "values.key", lambda: base64.b64encode(secrets.token_bytes(_KEY)) + b"\n")
        return cls(base64.b64decode(text))

    def encrypt(self, value: str, purpose: str) -> str:
        """The value as text for the database; it decrypts only for the same ``purpose`` (``operator:3:token``)."""
        nonce = secrets.token_bytes(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, value.encode(), purpose.encode())
        return _VERSION + base64.urlsafe_b64encode(sealed).decode()

    def decrypt(self, sealed: str, purpose: str) -> str:
        """The value again; raises ``SecretError`` when key or purpose differ or it was altered."""
        try:
            if not sealed.startswith(_VERSION):
                raise SecretError("the value is not encrypted by us")
            raw = base64.b64decode(sealed[len(_VERSION) :], altchars=b"-_", validate=True)
            return self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], purpose.encode()).decode()
        except (binascii.Error, InvalidTag, ValueError) as error:
            raise SecretError("the value cannot be decrypted") from error
