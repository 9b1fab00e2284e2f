"""The utility's application and an operator's gateway, over real databases, joined without sockets."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope
from tests.conftest import Fresh, Whole

from tieline.gateway import migrations
from tieline.gateway.application import backoffice, northbound
from tieline.gateway.backends.port import Meter, Metered
from tieline.gateway.backends.simulated import SimulatedNetwork
from tieline.gateway.backends.simulated.radio import SimulatedRadio
from tieline.gateway.metering.counting import Counter
from tieline.gateway.metering.model import month_after
from tieline.gateway.parts import Parts
from tieline.gateway.settings import GatewaySettings
from tieline.platform.clock import SetClock
from tieline.platform.db import Database, execute, fetch_all, fetch_value
from tieline.platform.errors import Problem
from tieline.platform.scope import Role, Scope
from tieline.platform.settings import Settings
from tieline.platform.web import current_scope
from tieline.platform.wiring import Runtime
from tieline.standards.tmf.errors import read_reason
from tieline.standards.tmf.usage import Volume
from tieline.utility.application import registry
from tieline.utility.connectors import Rejected, Unreachable
from tieline.utility.usage import jobs
from tieline.utility.usage.providers.tmf635 import Tmf635Records
from tieline.utility.usage.service.reading import Reader

OURS, OTHERS = "aa" * 32, "cc" * 32
START = datetime(2026, 11, 11, 9, 0, tzinfo=UTC)
MB = 1_000_000


class SetMeter(Meter):
    """Counts what a test says: octets of a day by subscription, the same every day; some days otherwise."""

    origin = "Simulated."

    def __init__(self) -> None:
        self.daily: dict[str, int] = {}
        self.special: dict[tuple[str, date], int] = {}

    def month(self, subscriptions: Any, month: date) -> list[list[Volume | None]]:
        count = (month_after(month) - month).days
        return [[self._day(one, month.replace(day=day)) for day in range(1, count + 1)] for one in subscriptions]

    def _day(self, one: Metered, day: date) -> Volume | None:
        octets = self.special.get((one.subscription, day), self.daily.get(one.subscription))
        return None if octets is None else Volume(octets // 2, octets - octets // 2, 1)


@dataclass
class Wire:
    """A channel that goes straight into the gateway; ``down`` stands for a line that is cut."""

    client: httpx.AsyncClient
    down: bool = False
    calls: list[str] = field(default_factory=list)

    async def request(self, method: str, path: str, **more: Any) -> tuple[bytes, httpx.Headers]:
        self.calls.append("&".join(f"{name}={value}" for name, value in more.get("params", {}).items()))
        if self.down:
            raise Unreachable("The line is cut.")
        answer = await self.client.request(method, path, **more)
        if answer.is_success:
            return answer.content, answer.headers
        reason = read_reason(answer.content)
        raise Rejected(reason, (Problem("request", str(answer.status_code), reason),))


@dataclass
class Both:
    """Everything a test touches. ``clock`` is that of both sides."""

    db: Database
    runtime: Runtime
    people: httpx.AsyncClient
    office: httpx.AsyncClient
    operator: httpx.AsyncClient
    stranger: httpx.AsyncClient
    wire: Wire
    meter: SetMeter
    counter: Counter
    reader: Reader
    clock: SetClock
    roles: list[Role]
    bounds: dict[str, Any]

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self.people.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def read(self) -> None:
        """Read the operator's records, as the worker would."""
        await self.reader.look()

    async def rate(self) -> None:
        """Rate, as the worker would."""
        await jobs.rate.run(self.runtime, jobs.Rate())

    async def check(self, bill_id: int) -> None:
        """Check a bill, as the worker would."""
        await jobs.check.run(self.runtime, jobs.Check(bill_id))

    async def statement(self, plan: str, day: str) -> Any:
        """The statement of a plan in the period of a day."""
        (found,) = (await self.get("/usage/statements", plan=plan, since=day, until=day))["items"]
        return found

    async def rows(self, text: str, **bound: Any) -> list[dict[str, Any]]:
        async with self.db.transaction() as tx:
            return await fetch_all(tx, text, bound)

    async def value(self, text: str, **bound: Any) -> Any:
        async with self.db.transaction() as tx:
            return await fetch_value(tx, text, bound)

    async def run_sql(self, text: str, **bound: Any) -> None:
        async with self.db.transaction() as tx:
            await execute(tx, text, bound)


def with_peer(app: ASGIApp, fingerprint: str) -> ASGIApp:
    async def called(scope: AsgiScope, receive: Receive, send: Send) -> None:
        await app({**scope, "extensions": {"tls": {"fingerprint": fingerprint}}}, receive, send)

    return called


@pytest.fixture
async def both(fresh: Fresh, application: Whole, tmp_path: Path) -> AsyncIterator[Both]:
    async with fresh(registry().folders) as db, fresh(migrations()) as theirs, AsyncExitStack() as stack:
        yield await _both(db, theirs, application, tmp_path, stack)


