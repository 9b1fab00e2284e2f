"""A gateway without sockets: its parts on a fresh database, its applications called directly, its workers by hand."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tieline.gateway.application import backoffice, northbound
from tieline.gateway.backends.driver import Driver
from tieline.gateway.backends.simulated import SimulatedNetwork
from tieline.gateway.backends.simulated.radio import SimulatedRadio
from tieline.gateway.notify.sender import Sender
from tieline.gateway.parts import Parts
from tieline.gateway.plans.executor import Executor
from tieline.gateway.settings import GatewaySettings
from tieline.platform.clock import SystemClock
from tieline.platform.db import Database, fetch_all, fetch_value

PROVISIONING = "/3gpp-mns/ProvMnS/v1"
PLANNING = "/3gpp-mns/plan-management/v1"


@dataclass
class Recipient:
    """Takes notifications, or refuses them with the statuses that it was told."""

    bodies: list[dict[str, Any]] = field(default_factory=list)
    refuse: list[int] = field(default_factory=list)
    told: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.refuse:
            return httpx.Response(self.refuse.pop(0))
        self.bodies.append(json.loads(request.content))
        self.told.set()
        return httpx.Response(204)


@dataclass
class Rig:
    """One gateway in a test."""

    parts: Parts
    network: SimulatedNetwork
    office: httpx.AsyncClient
    recipient: Recipient
    executor: Executor
    driver: Driver
    sender: Sender
    stack: AsyncExitStack

    async def utility(self, code: str, **terms: Any) -> httpx.AsyncClient:
        """Take a utility on; gives a client that comes in with its certificate."""
        fingerprint = code.encode().hex().rjust(64, "0")
        body = {
            "code": code,
            "name": code,
            "certificates": [fingerprint],
            "notification_hosts": ["utility.example"],
            "calls_per_second": 10_000,
            **terms,
        }
        (await self.office.post("/backoffice/v1/utilities", json=body)).raise_for_status()
        return await self.stack.enter_async_context(self.client(fingerprint))

    def client(self, fingerprint: str | None, subject: str = "") -> httpx.AsyncClient:
        """A client that comes in with the certificate of this fingerprint, to listeners that remember nobody."""
        return client_for(northbound(self.parts), fingerprint, subject)

    async def load(self, code: str, count: int, **attributes: Any) -> list[str]:
        """Load so many subscriptions."""
        ids = [f"S{number:05}" for number in range(count)]
        lines = [{"id": name, "state": "INVENTORY", "apn": "old.example", **attributes} for name in ids]
        answer = await self.office.post(f"/backoffice/v1/utilities/{code}/subscriptions", content=ndjson(lines))
        assert answer.status_code == 201, answer.text
        return ids

    async def work(self) -> None:
        """Let plans, network and notifications come to rest."""
        while await self.executor.round():
            pass
        while await self.driver.round():
            pass
        await self.sender.round()

    async def rows(self, text: str, params: Any = None) -> list[Any]:
        async with self.parts.db.snapshot() as tx:
            return await fetch_all(tx, text, params)

    async def value(self, text: str, params: Any = None) -> Any:
        async with self.parts.db.snapshot() as tx:
            return await fetch_value(tx, text, params)


def ndjson(lines: Sequence[Mapping[str, Any]]) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def client_for(app: ASGIApp, fingerprint: str | None, subject: str = "") -> httpx.AsyncClient:
    """Call an application as a listener does that found this certificate."""

    async def with_peer(scope: Scope, receive: Receive, send: Send) -> None:
        found = dict(scope)
        if fingerprint is not None:
            found["extensions"] = {"tls": {"fingerprint": fingerprint, "client_cert_name": subject}}
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        await app(found, receive, sending)
        if not begun:
            raise httpx.RemoteProtocolError("the connection was closed without an answer")

    return httpx.AsyncClient(transport=httpx.ASGITransport(with_peer), base_url="https://gateway.example")


@pytest.fixture
def gateway_settings(tmp_path: Path, gateway_db: Database) -> GatewaySettings:
    return GatewaySettings(
        database_url=gateway_db.url,
        backoffice_token_file=tmp_path / "token",
        pki=tmp_path / "pki",
        apply_latency_s=0,
        chunk=50,
        public_url="https://gateway.example",
    )


@pytest.fixture
async def rig(gateway_db: Database, gateway_settings: GatewaySettings) -> AsyncIterator[Rig]:
    network = SimulatedNetwork(gateway_settings.code, latency_s=0)
    radio = SimulatedRadio(network)
    parts = Parts(gateway_settings, gateway_db, SystemClock(), network, network, gateway_settings.base_url, radio)
    office = backoffice(parts, network)
    recipient = Recipient()
    async with AsyncExitStack() as stack:
        headers = {"Authorization": f"Bearer {office.state.token}"}
        transport = httpx.ASGITransport(office)
        client = await stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://office.example", headers=headers)
        )
        http = await stack.enter_async_context(httpx.AsyncClient(transport=httpx.MockTransport(recipient)))
        yield Rig(
            parts=parts,
            network=network,
            office=client,
            recipient=recipient,
            executor=Executor(parts),
            driver=Driver(parts),
            sender=Sender(parts, http),
            stack=stack,
        )
        await asyncio.sleep(0)
