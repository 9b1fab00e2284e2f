"""A cluster's folder: what is in it, how it is made, and the settings its server runs with.

::

    <home>/postgres/            ours, 0711 as root, 0700 otherwise
        data/                   PostgreSQL's own (as root: the account's), 0700; data.new while it is being made
        log/                    the server's log, one file a weekday
        tieline.conf            settings, written anew at each start
        password                the superuser's, 0600
        owner.lock              locked by the process that runs the server
        startup.log             what the server said before its log was open
"""

import contextlib
import hashlib
import hmac
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tieline.platform.embedded.account import Account, give
from tieline.platform.embedded.binaries import MAJOR, Binaries
from tieline.platform.embedded.errors import EmbeddedError
from tieline.platform.embedded.spawn import spawn

SUPERUSER = "postgres"
_INITDB_SECONDS = 120

# For a machine of two cores that other programs share. Memory is taken as it is used.
_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "'127.0.0.1'",
    "unix_socket_directories": "''",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_parallel_workers_per_gather": "1",
    "wal_compression": "on",
    "min_wal_size": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "idle_in_transaction_session_timeout": "10min",
    "password_encryption": "'scram-sha-256'",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "logging_collector": "on",
    "log_directory": "'../log'",
    "log_filename": "'postgresql-%a.log'",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_line_prefix": "'%m [%p] %d '",
    # Without the DETAIL lines, which quote the values of rows: numbers of subscribers stay out of logs.
    "log_error_verbosity": "terse",
    # What took so long that somebody will ask why; the statement alone, never the values it was sent with.
    "log_min_duration_statement": "'5s'",
    "log_parameter_max_length": "0",
}
_DURABLE: Mapping[str, str] = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_FLEETING: Mapping[str, str] = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True)
class Cluster:
    """The folder of one cluster, and the user its server runs as (None: we)."""

    folder: Path
    account: Account | None

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.folder / "data"

    @property
    def _log(self) -> Path:
        return self.folder / "log"

    @property
    def _startup_log(self) -> Path:
        return self.folder / "startup.log"

    @property
    def _password_file(self) -> Path:
        return self.folder / "password"

    def prepare(self) -> None:
        """Make the folders and the password, and set right whom the server's folders belong to."""
        self.folder.chmod(0o711 if self.account else 0o700)
        self._make(self._log)
        if self.data.exists():
            self._make(self.data)
        if not self._password_file.exists():
            _write_private(self._password_file, secrets.token_urlsafe(32))

    def check_version(self) -> None:
        """Refuse the data of another major version, which this server cannot read."""
        marker = self.data / "PG_VERSION"
        if not marker.exists():
            return
        found = marker.read_text(encoding="ascii").strip()
        if found != str(MAJOR):
            raise EmbeddedError(
                f"{self.data} was written by PostgreSQL {found}; this Tieline brings PostgreSQL {MAJOR}, which cannot "
                f"read it. Nothing was changed. Either dump it with the Tieline that wrote it and load the dump into a "
                f"new home, or set TIELINE_DATABASE_URL to a PostgreSQL {found} server that serves it."
            )

    def write_settings(self, port: int, *, durable: bool) -> None:
        """Write the server's settings; `ALTER SYSTEM` still overrules them."""
        settings = {**_SETTINGS, **(_DURABLE if durable else _FLEETING), "port": str(port)}
        text = "".join(f"{name} = {value}\n" for name, value in settings.items())
        (self.folder / "tieline.conf").write_text(text, encoding="utf-8")

    def initialise(self, binaries: Binaries, *, durable: bool) -> None:
        """Make the cluster unless it is there. One whose making was interrupted is made anew."""
        if self.data.exists():
            return
        draft = self.folder / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        self._make(draft)
        with self._as_server_sees_it() as (folder, fds), self._lent_password() as password_file:
            command = [
                binaries.initdb,
                f"--pgdata={folder}/{draft.name}",
                f"--username={SUPERUSER}",
                f"--pwfile={folder}/{password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                # The same order of texts on every machine, whatever the operating system's locales are.
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
                *([] if durable else ["--no-sync"]),
            ]
            with self._startup_log.open("wb") as output:
                process = spawn(command, output=output, account=self.account, pass_fds=fds, env=_environment())
                if process.wait(_INITDB_SECONDS) != 0:
                    raise EmbeddedError(f"PostgreSQL's initdb could not make {draft}:\n{self.last_lines()}")
        with (draft / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("\ninclude '../tieline.conf'\n")
        draft.rename(self.data)

    def launch(self, binaries: Binaries) -> subprocess.Popen[bytes]:
        """Start the server. It shuts itself down in good order when this process ends, however that ends."""
        with self._as_server_sees_it() as (folder, fds), self._startup_log.open("wb") as output:
            return spawn(
                [binaries.postgres, "-D", f"{folder}/{self.data.name}"],
                output=output,
                account=self.account,
                pass_fds=fds,
                env=_environment(),
                death_signal=signal.SIGINT,
            )

    def url(self, port: int, database: str, role: str) -> str:
        """Return the address of a database for a role."""
        password = self.password(role)
        return f"postgresql://{quote(role, safe='')}:{password}@127.0.0.1:{port}/{quote(database, safe='')}"

    def password(self, role: str) -> str:
        """Return the password of a role: derived from the superuser's, so that one secret is kept, not many."""
        secret = self._password_file.read_text(encoding="ascii")
        if role == SUPERUSER:
            return secret
        return hmac.new(secret.encode(), b"role " + role.encode(), hashlib.sha256).hexdigest()

    def last_lines(self, count: int = 15) -> str:
        """Return the end of what the server said last, in its log and before its log was open."""
        logs = sorted(self._log.glob("*.log"), key=lambda path: path.stat().st_mtime)[-1:]
        texts = [path.read_text(encoding="utf-8", errors="replace") for path in (self._startup_log, *logs)]
        return "\n".join(line for text in texts for line in text.splitlines()[-count:])

    def _make(self, folder: Path) -> None:
        """Make a folder of the server's, or set right whom it belongs to."""
        folder.mkdir(mode=0o700, exist_ok=True)
        owner = folder.stat().st_uid
        if self.account is not None:
            give(folder, self.account)
        elif owner != os.geteuid():
            raise EmbeddedError(f"{folder} belongs to user number {owner}. Start Tieline as that user, or as root.")

    @contextlib.contextmanager
    def _as_server_sees_it(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Yield a path by which the server can reach the folder, and descriptors it must inherit for that.

        Below a folder that only root may enter, the account cannot walk to the data, and opening up somebody's
        folders is not ours to do. An open descriptor of the folder, named through /proc, leads there all the same.
        """
        if self.account is None or self.account.can_traverse(self.data):
            yield str(self.folder.resolve()), ()
            return
        if sys.platform != "linux":
            raise EmbeddedError(
                f"PostgreSQL runs as the user {self.account.name}, who may not enter the folders above {self.folder}. "
                "Choose another home with TIELINE_HOME, or run Tieline as an ordinary user."
            )
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield f"/proc/self/fd/{descriptor}", (descriptor,)
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def _lent_password(self) -> Iterator[str]:
        """Yield the name of a copy of the superuser's password that the server's user can read, for as long."""
        lent = self.folder / "password.lent"
        lent.unlink(missing_ok=True)
        _write_private(lent, self.password(SUPERUSER))
        try:
            if self.account is not None:
                os.chown(lent, self.account.uid, self.account.gid)
            yield lent.name
        finally:
            lent.unlink()


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)


def _environment() -> dict[str, str]:
    """Return what the server needs of our environment: nothing secret, and no PG* variables of the user's."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return {"PATH": os.defpath, "LC_ALL": "C", **kept}
