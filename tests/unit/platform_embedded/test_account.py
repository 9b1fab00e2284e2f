"""The user that the server runs as is made once, however many processes start at the same moment."""

import os
import pwd
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from tieline.platform.embedded import account

USERADD = """#!/bin/sh
# Looks for the name, then works for a while, as the real one does before it writes.
grep -q "^tieline:" {table} && exit 9
sleep 0.1
echo "called" >> {calls}
lines=$(wc -l < {calls})
echo "tieline:x:$((1000 - lines)):995" > {table}
"""


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system of which we are root, with a slow `useradd` and a password file of its own; returns the calls' file."""
    table, calls = tmp_path / "passwd", tmp_path / "calls"
    table.touch()
    useradd = tmp_path / "useradd"
    useradd.write_text(USERADD.format(table=table, calls=calls), encoding="utf-8")
    useradd.chmod(0o755)

    def getpwnam(name: str) -> pwd.struct_passwd:
        for line in table.read_text("utf-8").splitlines():
            found, secret, uid, gid = line.split(":")
            if found == name:
                return pwd.struct_passwd((found, secret, int(uid), int(gid), "", "/nonexistent", "/usr/sbin/nologin"))
        raise KeyError(name)

    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(account, "_PASSWD", table)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwnam", getpwnam)
    return calls


def test_starting_at_the_same_moment_makes_one_user(system: Path, tmp_path: Path) -> None:
    together = Barrier(4)

    def start(number: int) -> account.Account | None:
        together.wait()
        return account.for_folder(tmp_path / f"cluster{number}")

    with ThreadPoolExecutor(4) as pool:
        users = list(pool.map(start, range(4)))
    assert users == [account.Account("tieline", 999, 995)] * 4
    assert system.read_text("utf-8").splitlines() == ["called"]
