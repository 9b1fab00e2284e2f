"""Operators that the contract suite runs against: a world of a few subscriptions behind each provider."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from pydantic import SecretStr

from tieline.gateway import application, migrations
from tieline.gateway.settings import GatewaySettings
from tieline.platform.pki import Authority
from tieline.utility.connectors import Connection, Connector, Desired, Field
from tieline.utility.connectors.providers.mns3gpp import Mns3gppConnector
from tieline.utility.connectors.providers.reference import Platform, ReferenceConnector


@dataclass
class Operator:
    """A connector, and the operator's own hand on what is behind it."""

    connector: Connector
    refuse: Callable[[str, str], Awaitable[None]]
    lie: Callable[[str], Awaitable[None]]
    calls: Callable[[], Awaitable[int]]


SUBSCRIPTIONS: dict[str, Desired] = {
    f"s{number}": {
        Field.STATE: "INVENTORY",
        Field.APN: None,
        Field.IP_ADDRESS: None,
        Field.SUBSCRIPTION_GROUP: "substations",
        Field.DATA_PLAN: "m2m-100",
        Field.RAT_RESTRICTION: (),
        Field.IMEI_LOCK: None,
    }
    for number in range(20)
}


@asynccontextmanager
async def reference() -> AsyncIterator[Operator]:
    platform = Platform(SUBSCRIPTIONS)
    connector = ReferenceConnector(platform)

    async def refuse(ref: str, reason: str) -> None:
        platform.behaviour.rejects[ref] = reason

    async def lie(ref: str) -> None:
        platform.behaviour.lies.add(ref)

    async def calls() -> int:
        return platform.calls

    yield Operator(connector, refuse, lie, calls)
    await connector.close()


@asynccontextmanager
async def mns3gpp(database_url: str, folder: Path) -> AsyncIterator[Operator]:
    """A real gateway on ephemeral ports, with mutual TLS, and the connector to it."""
    authority = Authority(folder / "pki")
    ours = authority.client("utility-grid")
    settings = GatewaySettings(
        database_url=SecretStr(database_url),
        port=0,
        backoffice_port=0,
        backoffice_token_file=folder / "token",
        pki=folder / "pki",
        apply_latency_s=0,
        calls_per_second=10_000,
        log_level="error",
    )
    ports: asyncio.Future[tuple[int, int]] = asyncio.get_running_loop().create_future()
    gateway = asyncio.create_task(
        application.run(settings, ready=lambda standard, office: ports.set_result((standard, office)))
    )
    with anyio.fail_after(30):
        standard, office = await ports
    headers = {"Authorization": f"Bearer {(folder / 'token').read_text().strip()}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{office}", headers=headers) as staff:
        await _take_on(staff, ours.fingerprint)
        connection = Connection(
            "A",
            "mns3gpp",
            f"https://localhost:{standard}/3gpp-mns",
            "SubNetwork=grid",
            certificate=ours.certificate,
            key=ours.key,
            authority=ours.ca,
        )
        connector = Mns3gppConnector(connection)
        rules: list[dict[str, Any]] = []

        async def fault(**rule: Any) -> None:
            rules.append({"operator": "*", **rule})
            answer = await staff.put("/simulation/v1/faults", json={"name": "test", "rules": rules})
            assert answer.is_success, answer.text

        async def refuse(ref: str, reason: str) -> None:
            await fault(fault="reject", ids=[ref], reason=reason)

        async def lie(ref: str) -> None:
            await fault(fault="accept_not_apply", ids=[ref])

        async def calls() -> int:
            counted = (await staff.get("/backoffice/v1/counts")).json()["utilities"][0]
            return int(counted["calls"])

        yield Operator(connector, refuse, lie, calls)
        await connector.close()
    gateway.cancel()
    await asyncio.gather(gateway, return_exceptions=True)


async def _take_on(staff: httpx.AsyncClient, fingerprint: str) -> None:
    """Register the utility and load its subscriptions."""
    terms = {"code": "grid", "name": "Grid", "certificates": [fingerprint], "notification_hosts": ["127.0.0.1"]}
    assert (await staff.post("/backoffice/v1/utilities", json=terms)).status_code == 201
    lines = [
        {"id": ref, "state": "INVENTORY", "subscriptionGroup": "substations", "dataPlan": "m2m-100"}
        for ref in SUBSCRIPTIONS
    ]
    body = "".join(json.dumps(line) + "\n" for line in lines)
    assert (await staff.post("/backoffice/v1/utilities/grid/subscriptions", content=body)).status_code == 201


@pytest.fixture(params=["reference", "mns3gpp"])
async def operator(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Operator]:
    if request.param == "reference":
        async with reference() as made:
            yield made
        return
    clone = request.getfixturevalue("clone")
    async with mns3gpp(clone(migrations()), tmp_path) as made:
        yield made