def _client(app: ASGIApp, base_url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base_url)


async def _both(db: Database, theirs: Database, application: Whole, home: Path, stack: AsyncExitStack) -> Both:
    clock, meter = SetClock(START), SetMeter()
    settings = GatewaySettings(
        database_url=theirs.url,
        backoffice_token_file=home / "token",
        pki=home / "pki",
        public_url="https://operator-a.test",
    )
    network = SimulatedNetwork(settings.code, latency_s=0)
    parts = Parts(settings, theirs, clock, network, network, settings.base_url, SimulatedRadio(network), meter)
    office = await stack.enter_async_context(_client(backoffice(parts, network), "http://office.test"))
    office.headers["Authorization"] = f"Bearer {(home / 'token').read_text().strip()}"
    for code, fingerprint in (("DSO", OURS), ("OTHER", OTHERS)):
        terms = {"code": code, "name": code, "certificates": [fingerprint], "notification_hosts": ["us.test"]}
        (await office.post("/backoffice/v1/utilities", json={**terms, "calls_per_second": 10_000})).raise_for_status()
    gate = northbound(parts)
    operator = await stack.enter_async_context(_client(with_peer(gate, OURS), "https://operator-a.test"))
    stranger = await stack.enter_async_context(_client(with_peer(gate, OTHERS), "https://operator-a.test"))
    wire = Wire(operator)

    async def records(_code: str) -> Tmf635Records:
        return Tmf635Records(wire)  # type: ignore[arg-type] # a channel by what it does

    runtime = Runtime(Settings(home=home, database_url=None), db, clock, {"usage.records": records})
    roles, bounds = [Role.ADMINISTRATOR], dict[str, Any]()

    async def asker() -> Scope:
        return Scope("user:ada", frozenset(p for role in roles for p in role.permissions), user_id=7, **bounds)

    app = application(runtime)
    app.dependency_overrides[current_scope] = asker
    people = await stack.enter_async_context(_client(app, "http://console.test/api/v1"))
    made = Both(
        db=db,
        runtime=runtime,
        people=people,
        office=office,
        operator=operator,
        stranger=stranger,
        wire=wire,
        meter=meter,
        counter=Counter(parts),
        reader=Reader(runtime, records),
        clock=clock,
        roles=roles,
        bounds=bounds,
    )
    await _world(made)
    return made


_FLEET = """
INSERT INTO operator (code, name) VALUES ('A', 'Operator A');
INSERT INTO site (external_id, name, name_folded, region)
SELECT 'S' || i, 'Site ' || i, 'site ' || i, CASE WHEN i <= 3 THEN 'North' ELSE 'South' END
FROM generate_series(1, 6) i;
INSERT INTO subscription (operator_id, operator_ref, msisdn, state, data_plan, site_id)
SELECT 1, 'A' || i, '44770090000' || i, CASE WHEN i = 6 THEN 'RETIRED' ELSE 'ACTIVE' END,
    CASE WHEN i <= 4 THEN 'POOL' ELSE 'SINGLE' END, i FROM generate_series(1, 6) i;
"""
# A1 to A4 share a pool, A5 and A6 stand alone; A6 is retired. A1 to A3 are in the north.


async def _world(both: Both) -> None:
    await both.run_sql(_FLEET)
    lines = [
        {
            "id": f"A{i}",
            "state": "RETIRED" if i == 6 else "ACTIVE",
            "dataPlan": "POOL" if i <= 4 else "SINGLE",
            "msisdn": f"44770090000{i}",
        }
        for i in range(1, 7)
    ]
    content = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    answer = await both.office.post("/backoffice/v1/utilities/DSO/subscriptions", content=content)
    assert answer.status_code == 201, answer.text
    connection = {"provider": "mns3gpp", "base_url": "https://operator-a.test/3gpp-mns", "dn": "SubNetwork=DSO"}
    assert (await both.people.put("/operators/A/connection", json=connection)).status_code == 200


async def enter_terms(both: Both) -> None:
    """10 MB and 2.00 a month in the pool; 20 MB and 3.10 alone; 0.05 a MB beyond."""
    answer = await both.people.put("/operators/A/usage-contract", json={"currency": "GBP"})
    assert answer.status_code == 200, answer.text
    for plan, fee, included, pooled in (("POOL", "2.00", 10, True), ("SINGLE", "3.10", 20, False)):
        tariff = {"valid_from": "2026-09-01", "monthly_fee": fee, "included_mb": included, "pooled": pooled}
        answer = await both.people.put(f"/operators/A/tariffs/{plan}", json={**tariff, "overage_per_mb": "0.05"})
        assert answer.status_code == 200, answer.text
        theirs = {"currency": "GBP", "monthly_fee": fee, "included_mb": included, "pooled": pooled, "by": "jane"}
        answer = await both.office.put(f"/backoffice/v1/tariffs/{plan}", json={**theirs, "overage_per_mb": "0.05"})
        assert answer.status_code == 204, answer.text
