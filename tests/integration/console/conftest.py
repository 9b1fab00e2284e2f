"""A console over a real database, and people who look at it."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tieline.platform.clock import SystemClock
from tieline.platform.db import Database
from tieline.platform.errors import Unauthenticated
from tieline.platform.scope import Permission, Role, Scope
from tieline.platform.settings import Settings
from tieline.platform.web import create_app
from tieline.platform.wiring import Registry, Runtime
from tieline.utility.console import wiring
from tieline.utility.console.visitor import Visitor, current_visitor
from tieline.utility.inventory import wiring as inventory


@dataclass
class Console:
    """A running console; ``visitor`` is who looks at it, or nobody."""

    client: httpx.AsyncClient
    db: Database
    visitor: Visitor | None = None

    def sign_in(self, *roles: Role, regions: frozenset[str] | None = None) -> None:
        permissions: frozenset[Permission] = frozenset().union(*(role.permissions for role in roles))
        scope = Scope("user:ada", permissions, regions)
        self.visitor = Visitor(scope, "Ada Lovelace", "Technician", "token-of-ada")

    def current(self) -> Visitor:
        if self.visitor is None:
            raise Unauthenticated("Sign in to see this page.")
        return self.visitor


@pytest.fixture
async def console(clone: Callable[[Sequence[Path]], str], tmp_path: Path) -> AsyncIterator[Console]:
    registry = Registry()
    inventory.register(registry)
    wiring.register(registry)
    settings = Settings(home=tmp_path)
    database = await Database.open(clone(registry.folders), size=4)
    app = create_app(settings, registry, runtime=Runtime(settings, database, SystemClock()))
    transport = httpx.ASGITransport(app)
    headers = {"X-Request-Id": "request-1"}
    async with httpx.AsyncClient(transport=transport, base_url="http://console.test", headers=headers) as client:
        running = Console(client, database)
        app.dependency_overrides[current_visitor] = running.current
        yield running
    await database.close()
