"""The pool: it asks the server about a connection only where it has to, and outlives the server's restart."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from tieline.platform.db import Database, execute, fetch_value
from tieline.platform.embedded import EmbeddedPostgres

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await Database.open(database_url, size=2)
    yield opened
    await opened.close()


async def _backend(database: Database) -> int:
    async with database.autocommit() as tx:
        found: int = await fetch_value(tx, "SELECT pg_backend_pid()")
        return found


async def test_a_connection_that_was_just_used_is_not_asked_about(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    database = await Database.open(database_url, size=1)

    async def check(connection: psycopg.AsyncConnection) -> None:
        nonlocal asked
        asked += 1
        await connection.execute("")

    monkeypatch.setattr("tieline.platform.db.AsyncConnectionPool.check_connection", check)
    await _backend(database)
    before = asked
    for _ in range(5):
        await _backend(database)
    assert asked == before
    monkeypatch.setattr("tieline.platform.db.TRUSTED_S", -1.0)
    await _backend(database)
    assert asked == before + 1
    await database.close()


async def test_a_connection_that_the_server_closed_is_replaced_unnoticed(database: Database, database_url: str) -> None:
    pid = await _backend(database)
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as other:
        await other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    assert await _backend(database) != pid


async def test_a_task_that_is_to_end_as_it_gets_its_connection_ends(database_url: str) -> None:
    database = await Database.open(database_url, size=1)
    rounds = 0

    async def work() -> None:
        nonlocal rounds
        async with database.transaction():
            rounds += 1

    async with database.transaction():
        task = asyncio.create_task(work())
        for _ in range(20):
            await asyncio.sleep(0)
        assert database.stats()["requests_waiting"] == 1
    # The connection was handed over when the block ended, and its taker has not run since.
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert rounds == 0
    assert await _backend(database)
    await database.close()


@pytest.mark.slow
async def test_a_restart_of_the_server_is_outlived(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path, durable=False)
    server.start()
    try:
        opened = await Database.open(server.ensure_database("restarted"), size=2)
        await _backend(opened)
        server.stop()
        server.start()
        assert await _backend(opened)
        await opened.close()
    finally:
        server.stop()


async def test_a_snapshot_reads_one_moment_and_leaves_nothing_behind(database: Database) -> None:
    async with database.transaction() as tx:
        await execute(tx, "CREATE TABLE t (n integer)")
    async with database.snapshot() as view:
        assert await fetch_value(view, "SELECT count(*) FROM t") == 0
        async with database.transaction() as tx:
            await execute(tx, "INSERT INTO t VALUES (1)")
        assert await fetch_value(view, "SELECT count(*) FROM t") == 0
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await execute(view, "INSERT INTO t VALUES (2)")
    for _ in range(3):
        async with database.transaction() as tx:
            assert await fetch_value(tx, "SHOW transaction_isolation") == "read committed"
            await execute(tx, "INSERT INTO t VALUES (3)")


async def test_a_snapshot_that_is_broken_off_does_not_bind_the_next_user(database_url: str) -> None:
    database = await Database.open(database_url, size=1)

    async def reads_for_long() -> None:
        async with database.snapshot() as view:
            begun.set()
            await execute(view, "SELECT pg_sleep(60)")

    begun = asyncio.Event()
    reading = asyncio.create_task(reads_for_long())
    await begun.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    async with database.transaction() as tx:
        await execute(tx, "CREATE TABLE t (n integer)")
    async with database.autocommit() as tx:
        await execute(tx, "INSERT INTO t VALUES (1)")
    await database.close()


async def test_a_transaction_that_fails_leaves_no_trace(database: Database) -> None:
    async with database.transaction() as tx:
        await execute(tx, "CREATE TABLE t (n integer)")

    async def fails() -> None:
        async with database.transaction() as tx:
            await execute(tx, "INSERT INTO t VALUES (1)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails()
    async with database.autocommit() as tx:
        assert await fetch_value(tx, "SELECT count(*) FROM t") == 0
