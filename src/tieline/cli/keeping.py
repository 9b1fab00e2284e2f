"""``tieline backup`` and ``tieline restore``: the platform's database as one file, by PostgreSQL's own programs."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import Annotated

import psycopg
import typer
from psycopg.conninfo import conninfo_to_dict

from tieline.cli.errors import CommandError, Exit
from tieline.cli.output import out, plain
from tieline.platform.embedded import EmbeddedError, EmbeddedPostgres, binaries, store
from tieline.platform.settings import Settings, load

_NAMES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}


def backup(
    file: Annotated[Path, typer.Argument(help="Where to write it; it must not be there yet.")],
) -> None:
    """Write the platform's database into a file; it may go on working meanwhile."""
    if file.exists():
        raise CommandError(f"{file} is there already; nothing was written.", exit_code=Exit.REFUSED)
    with _database(load()) as url:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.close(descriptor)
        try:
            _run("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={file}")
        except CommandError:
            file.unlink()
            raise
    out.print(plain(f"{file} has the whole database ({file.stat().st_size / 1e6:,.1f} MB)."))
    out.print(plain("Keep apart from it: the folders keys and pki, and the secrets' key file."), style="dim")


def restore(
    file: Annotated[Path, typer.Argument(help="What tieline backup wrote.", exists=True, dir_okay=False)],
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Even though the database holds something.")] = False,
) -> None:
    """Put a backup into an empty database, or with --replace instead of what is there; nothing else may run.

    What is there goes in the transaction that brings the backup: one that cannot be read to its end changes nothing.
    """
    with _database(load()) as url:
        with psycopg.connect(url) as connection:
            there = store.holds_something(connection)
        if there and not replace:
            advice = "Restore into an empty one, or say --replace: what is there is then lost."
            raise CommandError("The database holds something already; nothing was done.", advice=advice,
                               exit_code=Exit.REFUSED)  # fmt: skip
        _put(url, file, first=store.EMPTY if there else ())
    out.print(plain(f"{file} is restored. Next: tieline migrate (tieline up does it by itself)."))


@contextmanager
def _database(settings: Settings) -> Iterator[str]:
    """The address of the database; the built-in server is started for as long as needed where it does not run."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    server = EmbeddedPostgres(settings.home)
    running = _running(server)
    if running is not None:
        yield running
        return
    with server:
        yield server.ensure_database("tieline")


def _running(server: EmbeddedPostgres) -> str | None:
    try:
        return server.url("tieline")
    except EmbeddedError:
        return None


def _put(url: str, file: Path, *, first: Sequence[str]) -> None:
    """Put a backup into the database after some statements, in a transaction that ends once the file was read whole."""
    commands = [f"--command={one}" for one in ("SET client_min_messages = warning", "BEGIN", *first)]
    taking = [_path("psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", *commands, "--file=-"]
    reading = [_path("pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(file)]
    with subprocess.Popen(taking, env=_environment(url), stdin=PIPE, stdout=DEVNULL, stderr=PIPE, text=True) as psql:  # noqa: S603 - a program of ours, no shell
        read = subprocess.run(reading, stdout=psql.stdin, stderr=PIPE, text=True, check=False)  # noqa: S603 - a program of ours, no shell
        _, said = psql.communicate("" if read.returncode else "COMMIT;\n")
    _check("psql", psql.returncode, said)
    _check("pg_restore", read.returncode, read.stderr)


def _run(program: str, url: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs."""
    command: Sequence[str] = [_path(program), *arguments]
    done = subprocess.run(command, env=_environment(url), capture_output=True, text=True, check=False)  # noqa: S603 - a program of ours, no shell
    _check(program, done.returncode, done.stderr)


def _environment(url: str) -> dict[str, str]:
    """How PostgreSQL's programs find the database; the password, too: no list of processes shows it here."""
    given = conninfo_to_dict(url)
    return {**os.environ, **{_NAMES[name]: str(value) for name, value in given.items() if name in _NAMES}}


def _check(program: str, code: int, stderr: str) -> None:
    if code:
        said = stderr.strip().splitlines()
        raise CommandError(
            f"{program}: {said[0].removeprefix(f'{program}: ') if said else 'it failed'}", exit_code=Exit.REFUSED
        )


def _path(program: str) -> str:
    """The program that comes with the built-in PostgreSQL, which reads older servers too; else that of the machine."""
    ours = binaries.find(None).folder / program
    found = str(ours) if ours.exists() else shutil.which(program)
    if found is None:
        raise CommandError(f"PostgreSQL's program {program} is not here.", exit_code=Exit.REFUSED)
    return found
