"""A console over a real database, and people who look at it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from tieline.platform.clock import SystemClock
from tieline.platform.db import Database
from tieline.platform.scope import Permission, Role, Scope
from tieline.platform.settings import Settings
from tieline.platform.wiring import Registry, Runtime
from tieline.utility.console import wiring
from tieline.utility.console.visitor import Visitor
from tieline.utility.inventory import wiring as inventory


@dataclass
class Console:
    """A running console; ``visitor`` is who looks at it, or nobody."""

    client: httpx.AsyncClient
    visitor: Visitor | None

    def sign_in(self, *roles: Role, regions: frozenset[str] | None = None) -> None:
        permissions: frozenset[Permission] = frozenset().union(*(role.permissions for role in roles))
        scope = Scope("user:ada", permissions, regions)
        self.visitor = Visitor(scope, "Ada Lovelace", "Technician", "token-of-ada")


@pytest.fixture
async def console(clone: Callable[[Sequence[Path]], str]) -> AsyncIterator[Console]:
    registry = Registry()
    inventory.register(registry)
    wiring.register(registry)
    utility_db = await Database.open(clone(registry.folders), size=4)
    app = FastAPI()
    app.state.runtime = Runtime(Settings(), utility_db, SystemClock())
    for prefix, router in registry.routers:
        app.include_router(router, prefix=prefix)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://console.test") as client:
        running = Console(client, None)

        @app.middleware("http")
        async def somebody(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
            request.state.visitor = running.visitor
            request.state.request_id = "request-1"
            return await call_next(request)

        yield running
    await utility_db.close()
