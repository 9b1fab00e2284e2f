"""A fleet in a real database, and a simulated field behind a proxy that the worker asks through."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from tests.conftest import Fresh
from tests.integration.changes.conftest import FOLDERS, FRED, World, prepare, world

import tieline.utility
from tieline.lab.sites import Field, Networks, Sites
from tieline.platform.db import Database
from tieline.platform.settings import Settings
from tieline.standards.socks5 import Credentials
from tieline.utility import probing
from tieline.utility.probing.worker import Asker

_MIGRATIONS = Path(tieline.utility.__file__).parent / "probing" / "migrations"
LOGIN = Credentials("utility", "secret")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

__all__ = ["prepare", "world"]


@pytest.fixture
async def db(fresh: Fresh) -> AsyncIterator[Database]:
    async with fresh((*FOLDERS, _MIGRATIONS), size=10) as database:
        yield database


class Attached(Networks):
    """Networks of a test: what is attached is written down."""

    def __init__(self) -> None:
        super().__init__([])
        self.technologies: dict[str, str] = {}

    async def technology(self, address: str) -> str | None:
        return self.technologies.get(address)


@dataclass
class Hand:
    """A clock set by hand."""

    at: datetime = NOON

    def now(self) -> datetime:
        return self.at

    def pass_by(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Rig:
    """The fleet, the field, and one worker's asker."""

    world: World
    networks: Attached
    sites: Sites
    settings: Settings
    clock: Hand = field(default_factory=Hand)

    @property
    def asker(self) -> Asker:
        return Asker(self.world.db, self.clock, self.settings)

    async def addresses(self) -> dict[int, str]:
        rows = await self.world.rows(
            "SELECT id, host(ip_address) AS address FROM subscription WHERE ip_address IS NOT NULL ORDER BY id"
        )
        return {row["id"]: row["address"] for row in rows}

    def attach(self, *addresses: str, rat: str = "EUTRA") -> None:
        self.networks.technologies.update(dict.fromkeys(addresses, rat))

    async def ask(self, ids: list[int], key: str = "1", origin: str = "test:1") -> int:
        async with self.world.db.transaction() as tx:
            return await probing.ask(tx, FRED, ids, origin=origin, key=key, clock=self.clock)

    async def latest(self, one: int) -> probing.Latest | None:
        async with self.world.db.snapshot() as tx:
            return (await probing.latest(tx, FRED, [one])).get(one)

    async def told(self) -> list[dict[str, Any]]:
        rows = await self.world.rows("SELECT payload FROM outbox_event WHERE topic = 'probe.answered' ORDER BY id")
        return [row["payload"] for row in rows]


@pytest.fixture
async def rig(world: World) -> AsyncIterator[Rig]:
    await world.build(4)
    networks = Attached()
    sites = Sites(networks, Field(hurry=0), LOGIN)
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(sites.serve("127.0.0.1", 0, ready=port.set_result))
    settings = Settings(
        probing_proxy=SecretStr(f"socks5://utility:secret@127.0.0.1:{await port}"),
        probing_answer_s=5,
        probing_attempts=3,
        probing_pause_s=10,
    )
    try:
        yield Rig(world, networks, sites, settings)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
