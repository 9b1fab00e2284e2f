"""The utility's application and an operator's gateway, over real databases, joined without sockets.

What the utility asks goes into the gateway's application, what the gateway sends into the utility's, each with the
certificate that it would come with.
"""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope
from tests.conftest import Fresh, Whole

from tieline.gateway import migrations
from tieline.gateway.application import backoffice, northbound
from tieline.gateway.backends.simulated import SimulatedNetwork
from tieline.gateway.desk.sender import HubSender
from tieline.gateway.parts import Parts
from tieline.gateway.settings import GatewaySettings
from tieline.platform.clock import SetClock
from tieline.platform.db import Database, execute, fetch_all, fetch_value
from tieline.platform.errors import Problem
from tieline.platform.scope import Role, Scope
from tieline.platform.settings import Settings
from tieline.platform.web import create_operator_app, current_scope
from tieline.platform.wiring import Runtime
from tieline.standards.tmf.errors import read_reason
from tieline.utility.application import registry
from tieline.utility.connectors import Rejected, Unreachable
from tieline.utility.notices import jobs
from tieline.utility.notices.providers.tmf655 import Tmf655Desk
from tieline.utility.notices.service.listening import Listener

OURS, THEIRS, OTHERS = "aa" * 32, "bb" * 32, "cc" * 32
START = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)


def phase(name: str, begins: str, ends: str, **area: Any) -> dict[str, Any]:
    return {
        "id": name,
        "name": name.capitalize(),
        "period": {"startDateTime": f"{begins}T00:00:00Z", "endDateTime": f"{ends}T00:00:00Z"},
        "area": area or {"@type": "WholeNetwork"},
    }


def regions(*names: str) -> dict[str, Any]:
    return {"@type": "Regions", "region": list(names)}


CITIES = ("cities", "2027-05-01", "2027-11-01")
REST = ("rest", "2027-11-01", "2028-05-01")


@dataclass
class Wire:
    """A channel that goes straight into the gateway; ``down`` stands for a line that is cut."""

    client: httpx.AsyncClient
    down: bool = False
    calls: list[str] = field(default_factory=list)

    async def request(self, method: str, path: str, **more: Any) -> tuple[bytes, httpx.Headers]:
        self.calls.append(f"{method} {path.rpartition('/v4')[2]}")
        if self.down:
            raise Unreachable("The line is cut.")
        answer = await self.client.request(method, path, **more)
        if answer.is_success:
            return answer.content, answer.headers
        reason = read_reason(answer.content)
        raise Rejected(reason, (Problem("request", str(answer.status_code), reason),))


