"""The embedded PostgreSQL server through every kind of start and death."""

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tieline.platform.embedded import EmbeddedError, EmbeddedPostgres, binaries, processes
from tieline.platform.embedded.account import Account

OWNER = """
import sys, pathlib
from tieline.platform.embedded import EmbeddedPostgres
server = EmbeddedPostgres(pathlib.Path(sys.argv[1]))
server.start()
server.ensure_database("utility")
print(server.pid, flush=True)
sys.stdin.read()
"""

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="shows what happens when Tieline runs as root")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home with a space"


@pytest.fixture
def server(home: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(home) as running:
        yield running


def write_row(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (id int)")
        connection.execute("INSERT INTO kept VALUES (1)")


def count_rows(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
    assert row is not None
    return int(row[0])


def setting(url: str, name: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])


def pid_of(server: EmbeddedPostgres) -> int:
    assert server.pid is not None
    return server.pid


def data_of(home: Path) -> Path:
    return home / "postgres" / "data"


def start_owner(home: Path) -> tuple[subprocess.Popen[str], int]:
    owner = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", OWNER, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    return owner, int(owner.stdout.readline())


def kill(owner: subprocess.Popen[str]) -> None:
    owner.kill()
    owner.communicate()


def test_clean_stop_leaves_no_process_and_no_pid_file(server: EmbeddedPostgres, home: Path) -> None:
    pid = pid_of(server)
    server.stop()
    assert server.pid is None
    assert not processes.alive(pid)
    assert processes.wait_until(lambda: not processes.all_in(data_of(home)), 5)
    assert not (data_of(home) / "postmaster.pid").exists()
    log = "".join(path.read_text() for path in (home / "postgres" / "log").glob("*.log"))
    assert "database system is shut down" in log


def test_stop_does_not_wait_for_open_sessions(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.ensure_database("utility")) as connection:
        connection.execute("SELECT 1")
        server.stop()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


def test_restart_keeps_data_and_address(server: EmbeddedPostgres) -> None:
    url = server.ensure_database("utility")
    write_row(url)
    server.stop()
    server.start()
    assert server.ensure_database("utility") == url
    assert count_rows(url) == 1


def test_a_server_that_was_killed_recovers(server: EmbeddedPostgres) -> None:
    url = server.ensure_database("utility")
    write_row(url)
    first = pid_of(server)
    os.kill(first, signal.SIGKILL)
    assert processes.wait_until(lambda: server.pid is None, 10)
    server.start()
    assert server.pid != first
    assert count_rows(server.url("utility")) == 1


def test_a_server_ends_with_an_owner_that_was_killed_and_the_next_start_recovers(home: Path) -> None:
    owner, pid = start_owner(home)
    write_row(EmbeddedPostgres(home).url("utility"))
    kill(owner)
    assert processes.wait_until(lambda: not processes.alive(pid), 30)
    with EmbeddedPostgres(home) as server:
        assert count_rows(server.ensure_database("utility")) == 1


def test_owner_and_server_killed_at_once_recovers(home: Path) -> None:
    owner, pid = start_owner(home)
    write_row(EmbeddedPostgres(home).url("utility"))
    os.kill(pid, signal.SIGKILL)
    kill(owner)
    with EmbeddedPostgres(home) as server:
        assert count_rows(server.ensure_database("utility")) == 1


def test_an_orphan_is_ended_by_the_next_start(server: EmbeddedPostgres, home: Path) -> None:
    write_row(server.ensure_database("utility"))
    orphan = pid_of(server)
    assert server._lock is not None
    os.close(server._lock)  # as if the owner had died without its server
    server._lock = None
    with EmbeddedPostgres(home) as heir:
        assert heir.pid != orphan
        assert not processes.alive(orphan)
        assert count_rows(heir.ensure_database("utility")) == 1


def test_a_stale_pid_file_that_names_an_unrelated_process_harms_neither(server: EmbeddedPostgres, home: Path) -> None:
    server.stop()
    (data_of(home) / "postmaster.pid").write_text(f"{os.getppid()}\n{data_of(home)}\n0\n5432\n\n\n0 0\nready\n")
    server.start()
    assert server.pid is not None
    assert processes.alive(os.getppid())


def test_second_start_of_a_home_is_refused_and_names_the_first(server: EmbeddedPostgres, home: Path) -> None:
    with pytest.raises(EmbeddedError, match=rf"Another Tieline \(process {os.getpid()}\) already runs"):
        EmbeddedPostgres(home).start()
    assert server.pid is not None


def test_data_of_another_major_version_is_refused_untouched(server: EmbeddedPostgres, home: Path) -> None:
    server.stop()
    marker = data_of(home) / "PG_VERSION"
    marker.write_text("16\n")
    with pytest.raises(EmbeddedError, match=r"written by PostgreSQL 16; .*Nothing was changed"):
        server.start()
    marker.write_text(f"{binaries.MAJOR}\n")
    server.start()  # the refusal let go of the lock


def test_interrupted_making_of_a_cluster_is_begun_again(home: Path) -> None:
    (home / "postgres" / "data.new").mkdir(parents=True)
    (home / "postgres" / "data.new" / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(home) as server:
        server.ensure_database("utility")
    assert not (home / "postgres" / "data.new").exists()


def test_a_failing_start_shows_what_the_server_said(server: EmbeddedPostgres, home: Path) -> None:
    server.stop()
    with (data_of(home) / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(EmbeddedError, match="no_such_setting"):
        server.start()


def test_a_port_that_is_taken_is_refused_when_asked_for_and_avoided_otherwise(
    server: EmbeddedPostgres, home: Path, tmp_path: Path
) -> None:
    server.ensure_database("utility")
    taken = int((home / "postgres" / "port").read_text())
    other = tmp_path / "other"
    with pytest.raises(EmbeddedError, match="could not bind"):
        EmbeddedPostgres(other, port=taken).start()
    (other / "postgres" / "port").write_text(str(taken))
    with EmbeddedPostgres(other) as second:
        assert f":{taken}/" not in second.ensure_database("utility")


def test_nothing_is_given_up_for_speed_unless_asked(server: EmbeddedPostgres, tmp_path: Path) -> None:
    url = server.ensure_database("utility")
    names = ("fsync", "synchronous_commit", "full_page_writes", "data_checksums")
    assert [setting(url, name) for name in names] == ["on"] * 4
    assert setting(url, "listen_addresses") == "127.0.0.1"
    with EmbeddedPostgres(tmp_path / "fleeting", durable=False) as fleeting:
        assert setting(fleeting.ensure_database("utility"), "fsync") == "off"


def test_each_database_has_a_role_that_may_not_enter_the_others(server: EmbeddedPostgres) -> None:
    server.ensure_database("utility")
    server.ensure_database("gateway_a")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(server.url("gateway_a", role="utility"))
    with psycopg.connect(server.url("utility")) as connection:
        row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    assert row == (False,)


def test_a_password_is_needed(server: EmbeddedPostgres) -> None:
    url = server.ensure_database("utility")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url, password="guess")


def test_a_copy_of_a_template_has_its_rows_and_is_dropped_while_in_use(server: EmbeddedPostgres) -> None:
    write_row(server.ensure_database("blueprint"))
    url = server.ensure_database("copy", template="blueprint")
    assert count_rows(url) == 1
    with psycopg.connect(url):
        server.drop_database("copy")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)


def test_what_the_server_refuses_is_an_error_of_ours(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.ensure_database("blueprint")), pytest.raises(EmbeddedError, match="being accessed"):
        server.ensure_database("copy", template="blueprint")


@pytest.mark.parametrize("name", ["", "Upper", "semi;colon", "postgres", "a" * 64, "1st"])
def test_names_that_are_no_plain_names_are_refused(server: EmbeddedPostgres, name: str) -> None:
    with pytest.raises(EmbeddedError, match="cannot be the name of a database"):
        server.ensure_database(name)


def test_the_address_of_a_server_that_does_not_run_is_an_error(home: Path) -> None:
    with pytest.raises(EmbeddedError, match="is not running"):
        EmbeddedPostgres(home).url("utility")


def test_secrets_are_readable_by_their_owner_alone(server: EmbeddedPostgres, home: Path) -> None:
    assert server.pid is not None
    assert stat.S_IMODE((home / "postgres" / "password").stat().st_mode) == 0o600
    assert stat.S_IMODE(data_of(home).stat().st_mode) == 0o700
    assert not (home / "postgres" / "password.lent").exists()
    command = Path(f"/proc/{server.pid}/environ")
    if command.exists():
        assert b"TIELINE" not in command.read_bytes()


def test_the_servers_log_tells_no_values_of_rows(server: EmbeddedPostgres, home: Path) -> None:
    url = server.ensure_database("utility")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE card (iccid text PRIMARY KEY CONSTRAINT known CHECK (iccid <> 'x'))")
        for iccid in ("8944100000000000018", "8944100000000000018", "x"):
            with contextlib.suppress(psycopg.IntegrityError):
                connection.execute("INSERT INTO card VALUES (%s)", [iccid])
    server.stop()  # the log is written by a process beside it, and whole only then
    logged = "".join(file.read_text() for file in (home / "postgres").rglob("*.log"))
    assert "duplicate key" in logged
    assert "violates check constraint" in logged
    assert "8944100000000000018" not in logged


@as_root
def test_as_root_the_server_runs_unprivileged_below_a_folder_that_only_root_may_enter(
    server: EmbeddedPostgres, home: Path
) -> None:
    home.chmod(0o700)
    before = home.stat().st_mode
    assert Path(f"/proc/{server.pid}").stat().st_uid != 0
    server.stop()
    server.start()
    write_row(server.ensure_database("utility"))
    assert home.stat().st_mode == before


@as_root
def test_as_root_data_that_root_copied_is_handed_to_the_account(
    server: EmbeddedPostgres, home: Path, tmp_path: Path
) -> None:
    write_row(server.ensure_database("utility"))
    server.stop()
    shutil.copytree(home, tmp_path / "restored")  # a copy is root's
    with EmbeddedPostgres(tmp_path / "restored") as restored:
        assert count_rows(restored.ensure_database("utility")) == 1


@as_root
def test_programs_that_the_account_cannot_reach_are_copied_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "shared"
    monkeypatch.setattr(binaries, "_SHARED_COPIES", shared)
    monkeypatch.setattr(Account, "can_traverse", lambda _self, _path: False)
    nobody = Account("nobody", 65534, 65534)
    found = binaries.find(nobody)
    assert found.folder.is_relative_to(shared)
    assert binaries.find(nobody) == found
    version = subprocess.run(  # noqa: S603 - our own copy
        [found.postgres, "--version"], capture_output=True, text=True, check=True
    ).stdout
    assert f" {binaries.MAJOR}." in version
    assert [path.name for path in shared.iterdir()] == [found.folder.relative_to(shared).parts[0]]
