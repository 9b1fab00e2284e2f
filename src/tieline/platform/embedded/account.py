"""The unprivileged user that PostgreSQL runs as when Tieline itself runs as root (containers, CI).

PostgreSQL refuses to run as root, and its `initdb` wants the user to have a name.
"""

import fcntl
import os
import pwd
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tieline.platform.embedded.errors import EmbeddedError

NAME = "tieline"
_FALLBACKS = ("postgres", "nobody")
_CREATION_SECONDS = 10.0
_PASSWD = Path("/etc/passwd")


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the operating system."""

    name: str
    uid: int
    gid: int

    def can_traverse(self, path: Path) -> bool:
        """Tell whether the user may pass through every folder above `path` (access lists are not looked at)."""
        return all(self._may_pass(parent.stat()) for parent in path.resolve().parents)

    def _may_pass(self, folder: os.stat_result) -> bool:
        if folder.st_uid == self.uid:
            return bool(folder.st_mode & stat.S_IXUSR)
        if folder.st_gid == self.gid:
            return bool(folder.st_mode & stat.S_IXGRP)
        return bool(folder.st_mode & stat.S_IXOTH)


def for_folder(folder: Path) -> Account | None:
    """Return the user to run the server of `folder` as; None means: as we are.

    As root, the owner of an existing folder goes on owning it; a new one gets the user `tieline`, made at first use.
    """
    if os.geteuid() != 0:
        return None
    if folder.exists():
        owner = _by_uid(folder.stat().st_uid)
        if owner is not None and owner.uid != 0:
            return owner
    return _by_name(NAME) or _create() or _fallback()


def give(folder: Path, account: Account) -> None:
    """Make `folder` and all in it the account's, unless it is already."""
    if folder.stat().st_uid == account.uid:
        return
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(parent, name), account.uid, account.gid, follow_symlinks=False)
    os.chown(folder, account.uid, account.gid)  # last: it marks that all the rest is done


def _create() -> Account | None:
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
    if useradd is None:
        return None
    command = [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    deadline = time.monotonic() + _CREATION_SECONDS
    while True:
        with _one_at_a_time():
            account = _by_name(NAME)
            if account is not None:
                return account
            result = subprocess.run(  # noqa: S603 - fixed arguments
                [*command, "--shell", "/usr/sbin/nologin", NAME], capture_output=True, text=True, check=False
            )
            account = _by_name(NAME)
        if account is not None or time.monotonic() > deadline:
            return account
        # Another program of the system holds the password file's lock: try again.
        if "lock" not in result.stderr:
            return None
        time.sleep(0.1)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Hold off other processes of ours that are about to make the user.

    `useradd` looks whether the name is taken before it waits for the password file's lock, so that two of them at
    once make the user twice: the second replaces the first one's number, whom files belong to already.
    """
    with _PASSWD.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fallback() -> Account:
    for name in _FALLBACKS:
        account = _by_name(name)
        if account is not None:
            return account
    raise EmbeddedError(
        "PostgreSQL does not run as root, and no unprivileged user could be made or found. "
        f"Make one (useradd --system {NAME}) or run Tieline as an ordinary user."
    )


def _by_name(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _by_uid(uid: int) -> Account | None:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
