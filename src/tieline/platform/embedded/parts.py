"""What a supervisor runs: processes of ours, and servers that start and stop themselves."""

import http.client
import os
import signal
import ssl
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from tieline.platform.embedded import processes
from tieline.platform.embedded.errors import EmbeddedError
from tieline.platform.embedded.logfile import LogFile, Pump
from tieline.platform.embedded.spawn import spawn

_CHECK_SECONDS = 1.0
_DRAIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Child:
    """A process that the supervisor shall run.

    `env` is added to our own environment; a function is asked at each start, when what the child depends on is up.
    `ready` is a URL (plain HTTP) that answers 200 once the child serves, or a function that says so; without one it
    is ready when it runs. With `once` it is a task: ready when it ended with 0, not run again, and its failure fails
    the start. `after` names what must be ready before it starts, and stops only after it.
    """

    name: str
    command: Sequence[str]
    env: Mapping[str, str] | Callable[[], Mapping[str, str]] | None = None
    ready: str | Callable[[], bool] | None = None
    after: tuple[str, ...] = ()
    once: bool = False
    ready_seconds: float = 60.0
    stop_seconds: float = 15.0


class Server(Protocol):
    """A server with its own way to start and stop; SIGQUIT ends its process at once. `EmbeddedPostgres` is one."""

    @property
    def pid(self) -> int | None:
        """The number of its process while it runs."""

    def start(self) -> None:
        """Start it and wait until it serves."""

    def stop(self) -> None:
        """Stop it and wait until it has ended."""


class Part(Protocol):
    """A child or a server, as the supervisor handles it."""

    @property
    def pid(self) -> int | None:
        """The number of its process while it runs."""

    def start(self) -> None:
        """Start it. Raises EmbeddedError or OSError when that is not possible."""

    def is_ready(self) -> bool:
        """Tell whether those that depend on it may start."""

    def exit_code(self) -> int | None:
        """None while it runs; afterwards how it ended, negative for a signal, and nothing of it runs any more."""

    def ask_to_stop(self) -> None:
        """Begin its orderly stop. Returns at once."""

    def kill(self) -> None:
        """End it at once."""

    def last_lines(self) -> str:
        """Return what it said last."""


class ProcessPart:
    """A child in a process group of its own, its output in `<logs>/<name>.log`."""

    def __init__(self, child: Child, logs: Path) -> None:
        self._child = child
        self._path = logs / f"{child.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._pump: Pump | None = None
        self._code: int | None = None
        self._log: LogFile | None = None

    @property
    def pid(self) -> int | None:
        """The number of its process while it runs."""
        return self._process.pid if self._process is not None and self._code is None else None

    def start(self) -> None:
        """Start the process with its output in a pipe to the log."""
        self._log = LogFile(self._path)
        reader, writer = os.pipe()
        try:
            self._process = spawn(self._child.command, output=writer, env=self._environment())
        except BaseException:
            os.close(reader)
            self._log.close()
            raise
        finally:
            os.close(writer)
        self._code = None
        self._pump = Pump(reader, self._log)
        self._pump.start()

    def is_ready(self) -> bool:
        """Ask what the child's declaration names."""
        check = self._child.ready
        if self._child.once:
            return False
        if check is None:
            return True
        return answers(check) if isinstance(check, str) else check()

    def exit_code(self) -> int | None:
        """Return how it ended, after ending what it left in its group."""
        if self._process is None or self._code is not None:
            return self._code
        # Looked at without collecting it, so that its number, and its group's, cannot yet be another's.
        if os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return None
        processes.send_to_group(self._process.pid, signal.SIGKILL)
        self._code = self._process.wait()
        if self._pump is not None:
            self._pump.join(_DRAIN_SECONDS)
        return self._code

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the process; it sees to its own children."""
        if self.pid is not None:
            processes.send(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL to the whole group."""
        if self.pid is not None:
            processes.send_to_group(self.pid, signal.SIGKILL)

    def last_lines(self) -> str:
        """Return the end of the log."""
        return self._log.last_lines(20) if self._log is not None else ""

    def _environment(self) -> dict[str, str]:
        added = self._child.env() if callable(self._child.env) else self._child.env
        return {**os.environ, "PYTHONUNBUFFERED": "1", **(added or {})}


class ServerPart:
    """A server that starts and stops itself, made to look like a child."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._stopper: threading.Thread | None = None

    @property
    def pid(self) -> int | None:
        """The number of its process while it runs."""
        return self._server.pid

    def start(self) -> None:
        """Start it and wait until it serves."""
        self._server.start()

    def is_ready(self) -> bool:
        """A server that has started serves."""
        return True

    def exit_code(self) -> int | None:
        """None while it runs or is being stopped. How a server ended is in its own log."""
        stopping = self._stopper is not None and self._stopper.is_alive()
        return None if stopping or self._server.pid is not None else 0

    def ask_to_stop(self) -> None:
        """Stop it in a thread, for that may take long."""
        if self._stopper is None:
            self._stopper = threading.Thread(target=self._server.stop, name="tieline-stop")
            self._stopper.start()

    def kill(self) -> None:
        """End its process at once; a stop in progress then returns."""
        pid = self._server.pid
        if pid is not None:
            processes.send(pid, signal.SIGQUIT)

    def last_lines(self) -> str:
        """Nothing: a server says what is wrong in the error it raises, and in its own log."""
        return ""


def answers(url: str, certificate: Path | None = None) -> bool:
    """Tell whether a GET of `url` on this machine is answered with 200 within a second.

    Of an https address, `certificate` is the file with the one that must be presented, for whatever name.
    """
    parts = urlsplit(url)
    if parts.scheme != ("https" if certificate else "http") or parts.hostname is None:
        raise EmbeddedError(f"{url} cannot be asked whether it is ready: give an http:// address or a function.")
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=_CHECK_SECONDS)
    if certificate:
        connection = http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=_CHECK_SECONDS, context=_pinned(certificate)
        )
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _pinned(certificate: Path) -> ssl.SSLContext:
    """Trusts this one certificate; whom it is made out to does not matter to a neighbour on the same machine."""
    context = ssl.create_default_context(cafile=certificate)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context
