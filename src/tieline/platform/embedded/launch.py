"""Become another program, as another user, that dies with its parent.

Run as a script by `spawn.spawn`, with the standard library alone and never imported: between `fork` and `exec` only
C code may run safely in a process that has threads, so whatever must happen to the child happens here, after `exec`
of a fresh interpreter. Arguments: one JSON object `{"parent": pid, "signal": number, "uid": n|null, "gid": n|null}`,
then the command.
"""

import ctypes
import json
import os
import sys

_PR_SET_PDEATHSIG = 1
_GONE = 125


def main(options: dict[str, int | None], command: list[str]) -> None:
    """Drop privileges, ask for the signal at the parent's death, and become `command`. Never returns."""
    uid, gid = options["uid"], options["gid"]
    if uid is not None and gid is not None:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        # After setuid, for a change of user clears the request.
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, options["signal"], 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != options["parent"]:  # the parent died before the request was in place
        raise SystemExit(_GONE)
    os.execvp(command[0], command)  # noqa: S606 - this is the purpose: no shell, arguments as they are


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2:])
