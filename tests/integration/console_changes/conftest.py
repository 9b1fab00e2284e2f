"""A console with real accounts over a real database; people sign in as they do in a browser."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tieline.platform.clock import SystemClock
from tieline.platform.db import Database
from tieline.platform.identity import bootstrap
from tieline.platform.settings import Settings
from tieline.platform.web import create_app
from tieline.platform.wiring import Runtime
from tieline.utility.application import registry

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
    transport: httpx.ASGITransport
    inside: list[httpx.AsyncClient] = field(default_factory=list)

    async def sign_in(self, name: str = ADMIN, password: str = PASSWORD) -> Person:
        http = httpx.AsyncClient(transport=self.transport, base_url="http://console.test")
        self.inside.append(http)
        answer = await http.post("/api/v1/session", json={"name": name, "password": password})
        assert answer.status_code == 200, answer.text
        return Person(http, answer.json()["csrf_token"])

    async def person(self, name: str, *roles: str) -> Person:
        """A new person with some roles, signed in."""
        admin = await self.sign_in()
        body = {"name": name, "display_name": name.capitalize(), "password": PASSWORD, "roles": list(roles)}
        made = await admin.http.post("/api/v1/users", json=body, headers={"X-CSRF-Token": admin.csrf})
        assert made.status_code == 201, made.text
        return await self.sign_in(name)


@pytest.fixture
async def house(clone: Callable[[Sequence[Path]], str], tmp_path: Path) -> AsyncIterator[House]:
    collected = registry()
    settings = Settings(home=tmp_path)
    database = await Database.open(clone(collected.folders), size=4)
    runtime = Runtime(settings, database, SystemClock())
    await bootstrap(runtime, name=ADMIN, password=PASSWORD)
    running = House(runtime, httpx.ASGITransport(create_app(settings, collected, runtime=runtime)))
    yield running
    for client in running.inside:
        await client.aclose()
    await database.close()
