"""The platform's database is written into a file, and comes back from it whole."""

from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from tieline.cli.application import app
from tieline.cli.errors import CommandError

OTHER = "SELECT note FROM kept"


def run(monkeypatch: pytest.MonkeyPatch, url: str, *words: str) -> Result:
    monkeypatch.setenv("TIELINE_DATABASE_URL", url)
    return CliRunner().invoke(app, list(words))


def said(result: Result) -> str:
    assert isinstance(result.exception, CommandError), result.output
    return str(result.exception)


def test_what_was_backed_up_comes_back(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "tieline.dump"
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'first' AS note")
    assert run(monkeypatch, database_url, "backup", str(file)).exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert "is there already" in said(run(monkeypatch, database_url, "backup", str(file)))
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE kept SET note = 'second'")
    assert "holds something already" in said(run(monkeypatch, database_url, "restore", str(file)))
    assert run(monkeypatch, database_url, "restore", str(file), "--replace").exit_code == 0
    with psycopg.connect(database_url) as connection:
        assert connection.execute(OTHER).fetchall() == [("first",)]


def test_a_file_that_is_no_backup_changes_nothing_and_says_so(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear operator")
    assert "pg_restore: " in said(run(monkeypatch, database_url, "restore", str(file)))


def test_a_backup_that_breaks_off_leaves_what_is_there(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, half = tmp_path / "tieline.dump", tmp_path / "half.dump"
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'first' AS note")
        connection.execute("CREATE TABLE long AS SELECT md5(n::text) AS word FROM generate_series(1, 20000) n")
    assert run(monkeypatch, database_url, "backup", str(file)).exit_code == 0
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE kept SET note = 'second'")
    half.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert "pg_restore: " in said(run(monkeypatch, database_url, "restore", str(half), "--replace"))
    with psycopg.connect(database_url) as connection:
        assert connection.execute(OTHER).fetchall() == [("second",)]
    for _ in range(2):  # a database that was restored is backed up and restored like any other
        assert run(monkeypatch, database_url, "restore", str(file), "--replace").exit_code == 0
        file.unlink()
        assert run(monkeypatch, database_url, "backup", str(file)).exit_code == 0
    with psycopg.connect(database_url) as connection:
        assert connection.execute(OTHER).fetchall() == [("first",)]


def test_a_database_that_is_not_there_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "tieline.dump"
    assert "pg_dump: " in said(run(monkeypatch, "postgresql://nobody@127.0.0.1:1/none", "backup", str(file)))
    assert not file.exists()
