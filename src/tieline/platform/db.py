"""The database: a pool, and the two ways to use it.

A transaction is opened by a request handler or a job step, never by a use case, and never spans a call to the
outside. ``Tx`` is what use cases and stores take.
"""

import asyncio
import errno
import hashlib
import select
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, LiteralString, Self, TypeVar

import msgspec
import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from tieline.platform.errors import Unavailable

Tx = psycopg.AsyncConnection[DictRow]
C = TypeVar("C", bound=psycopg.AsyncConnection[Any])

TRUSTED_S = 5.0
"""Seconds for which a connection that gave no sign of its end is taken to be good, without asking the server."""

set_json_dumps(msgspec.json.encode)
set_json_loads(msgspec.json.decode)


def sql(text: str) -> LiteralString:
    """Mark SQL that a store composed from its own constants; values never come this way."""
    return text


def is_lost(error: BaseException) -> bool:
    """Whether an error says that the database itself cannot serve just now, rather than that it refused a statement.

    It went away (SQLSTATE classes 08 and 57P), or lacks what it needs: room on its disk, memory, connections (class
    53). Nobody who asked is to blame, and the same will do once it is back: it is tried again and never given up.
    """
    if isinstance(error, psycopg.OperationalError):
        return error.sqlstate is None or error.sqlstate.startswith(("08", "57P", "53"))
    return isinstance(error, PoolTimeout) or isinstance(error.__cause__, PoolTimeout)


def is_full(error: BaseException) -> bool:
    """Whether an error says that a disk is full: that of the database, or our own."""
    ours = isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}
    return ours or isinstance(error, psycopg.errors.DiskFull)


def lock_key(name: str) -> int:
    """The number of an advisory lock that goes by a name: two locks share a number only if they share the name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


class _Connection(psycopg.AsyncConnection[DictRow]):
    """A connection of the pool that knows when it was last used: ``time.monotonic()``."""

    used_at = 0.0


async def _check(connection: Tx) -> None:
    """Raise for a connection that its server gave up.

    Asking the server costs a round trip, a sixth of what a small request takes. One that stops or fails closes its
    connections, which shows on the socket; only one that vanished from the network does not, hence ``TRUSTED_S``.
    """
    if not isinstance(connection, _Connection) or time.monotonic() - connection.used_at > TRUSTED_S:
        await AsyncConnectionPool.check_connection(connection)
        return
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        await AsyncConnectionPool.check_connection(connection)


def _asked_to_end() -> int:
    """How often the current task was asked to end."""
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


class Pool(AsyncConnectionPool[C]):
    """A pool whose waits lose no cancellation.

    Until Python 3.12 the wait for a connection loses one that comes as the connection is handed over, and a loop
    without end would go on. What was asked of a task before it waits counts not: one that ends may tidy up.
    """

    async def getconn(self, timeout: float | None = None) -> C:  # noqa: ASYNC109 - as the pool has it
        """Give a connection, unless the task was asked to end meanwhile."""
        asked = _asked_to_end()
        connection = await super().getconn(timeout)
        if _asked_to_end() > asked:
            await self.putconn(connection)
            raise asyncio.CancelledError
        return connection


class Database:
    """A pool of connections to one PostgreSQL database."""

    def __init__(self, pool: Pool[Tx], url: str) -> None:
        self._pool = pool
        self.url = url

    @classmethod
    async def open(cls, url: str, *, size: int = 12, name: str = "tieline") -> Self:
        """Open a pool of at most ``size`` connections; ``name`` shows in ``pg_stat_activity``."""
        pool: Pool[Tx] = Pool(
            url,
            min_size=1,
            max_size=size,
            timeout=15,
            reconnect_timeout=2,  # seconds; beyond, whoever asks next tries anew, where the pool would wait ever longer
            max_waiting=size * 50,
            open=False,
            kwargs={"row_factory": dict_row, "application_name": name, "connect_timeout": 5, "autocommit": True},
            check=_check,
            connection_class=_Connection,
        )
        await pool.open()
        return cls(pool, url)

    async def close(self) -> None:
        """Give the connections back."""
        await self._pool.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """A read-write transaction: committed when the block ends, rolled back when it raises."""
        async with self._connection() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Tx]:
        """A read-only view of one moment, for pages that read several tables."""
        async with self._connection(frozen=True) as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def autocommit(self) -> AsyncIterator[Tx]:
        """A connection without a transaction: for one statement alone, LISTEN and maintenance commands."""
        async with self._connection() as connection:
            yield connection

    @asynccontextmanager
    async def _connection(self, *, frozen: bool = False) -> AsyncIterator[Tx]:
        try:
            async with self._pool.connection() as connection:
                # Both are part of the next BEGIN, and so cost no round trip. They are set here and not undone
                # afterwards: whatever became of the connection's last user, the next one has what it asked for.
                if connection.read_only is not (frozen or None):
                    await connection.set_read_only(frozen or None)
                    await connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ if frozen else None)
                yield connection
                if isinstance(connection, _Connection):
                    connection.used_at = time.monotonic()
        except PoolTimeout as error:
            raise Unavailable("The database does not answer in time.", retry_after=2) from error

    def stats(self) -> dict[str, int]:
        """The pool's own figures, for metrics."""
        return dict(self._pool.get_stats())


async def fetch_all(tx: Tx, text: str, params: Any = None) -> list[DictRow]:
    """Run a store's query and return every row."""
    cursor = await tx.execute(sql(text), params)
    return await cursor.fetchall()


async def fetch_one(tx: Tx, text: str, params: Any = None) -> DictRow | None:
    """Run a store's query and return its first row, if any."""
    cursor = await tx.execute(sql(text), params)
    return await cursor.fetchone()


async def fetch_value(tx: Tx, text: str, params: Any = None) -> Any:
    """Run a store's query and return the first column of its first row, or None."""
    row = await fetch_one(tx, text, params)
    return next(iter(row.values())) if row else None


async def execute(tx: Tx, text: str, params: Any = None) -> int:
    """Run a store's statement and return how many rows it touched."""
    cursor = await tx.execute(sql(text), params)
    return cursor.rowcount


async def answers(tx: Tx) -> bool:
    """Whether the database answers at all; for health checks."""
    return bool(await fetch_value(tx, "SELECT true AS answered"))


async def has_table(tx: Tx, name: str) -> bool:
    """Whether a table exists here; for what runs over databases of several kinds."""
    return await fetch_value(tx, "SELECT to_regclass(%s) AS found", (name,)) is not None


async def copy_in(tx: Tx, table_and_columns: str, rows: Any) -> int:
    """COPY rows (an iterable of tuples) into ``table (column, …)``; returns how many were sent."""
    count = 0
    async with tx.cursor() as cursor, cursor.copy(sql(f"COPY {table_and_columns} FROM STDIN")) as copy:
        for row in rows:
            await copy.write_row(row)
            count += 1
    return count
