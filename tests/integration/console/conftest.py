"""A console over a real database, and people who look at it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from tests.conftest import Whole

from tieline.console.kept import Shelf
from tieline.console.visitor import Visitor
from tieline.platform.clock import SystemClock
from tieline.platform.db import Database
from tieline.platform.errors import Unauthenticated
from tieline.platform.scope import Permission, Role, Scope
from tieline.platform.settings import Settings
from tieline.platform.wiring import Runtime
from tieline.utility.console.visitor import current_visitor


@dataclass
class Console:
    """A running console; ``visitor`` is who looks at it, or nobody."""

    client: httpx.AsyncClient
    app: FastAPI
    runtime: Runtime
    visitor: Visitor | None = None

    @property
    def db(self) -> Database:
        return self.runtime.db

    def as_themselves(self) -> None:
        """From now on people are who their session says."""
        self.app.dependency_overrides.clear()

    def sign_in(self, *roles: Role, regions: frozenset[str] | None = None) -> None:
        permissions: frozenset[Permission] = frozenset().union(*(role.permissions for role in roles))
        scope = Scope("user:ada", permissions, regions)
        self.visitor = Visitor(scope, "Ada Lovelace", "Technician", "token-of-ada")

    def current(self) -> Visitor:
        if self.visitor is None:
            raise Unauthenticated("Sign in to see this page.")
        return self.visitor


@pytest.fixture
async def console(utility_db: Database, application: Whole, tmp_path: Path) -> AsyncIterator[Console]:
    settings = Settings(home=tmp_path)
    runtime = Runtime(settings, utility_db, SystemClock())
    app = application(runtime)
    transport = httpx.ASGITransport(app)
    headers = {"X-Request-Id": "request-1"}
    async with httpx.AsyncClient(transport=transport, base_url="http://console.test", headers=headers) as client:
        running = Console(client, app, runtime)
        app.dependency_overrides[current_visitor] = running.current
        yield running
    shelf: Shelf | None = getattr(app.state, "console_shelf", None)
    if shelf is not None:
        await shelf.settle()
