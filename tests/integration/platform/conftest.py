"""A database with the platform's own tables, and the runtime around it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.conftest import Fresh

import tieline.platform
from tieline.platform import logs
from tieline.platform.clock import SetClock
from tieline.platform.db import Database
from tieline.platform.settings import Settings
from tieline.platform.wiring import Runtime

FOLDERS = sorted(Path(tieline.platform.__path__[0]).glob("*/migrations"))
Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


@pytest.fixture(autouse=True, scope="session")
def plain_logs() -> None:
    """Log as the product does; structlog's own tracebacks take seconds to draw."""
    logs.configure("warning")


@pytest.fixture
async def platform_db(fresh: Fresh) -> AsyncIterator[Database]:
    """A database with the tables of the platform's services."""
    async with fresh(FOLDERS) as database:
        yield database


@pytest.fixture
def clock() -> SetClock:
    """A clock that stands at a known moment."""
    return SetClock(datetime(2026, 3, 1, 12, tzinfo=UTC))


@pytest.fixture
def runtime(platform_db: Database, clock: SetClock, tmp_path: Path) -> Runtime:
    """What handlers get, over the test's own database, clock and home."""
    return Runtime(Settings(home=tmp_path), platform_db, clock)


@pytest.fixture
def until() -> Until:
    """Wait until a condition holds; fails after twenty seconds."""

    async def wait(condition: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(20):
            while True:
                if await condition():
                    return
                await asyncio.sleep(0.02)

    return wait
