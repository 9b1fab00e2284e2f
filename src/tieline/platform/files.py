"""Small files that must be whole, private and made once, whoever comes first."""

import os
import tempfile
import time
from collections.abc import Callable, Collection
from pathlib import Path

_DAY = 86_400


def make_private(path: Path, make: Callable[[], bytes]) -> bytes:
    """Read a file that only its owner may read; made from ``make()`` when it is not there.

    When several processes come at once, one of them makes it and all read the same.
    """
    if not path.exists():
        write_private(path, make(), replace=False)
    return path.read_bytes()


def write_private(path: Path, content: bytes, *, replace: bool = True) -> None:
    """Write a file whole or not at all, readable by its owner alone; unless ``replace``, one that is there stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            Path(name).replace(path)
        elif not path.exists():
            _link(Path(name), path)
    finally:
        Path(name).unlink(missing_ok=True)


def stray(folder: Path, kept: Collection[str], *, days: int) -> list[Path]:
    """Files of a folder that nobody knows by name, so many days old: their process was killed while it wrote them."""
    before = time.time() - days * _DAY
    files = folder.iterdir() if folder.is_dir() else ()
    return [file for file in files if file.name not in kept and file.stat().st_mtime < before]


def _link(source: Path, path: Path) -> None:
    try:
        path.hardlink_to(source)
    except FileExistsError:
        return  # another process was first, and its file counts
