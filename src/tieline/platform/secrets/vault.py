"""Seals and opens with the keys of a file, which is read again whenever it changes."""

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from tieline.platform.errors import Conflict
from tieline.platform.files import make_private, write_private
from tieline.platform.secrets import envelope
from tieline.platform.secrets.keyring import KeyFileError, Keyring, new_key, read_keys, write_keys
from tieline.platform.secrets.model import Place
from tieline.platform.settings import Settings

_Stamp = tuple[int, int, int]


class Vault:
    """The secrets of one installation. ``ours``: the file lies where we make it at first use, and may change it.

    A file from elsewhere is only read: whoever brings it also changes it. Raises ``KeyFileError`` at first use for one
    that is missing or holds no keys.
    """

    def __init__(self, path: Path, *, ours: bool = True) -> None:
        self.path = path
        self.ours = ours
        self._stamp: _Stamp | None = None
        self._keys: Keyring | None = None

    def seal(self, value: str, place: Place) -> str:
        """Encrypt a value for the place where it will stand."""
        return envelope.seal(self.keys().current, value, place)

    def open(self, sealed: str, place: Place) -> str:
        """Decrypt a value at its place; raises ``SecretError``."""
        return envelope.open_sealed(self.keys(), sealed, place)

    def wrap_anew(self, sealed: str, place: Place) -> str:
        """The value under the current key; raises ``SecretError``."""
        return envelope.wrap_anew(self.keys(), sealed, place)

    def keys(self) -> Keyring:
        """The keys as they are in the file now."""
        stamp = self._look()
        if self._keys is None or stamp != self._stamp:
            # The stamp is that of before: a file that changes while it is read is read again.
            self._keys, self._stamp = read_keys(self._content()), stamp
        return self._keys

    def private(self) -> bool:
        """Whether nobody but its owner may read the file."""
        self.keys()
        return not stat.S_IMODE(self.path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO)

    def rotate(self) -> str:
        """Put a new key first, and give its name. Raises ``Conflict`` for a file that others bring."""
        return self._changed(lambda keys: Keyring((new_key(), *keys.keys))).current.id

    def forget(self, ids: frozenset[str]) -> None:
        """Take keys out of the file, the current one excepted. Raises ``Conflict`` for a file that others bring."""
        self._changed(lambda held: Keyring((held.current, *(key for key in held.keys[1:] if key.id not in ids))))

    def _changed(self, change: Callable[[Keyring], Keyring]) -> Keyring:
        if not self.ours:
            raise Conflict(
                "The key file comes from outside, and is not changed here.",
                advice="Put a new key in its first line (tieline secrets key makes one), and leave the old below it.",
            )
        self.keys()
        with self._locked():
            changed = change(read_keys(self._content()))
            write_private(self.path, write_keys(changed.keys))
        return self.keys()

    def _look(self) -> _Stamp | None:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size

    def _content(self) -> str:
        try:
            if self.ours:
                return make_private(self.path, lambda: write_keys([new_key()])).decode()
            return self.path.read_text("utf-8")
        except FileNotFoundError as error:
            raise KeyFileError(f"There is no key file {self.path}.") from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self.path.with_name(f".{self.path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


@lru_cache(maxsize=64)
def _vault(path: Path, *, ours: bool) -> Vault:
    return Vault(path, ours=ours)


def vault_of(settings: Settings) -> Vault:
    """The platform's vault; one a process."""
    given = settings.secrets_key_file
    return _vault(given or settings.home / "keys" / "secrets.keys", ours=given is None)
