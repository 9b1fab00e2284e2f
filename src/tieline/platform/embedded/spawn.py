"""Start a child process that cannot outlive this one."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

from tieline.platform.embedded.account import Account

_LAUNCH = Path(__file__).with_name("launch.py")

# Linux sends the parent-death signal when the *thread* that forked ends. Forks that are asked for outside the main
# thread therefore happen in this one, which ends with the process.
_forker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tieline-spawn")


def spawn(
    command: Sequence[str],
    *,
    output: IO[Any] | int,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    account: Account | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start `command` in a session and process group of its own, without standard input.

    `output` takes both its output streams. On Linux it gets `death_signal` when this process ends, however it ends.
    With an `account` it runs as that user; this process must then be root.
    """
    options = {
        "parent": os.getpid(),
        "signal": int(death_signal),
        "uid": account.uid if account else None,
        "gid": account.gid if account else None,
    }

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - no shell; callers pass programs of ours
            [sys.executable, "-I", "-S", str(_LAUNCH), json.dumps(options), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env) if env is not None else None,
            cwd=cwd,
            start_new_session=True,
            pass_fds=pass_fds,
        )

    if threading.current_thread() is threading.main_thread():
        return start()
    return _forker.submit(start).result()
