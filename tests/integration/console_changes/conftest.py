"""A console with real accounts over a real database and two operators in memory; people sign in as in a browser."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from tests.conftest import Fresh, Whole

from tieline.platform.clock import SystemClock
from tieline.platform.db import Database
from tieline.platform.identity import bootstrap
from tieline.platform.jobs import run_lanes
from tieline.platform.settings import Settings
from tieline.platform.wiring import Registry, Runtime
from tieline.utility.application import registry
from tieline.utility.connectors import Connection, Lines, Providers
from tieline.utility.connectors.providers.reference import Platform, ReferenceConnector
from tieline.utility.connectors.providers.reference.platform import DEFAULTS


def _engine() -> Any:
    """The small world of the change engine's own tests: its fleet, its operators' platforms, its quick driver."""
    spec = spec_from_file_location("change_engine_world", Path(__file__).parents[1] / "changes" / "conftest.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ENGINE = _engine()
ADMIN, PASSWORD = "admin", "four words without sense"


@dataclass
class Person:
    """Somebody at a browser."""

    http: httpx.AsyncClient
    csrf: str = ""

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.http.get(path, headers=headers)

    async def post(self, path: str, *pairs: tuple[str, str]) -> httpx.Response:
        body = httpx.QueryParams([("csrf_token", self.csrf), *pairs])
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self.http.post(path, content=str(body).encode(), headers=form)


@dataclass
class House:
    """The application, and whoever came in."""

    runtime: Runtime
    registry: Registry
    world: Any
    transport: httpx.ASGITransport
    inside: list[httpx.AsyncClient] = field(default_factory=list)

    async def sign_in(self, name: str = ADMIN, password: str = PASSWORD) -> Person:
        http = httpx.AsyncClient(transport=self.transport, base_url="http://console.test")
        self.inside.append(http)
        answer = await http.post("/api/v1/session", json={"name": name, "password": password})
        assert answer.status_code == 200, answer.text
        return Person(http, answer.json()["csrf_token"])

    async def leave(self) -> None:
        """Close every browser."""
        for http in self.inside:
            await http.aclose()

    async def person(self, name: str, *roles: str) -> Person:
        """A new person with some roles, signed in."""
        admin = await self.sign_in()
        body = {"name": name, "display_name": name.capitalize(), "password": PASSWORD, "roles": list(roles)}
        made = await admin.http.post("/api/v1/users", json=body, headers={"X-CSRF-Token": admin.csrf})
        assert made.status_code == 201, made.text
        return await self.sign_in(name)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Jobs are done and changes are driven for as long as the block lasts."""
        task = asyncio.create_task(run_lanes(self.runtime, self.registry, ["changes"]))
        try:
            async with self.world.driving():
                yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def reads(self, person: Person, path: str, *words: str, seconds: float = 20) -> str:
        """The page, as soon as it says some words."""
        with anyio.fail_after(seconds):
            while True:
                page = (await person.get(path)).text
                if all(word in page for word in words):
                    return page
                await anyio.sleep(0.05)


@pytest.fixture
async def house(fresh: Fresh, application: Whole, tmp_path: Path) -> AsyncIterator[House]:
    collected = registry()
    async with fresh(collected.folders) as database, AsyncExitStack() as stack:
        yield await _house(database, collected, application, tmp_path, stack)


async def _house(
    database: Database, collected: Registry, application: Whole, home: Path, stack: AsyncExitStack
) -> House:
    settings = Settings(home=home)
    platforms = {code: Platform(capabilities=replace(DEFAULTS, max_batch=10)) for code in ("A", "B")}

    async def open_test(connection: Connection) -> ReferenceConnector:
        return ReferenceConnector(platforms[connection.operator])

    providers = Providers()
    providers.register("test", open_test)
    lines = Lines(database, providers, home, manners=ENGINE.HASTY)
    runtime = Runtime(settings, database, SystemClock(), {"connectors.lines": lines})
    await bootstrap(runtime, name=ADMIN, password=PASSWORD)
    # Patient with what is read back late: these tests are about pages, on a machine that may be busy.
    pace = replace(ENGINE.QUICK, deadline=30.0)
    world = ENGINE.World(database, lines, platforms, runtime, pace=pace)
    transport = httpx.ASGITransport(application(runtime))
    running = House(runtime, collected, world, transport)
    stack.push_async_callback(lines.close)
    stack.push_async_callback(running.leave)
    return running
