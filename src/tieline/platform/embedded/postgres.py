"""One PostgreSQL server in a home folder: made at first use, started, stopped, recovered after any kind of death."""

import atexit
import fcntl
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from tieline.platform.embedded import account, binaries, processes, store
from tieline.platform.embedded.cluster import SUPERUSER, Cluster
from tieline.platform.embedded.errors import EmbeddedError

_READY_SECONDS = 120.0  # replaying 2 GB of write-ahead log after a crash takes its time
_SESSION_END_SECONDS = 10.0
# Fast shutdown; immediate shutdown, with recovery at the next start; and last the same without its consent.
_SHUTDOWN = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))
_PORT_ATTEMPTS = 5
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


class EmbeddedPostgres:
    """The PostgreSQL server of one home folder, listening on loopback only.

    `home/postgres` holds everything of it. `port` None takes the port of last time if it is free, else any free one.
    `durable` False gives up safety against power cuts for speed; for tests alone. One process at a time runs the
    server of a home; others may ask for its `url` meanwhile. On Linux the server shuts itself down when the process
    that started it ends, however it ends. All methods block and may be called from any thread.
    """

    def __init__(self, home: Path, port: int | None = None, *, durable: bool = True) -> None:
        self._folder = home.absolute() / "postgres"
        self._wanted_port = port
        self._durable = durable
        self._cluster = Cluster(self._folder, account.for_folder(self._folder / "data"))
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None
        self._roles: dict[str, str] = {}

    @property
    def pid(self) -> int | None:
        """The server's process number while it runs under this object."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if running and self._process is not None else None

    def start(self) -> None:
        """Start the server and wait until it takes connections; nothing happens if it runs already.

        A server left over from an owner that was killed is shut down first. Raises EmbeddedError, with what to do,
        when another process runs this home's server, the data is of another major version, or the server fails.
        """
        if self.pid is not None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._lock is None:
            self._take_lock()
        try:
            self._cluster.check_version()
            self._cluster.prepare()
            self._end_leftovers()
            programs = binaries.find(self._cluster.account)
            self._cluster.initialise(programs, durable=self._durable)
            self._launch(programs)
        except BaseException:
            self.stop()
            raise
        atexit.register(self.stop)

    def stop(self) -> None:
        """Shut the server down: in good order, else at once (it recovers at the next start). Idempotent."""
        atexit.unregister(self.stop)
        if self._process is not None:
            _end(self._process)
            self._process = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def ensure_database(self, name: str, *, template: str | None = None) -> str:
        """Make the database `name` unless it is there, and return its address.

        Each database has a role of its own that owns it and may not enter the others. A copy of a `template` (which
        nobody may be connected to meanwhile) belongs to the template's role, as all that is in it does.
        """
        role = template or name
        with self._superuser() as connection:
            store.ensure_role(connection, _checked(role), self._cluster.password(role))
            store.ensure_database(connection, _checked(name), role, template or "template0")
        self._roles[name] = role
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database with all that is in it, ending the sessions that use it."""
        with self._superuser() as connection:
            store.drop_database(connection, _checked(name))

    def url(self, name: str, *, role: str | None = None) -> str:
        """Return the address of a database (`postgresql://…`), for its own role unless told otherwise.

        Works from any process that may read the home, while the server runs, whoever started it.
        """
        port = self._running_port()
        if port is None:
            raise EmbeddedError(f"PostgreSQL of {self._folder.parent} is not running. Start it with: tieline up")
        return self._cluster.url(port, name, role or self._roles.get(name, name))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @contextmanager
    def _superuser(self) -> Iterator[psycopg.Connection]:
        try:
            with psycopg.connect(self.url(SUPERUSER, role=SUPERUSER), autocommit=True) as connection:
                yield connection
        except psycopg.Error as error:
            raise EmbeddedError(f"PostgreSQL of {self._folder.parent} did not do it: {error}") from error

    def _take_lock(self) -> None:
        path = self._folder / "owner.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(descriptor, 20).decode(errors="replace") or "unknown"
            os.close(descriptor)
            raise EmbeddedError(
                f"Another Tieline (process {owner}) already runs PostgreSQL in {self._folder}. "
                "Stop that one, or choose another home with TIELINE_HOME."
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        self._lock = descriptor

    def _end_leftovers(self) -> None:
        """End what a killed owner, or a killed server, left running, and drop a pid file that names nobody."""
        data = self._cluster.data
        server = _pid_file(data)[:1]
        pid = int(server[0]) if server else None
        if pid is not None and processes.works_in(pid, data):
            for number, seconds in _SHUTDOWN:
                processes.send(pid, number)
                if processes.wait_until(lambda: not processes.works_in(pid, data), seconds):
                    break
        if not processes.wait_until(lambda: not processes.all_in(data), _SESSION_END_SECONDS):
            # Sessions of a dead server, busy in a long computation: no server can start before they are gone.
            for orphan in processes.all_in(data):
                processes.send(orphan, signal.SIGKILL)
            processes.wait_until(lambda: not processes.all_in(data), _SESSION_END_SECONDS)
        (data / "postmaster.pid").unlink(missing_ok=True)

    def _launch(self, programs: binaries.Binaries) -> None:
        for _ in range(_PORT_ATTEMPTS):
            port = self._wanted_port or self._usual_port() or _free_port()
            self._cluster.write_settings(port, durable=self._durable)
            self._process = self._cluster.launch(programs)
            if self._becomes_ready(self._process):
                (self._folder / "port").write_text(str(port), encoding="ascii")
                return
            _end(self._process)
            # What writes the log goes last; until it is gone, the reason may not stand there yet.
            processes.wait_until(lambda: not processes.all_in(self._cluster.data), _SESSION_END_SECONDS)
            if self._wanted_port is not None or "could not bind" not in self._cluster.last_lines():
                break
        raise EmbeddedError(f"PostgreSQL in {self._folder} did not start. It said last:\n{self._cluster.last_lines()}")

    def _becomes_ready(self, process: subprocess.Popen[bytes]) -> bool:
        processes.wait_until(lambda: process.poll() is not None or self._ready(), _READY_SECONDS)
        return process.poll() is None and self._ready()

    def _ready(self) -> bool:
        """Tell whether the server says that it takes connections (as pg_ctl does: line 8 of its pid file)."""
        lines = _pid_file(self._cluster.data)
        return len(lines) > 7 and lines[7].strip() == "ready"  # noqa: PLR2004

    def _running_port(self) -> int | None:
        """Return the port in the pid file of a running server (line 4)."""
        lines = _pid_file(self._cluster.data)
        if len(lines) < 4 or not processes.alive(int(lines[0])):  # noqa: PLR2004
            return None
        return int(lines[3])

    def _usual_port(self) -> int | None:
        try:
            port = int((self._folder / "port").read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            return None
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return None
        return port


def _end(process: subprocess.Popen[bytes]) -> None:
    for number, seconds in _SHUTDOWN:
        if process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue


def _pid_file(data: Path) -> list[str]:
    """Return the lines of the server's pid file; none while there is none, or its first line is not yet written."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    return lines if lines and lines[0].isdigit() else []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name) or name == SUPERUSER:
        raise EmbeddedError(f"{name!r} cannot be the name of a database: use a-z, 0-9 and _, beginning with a letter.")
    return name
