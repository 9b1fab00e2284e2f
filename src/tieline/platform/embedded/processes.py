"""Questions to the operating system about processes that are not our children."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

_PROC = Path("/proc")
_POLL_SECONDS = 0.02


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until `condition` holds; False when it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that ended and waits to be collected does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        status = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return not _PROC.exists()
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}


def send(pid: int, number: signal.Signals) -> None:
    """Signal a process that may have ended meanwhile."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def send_to_group(pid: int, number: signal.Signals) -> None:
    """Signal a process group that may have ended meanwhile."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return


def works_in(pid: int, folder: Path) -> bool:
    """Tell whether a process has `folder` as its working directory, as every PostgreSQL process its data folder.

    A number in a stale file may have been given to an unrelated process since. Where /proc is missing, being alive
    is all that can be told.
    """
    if sys.platform != "linux":
        return alive(pid)
    try:
        return (_PROC / str(pid) / "cwd").readlink() == folder.resolve() and alive(pid)
    except OSError:
        return False


def all_in(folder: Path) -> list[int]:
    """Return the processes whose working directory is `folder` (none where /proc is missing)."""
    if sys.platform != "linux":
        return []
    numbers = (int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit())
    return [pid for pid in numbers if works_in(pid, folder)]