@dataclass
class Loop:
    """Everything a test touches. ``clock`` is that of both sides."""

    db: Database
    runtime: Runtime
    people: httpx.AsyncClient
    office: httpx.AsyncClient
    wire: Wire
    sender: HubSender
    listener: Listener
    clock: SetClock
    roles: list[Role]
    bounds: dict[str, Any]
    into_utility: Callable[[str | None], httpx.AsyncClient]
    posted: list[bytes]

    async def publish(self, *phases: dict[str, Any], ref: str = "3G", **more: Any) -> None:
        """The operator's staff write and publish."""
        body = {
            "kind": "phase-out",
            "title": "The end of 3G",
            "technology": "3G",
            "phases": list(phases),
            "by": "jane",
            **more,
        }
        (await self.office.put(f"/backoffice/v1/notices/{ref}", json=body)).raise_for_status()
        (await self.office.post(f"/backoffice/v1/notices/{ref}/publish", json={"by": "jane"})).raise_for_status()

    async def post(self, body: bytes | dict[str, Any], *, fingerprint: str | None = THEIRS, code: str = "A") -> int:
        """Post an event as an operator does; gives the status."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with self.into_utility(fingerprint) as client:
            headers = {"Content-Type": "application/json"}
            return (await client.post(f"/tmf-api/listener/{code}", content=content, headers=headers)).status_code

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self.people.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def only(self) -> Any:
        """The one notice there is, in full."""
        (found,) = (await self.get("/notices"))["items"]
        return await self.get(f"/notices/{found['id']}")

    async def say(self) -> None:
        """Say every answer that waits, as the worker would."""
        for row in await self.rows("SELECT id, answer_number FROM notice WHERE answer_state = 'pending'"):
            await jobs.say.run(self.runtime, jobs.Say(row["id"], row["answer_number"]))

    async def rows(self, text: str, **bound: Any) -> list[dict[str, Any]]:
        async with self.db.transaction() as tx:
            return await fetch_all(tx, text, bound)

    async def value(self, text: str, **bound: Any) -> Any:
        async with self.db.transaction() as tx:
            return await fetch_value(tx, text, bound)

    async def run_sql(self, text: str, **bound: Any) -> None:
        async with self.db.transaction() as tx:
            await execute(tx, text, bound)


def with_peer(app: ASGIApp, fingerprint: str | None) -> ASGIApp:
    async def called(scope: AsgiScope, receive: Receive, send: Send) -> None:
        if fingerprint is not None:
            scope = {**scope, "extensions": {"tls": {"fingerprint": fingerprint}}}
        await app(scope, receive, send)

    return called


@pytest.fixture
async def loop(fresh: Fresh, application: Whole, tmp_path: Path) -> AsyncIterator[Loop]:
    folders = registry().folders
    async with fresh(folders) as db, fresh(migrations()) as theirs, AsyncExitStack() as stack:
        yield await _loop(db, theirs, application, tmp_path, stack)


async def _loop(db: Database, theirs: Database, application: Whole, home: Path, stack: AsyncExitStack) -> Loop:
    clock = SetClock(START)
    parts, office = await _gateway(theirs, home, clock, stack)
    wire = Wire(await stack.enter_async_context(_client(with_peer(northbound(parts), OURS), "https://operator-a.test")))
    runtime = Runtime(Settings(home=home, database_url=None), db, clock, {"notices.desks": _desks(wire)})
    operator_app = create_operator_app(runtime.settings, registry(), runtime=runtime)
    roles, bounds = [Role.ADMINISTRATOR], dict[str, Any]()

    async def asker() -> Scope:
        return Scope("user:ada", frozenset(p for role in roles for p in role.permissions), user_id=7, **bounds)

    app = application(runtime)
    app.dependency_overrides[current_scope] = asker
    people = await stack.enter_async_context(_client(app, "http://console.test/api/v1"))
    posted: list[bytes] = []

    async def keep(request: httpx.Request) -> None:
        posted.append(await request.aread())

    transport = httpx.ASGITransport(with_peer(operator_app, THEIRS))
    notifier = await stack.enter_async_context(httpx.AsyncClient(transport=transport, event_hooks={"request": [keep]}))
    made = Loop(
        db=db,
        runtime=runtime,
        people=people,
        office=office,
        wire=wire,
        sender=HubSender(parts, notifier),
        listener=Listener(runtime, _desks(wire)),
        clock=clock,
        roles=roles,
        bounds=bounds,
        into_utility=lambda fingerprint: _client(with_peer(operator_app, fingerprint), "https://us.test"),
        posted=posted,
    )
    await _world(made)
    return made


def _client(app: ASGIApp, base_url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base_url)


def _desks(wire: Wire) -> Any:
    async def desks(_code: str) -> Tmf655Desk:
        return Tmf655Desk(wire)  # type: ignore[arg-type] # a channel by what it does

    return desks


async def _gateway(db: Database, home: Path, clock: SetClock, stack: AsyncExitStack) -> tuple[Parts, httpx.AsyncClient]:
    settings = GatewaySettings(
        database_url=db.url,
        backoffice_token_file=home / "token",
        pki=home / "pki",
        public_url="https://operator-a.test",
    )
    network = SimulatedNetwork(settings.code, latency_s=0)
    parts = Parts(settings, db, clock, network, network, settings.base_url)
    app = backoffice(parts, network)
    office = await stack.enter_async_context(_client(app, "http://office.test"))
    office.headers["Authorization"] = f"Bearer {app.state.token}"
    terms = {"code": "DSO", "name": "DSO", "certificates": [OURS], "notification_hosts": ["us.test"]}
    (await office.post("/backoffice/v1/utilities", json={**terms, "calls_per_second": 10_000})).raise_for_status()
    return parts, office


_FLEET = """
INSERT INTO operator (code, name) VALUES ('A', 'Operator A'), ('B', 'Operator B');
INSERT INTO site (external_id, name, name_folded, lat, lon, region, postcode, criticality)
SELECT 'S' || i, 'Site ' || i, 'site ' || i, 50 + i, i, CASE WHEN i <= 4 THEN 'City' ELSE 'Land' END,
    CASE WHEN i <= 3 THEN 'CF10 1A' || i ELSE 'C' || i || ' 2BB' END, CASE WHEN i = 1 THEN 'critical' ELSE 'normal' END
FROM generate_series(1, 10) i;
INSERT INTO subscription (operator_id, operator_ref, state, site_id, rat, cell_key)
SELECT o.id, o.code || t.id, 'ACTIVE', t.id,
    CASE WHEN o.code = 'A' AND t.id <= 8 THEN 'UTRA' WHEN o.code = 'B' AND t.id <= 5 THEN 'UTRA' ELSE 'EUTRA' END,
    'cell-' || t.id
FROM operator o, site t ORDER BY o.id, t.id;
"""
# Ten sites, 1 to 4 in the city: at A 1 to 8 are on 3G, at B 1 to 5, so that 1 to 5 have nothing else.


async def _world(loop: Loop) -> None:
    await loop.run_sql(_FLEET)
    for code, fingerprint in (("A", THEIRS), ("B", OTHERS)):
        connection = {
            "provider": "mns3gpp",
            "base_url": f"https://operator-{code.lower()}.test/3gpp-mns",
            "dn": "SubNetwork=DSO",
            "notification_fingerprint": fingerprint,
            "notification_url": f"https://us.test/3gpp/notifications/{code}",
            "enabled": code == "A",
        }
        answer = await loop.people.put(f"/operators/{code}/connection", json=connection)
        assert answer.status_code == 200, answer.text
