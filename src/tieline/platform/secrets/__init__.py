"""Secrets at rest: values that must be read again, encrypted with keys outside the database.

Each value has a data key of its own (AES-256-GCM), which is wrapped by a key of the key file (``keyring``) and
travels with the value (``envelope``). Both are bound to the place where the value stands (:class:`Place`), so that one
that was copied elsewhere does not open. A :class:`Vault` seals and opens. A context tells the application in which
columns it keeps sealed values (:class:`SecretColumn`); those are wrapped anew after the key was changed.
"""

from tieline.platform.secrets.envelope import SecretError
from tieline.platform.secrets.keyring import KEY_BYTES, Key, KeyFileError, new_key
from tieline.platform.secrets.model import KeyUse, Place, SecretColumn, Status
from tieline.platform.secrets.service import forget, rewrap, rotate, status
from tieline.platform.secrets.vault import Vault, vault_of

__all__ = [
    "KEY_BYTES",
    "Key",
    "KeyFileError",
    "KeyUse",
    "Place",
    "SecretColumn",
    "SecretError",
    "Status",
    "Vault",
    "forget",
    "new_key",
    "rewrap",
    "rotate",
    "status",
    "vault_of",
]
