"""A receiver of syslog that reads frames as the standards have them, and can be slow, gone, or back again."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Fresh

import tieline.platform
from tieline.platform import audit, logs
from tieline.platform.audit import Entry
from tieline.platform.clock import SystemClock
from tieline.platform.db import Database
from tieline.platform.scope import Permission, Scope
from tieline.platform.settings import Settings
from tieline.platform.wiring import Runtime

FOLDERS = sorted(Path(tieline.platform.__path__[0]).glob("*/migrations"))
SCOPE = Scope("user:fred", frozenset({Permission.AUDIT_READ, Permission.OPERATIONS}), request_id="r-1")


@pytest.fixture(autouse=True, scope="session")
def plain_logs() -> None:
    logs.configure("error")


@pytest.fixture
async def runtime(fresh: Fresh, tmp_path: Path) -> AsyncIterator[Runtime]:
    async with fresh(FOLDERS) as db:
        yield Runtime(Settings(home=tmp_path), db, SystemClock())


async def write(db: Database, count: int, first: int = 1, **detail: object) -> None:
    entries = [
        Entry("thing.done", f"thing:{number}", {"n": number, **detail}) for number in range(first, first + count)
    ]
    async with db.transaction() as tx:
        await audit.append(tx, SCOPE, *entries)


@dataclass
class Receiver:
    """Takes messages on TCP or TLS. ``closes_after``: it reads so many octets of a connection and resets it."""

    port: int = 0
    framing: str = "octets"
    messages: list[str] = field(default_factory=list)
    peers: list[str] = field(default_factory=list)
    closes_after: int | None = None
    reads: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    server: asyncio.Server | None = None
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def numbers(self) -> list[int]:
        found = [re.search(r"externalId=(\d+)|\"number\":(\d+)| number=\"(\d+)\"", one) for one in self.messages]
        return [int(next(part for part in match.groups() if part)) for match in found if match]

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=tls)
        self.port = int(self.server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self.server is not None:
            self.server.close()
            for writer in self.writers:
                if not writer.is_closing():  # one that was closed over TLS has nothing left to abort
                    writer.transport.abort()
            self.writers.clear()
            await self.server.wait_closed()
            self.server = None

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not holds():
                self.arrived.clear()
                await self.arrived.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        peer = writer.get_extra_info("peercert")
        if peer:
            self.peers.append(str(peer["subject"]))
        taken = 0
        try:
            while True:
                await self.reads.wait()
                one = await self._read(reader)
                taken += len(one)
                if self.closes_after is not None and taken > self.closes_after:
                    self.closes_after = None
                    writer.transport.abort()
                    return
                self.messages.append(one.decode())
                self.arrived.set()
        except (asyncio.IncompleteReadError, OSError):
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        if self.framing == "newline":
            return (await reader.readuntil(b"\n"))[:-1]
        return await reader.readexactly(int(await reader.readuntil(b" ")))


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    made.reads.set()
    yield made
    await made.stop()


@asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.ensure_future(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def wait(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something outside this process's loop holds."""
    async with asyncio.timeout(60):
        while not await condition():  # noqa: ASYNC110 - another process, or the database, has no event to wait for
            await asyncio.sleep(0.02)
