"""The database is restarted, or its disk is full, in the middle of a change: the change goes on by itself."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeVar

import anyio
import psycopg
import pytest
from tests.integration.changes.conftest import FOLDERS, World, world_over

from tieline.platform.db import Database, is_lost
from tieline.platform.embedded.postgres import EmbeddedPostgres
from tieline.platform.errors import TielineError, Unavailable
from tieline.platform.migrate import migrate
from tieline.platform.services import keep_running
from tieline.platform.web import translate
from tieline.platform.wiring import Service
from tieline.utility.changes.model import ChangeState
from tieline.utility.changes.service import drafting
from tieline.utility.changes.service.drafting import Draft

pytestmark = pytest.mark.anyio
Make = Callable[..., Draft]
T = TypeVar("T")
SMALL = 192 * 1024**2
SITES = 12


@asynccontextmanager
async def at(server: EmbeddedPostgres, home: Path) -> AsyncIterator[World]:
    """A small utility in a server of its own."""
    url = server.ensure_database("utility")
    await asyncio.to_thread(migrate, url, FOLDERS)
    db = await Database.open(url, size=10)
    try:
        async with world_over(db, home) as world:
            await world.build(SITES)
            yield world
    finally:
        await db.close()


@asynccontextmanager
async def kept_driving(world: World) -> AsyncIterator[None]:
    """A driver that is kept running, as a worker keeps it."""

    async def quick(_seconds: float) -> None:
        await asyncio.sleep(0.05)

    service = Service("worker", "driver", lambda _runtime: world.driver().run())
    task = asyncio.create_task(keep_running(world.runtime, service, sleep=quick))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask until the database answers."""
    with anyio.fail_after(60):
        while True:
            try:
                return await ask()
            except (psycopg.Error, Unavailable) as error:
                if not isinstance(error, Unavailable) and not is_lost(error):
                    raise
            await anyio.sleep(0.05)


async def ended(world: World, change: int) -> ChangeState:
    """The state of a change that is over."""
    with anyio.fail_after(90):
        while True:
            found = (await patiently(lambda: world.get(change))).state
            if found in {ChangeState.COMPLETED, ChangeState.STOPPED, ChangeState.PAUSED}:
                return found
            await anyio.sleep(0.05)


async def each_once(world: World, change: int) -> None:
    """Every item is verified, and each subscription was written to once at its operator."""
    assert await world.states(change) == {"verified": 2 * SITES}
    effects = world.effects()
    assert set(effects.values()) == {1}
    assert len(effects) == 2 * SITES


async def test_a_restart_of_postgresql_in_the_middle_is_outlived(tmp_path: Path, prepare: Make) -> None:
    with EmbeddedPostgres(tmp_path, durable=False) as server:
        async with at(server, tmp_path) as world:
            change = await world.started(prepare())
            async with kept_driving(world):
                for _ in range(2):
                    await world.wait(lambda: patiently(world.sending))
                    await asyncio.to_thread(server.stop)
                    await asyncio.to_thread(server.start)
                assert await ended(world, change.id) is ChangeState.COMPLETED
            await each_once(world, change.id)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of its own that is soon full; skips where none may be mounted."""
    folder.mkdir()
    mount = shutil.which("mount")
    command = [str(mount), "-t", "tmpfs", "-o", f"size={SMALL},mode=0755", "tmpfs", str(folder)]
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode:  # noqa: S603
        pytest.skip("a disk that is full needs a small file system of its own, which only root may mount")
    try:
        yield folder
    finally:
        subprocess.run([str(shutil.which("umount")), "-l", str(folder)], check=True)  # noqa: S603


async def test_a_full_disk_in_the_middle_is_said_and_outlived(tmp_path: Path, prepare: Make, configure: Make) -> None:
    with small_disk(tmp_path / "disk") as disk, EmbeddedPostgres(disk, durable=False) as server:
        async with at(server, tmp_path) as world:
            change = await world.started(prepare())
            filler = disk / "filler"
            free = shutil.disk_usage(disk).free - 200_000
            await asyncio.to_thread(filler.write_bytes, bytes(free))
            async with kept_driving(world):
                said = await _until_refused(world, configure)
                assert isinstance(said, Unavailable)
                filler.unlink()
                with anyio.fail_after(60):
                    while server.pid is None:  # it gave up for want of room; its supervisor starts it again
                        await asyncio.to_thread(server.start)
                assert await ended(world, change.id) is ChangeState.COMPLETED
            await each_once(world, change.id)


async def _until_refused(world: World, configure: Make) -> TielineError | None:
    """Write until there is no room; gives what a person is told then."""
    for _ in range(2_000):
        try:
            async with world.db.transaction() as tx:
                await drafting.create(tx, world.fred, configure(reason=os.urandom(900).hex()))
        except (psycopg.Error, Unavailable) as error:
            return translate(error)
    return None
