"""The utility's application over a real database, and an operator held in memory."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope
from tests.conftest import Fresh, Whole

from tieline.platform.clock import SystemClock
from tieline.platform.db import Database, execute, fetch_all, fetch_value
from tieline.platform.scope import Role, Scope
from tieline.platform.settings import Settings
from tieline.platform.web import create_operator_app, current_scope
from tieline.platform.wiring import Registry, Runtime
from tieline.utility.application import registry
from tieline.utility.connectors import Connection, Field, Lines, Providers
from tieline.utility.connectors.providers.reference import Platform, ReferenceConnector

FINGERPRINT = "ab" * 32


@dataclass
class House:
    """Everything a test touches."""

    db: Database
    runtime: Runtime
    registry: Registry
    lines: Lines
    platform: Platform
    people: httpx.AsyncClient
    transport_for: Callable[[str | None], httpx.ASGITransport]
    roles: list[Role]

    async def rows(self, text: str, **bound: Any) -> list[dict[str, Any]]:
        async with self.db.transaction() as tx:
            return await fetch_all(tx, text, bound)

    async def value(self, text: str, **bound: Any) -> Any:
        async with self.db.transaction() as tx:
            return await fetch_value(tx, text, bound)

    async def run_sql(self, text: str, **bound: Any) -> None:
        async with self.db.transaction() as tx:
            await execute(tx, text, bound)

    async def notify(
        self, body: bytes, *, operator: str = "A", fingerprint: str | None = FINGERPRINT
    ) -> httpx.Response:
        """Post as an operator does, with its certificate."""
        async with httpx.AsyncClient(transport=self.transport_for(fingerprint), base_url="https://us.test") as client:
            return await client.post(
                f"/3gpp/notifications/{operator}", content=body, headers={"Content-Type": "application/json"}
            )


def with_peer(app: ASGIApp, fingerprint: str | None) -> ASGIApp:
    async def called(scope: AsgiScope, receive: Receive, send: Send) -> None:
        if fingerprint is not None:
            scope = {**scope, "extensions": {"tls": {"fingerprint": fingerprint}}}
        await app(scope, receive, send)

    return called


@pytest.fixture
async def house(fresh: Fresh, application: Whole, tmp_path: Path) -> AsyncIterator[House]:
    registered = registry()
    async with fresh(registered.folders) as db, AsyncExitStack() as stack:
        made = await _house(db, registered, application, tmp_path, stack)
        await _world(made)
        yield made


async def _house(db: Database, registered: Registry, application: Whole, home: Path, stack: AsyncExitStack) -> House:
    platform = Platform()

    async def open_test(_connection: Connection) -> ReferenceConnector:
        return ReferenceConnector(platform)

    providers = Providers()
    providers.register("mns3gpp", open_test)
    lines = Lines(db, providers, home)
    settings = Settings(home=home, database_url=None)
    runtime = Runtime(settings, db, SystemClock(), {"connectors.lines": lines})
    roles = [Role.ADMINISTRATOR]

    async def asker() -> Scope:
        return Scope("user:ada", frozenset(p for role in roles for p in role.permissions), user_id=7)

    app = application(runtime)
    app.dependency_overrides[current_scope] = asker
    operator_app = create_operator_app(settings, registered, runtime=runtime)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://console.test/api/v1")
    stack.push_async_callback(lines.close)
    stack.push_async_callback(client.aclose)
    return House(
        db,
        runtime,
        registered,
        lines,
        platform,
        client,
        lambda fingerprint: httpx.ASGITransport(with_peer(operator_app, fingerprint)),
        roles,
    )


async def _world(house: House) -> None:
    await house.run_sql("INSERT INTO operator (code, name) VALUES ('A', 'Operator A'), ('B', 'Operator B')")
    await house.run_sql("""
        INSERT INTO subscription (operator_id, operator_ref, state, apn, data_plan)
        SELECT o.id, 's' || n, 'ACTIVE', 'scada.dso', 'm2m-100' FROM operator o, generate_series(1, 5) n
        WHERE o.code = 'A'""")
    values = {Field.STATE: "ACTIVE", Field.APN: "scada.dso", Field.DATA_PLAN: "m2m-100"}
    house.platform.load({f"s{number}": values for number in range(1, 6)})
    answer = await house.people.put(
        "/operators/A/connection",
        json={
            "provider": "mns3gpp",
            "base_url": "https://operator-a.test/3gpp-mns",
            "dn": "SubNetwork=grid",
            "notification_fingerprint": FINGERPRINT,
            "notification_url": "https://us.test:8401/3gpp/notifications/A",
            "heartbeat_seconds": 60,
        },
    )
    assert answer.status_code == 200, answer.text
