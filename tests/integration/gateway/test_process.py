"""A gateway as a process of its own: mutual TLS, and SIGKILL in the middle of a plan."""

import asyncio
import json
import os
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from tieline.platform.pki import Authority, client_context, server_context
from tieline.platform.web import fingerprint_of, serve

pytestmark = pytest.mark.anyio

START = """
from tieline.gateway import run
from tieline.gateway.settings import load
from tieline.platform import logs, process
settings = load()
logs.configure(settings.log_level)
process.run(lambda: run(settings))
"""
PLANS = "/3gpp-mns/plan-management/v1"
TREE = "/3gpp-mns/ProvMnS/v1/SubNetwork=U1"


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [found.getsockname()[1] for found in sockets]
    for found in sockets:
        found.close()
    return ports


@dataclass
class Gateway:
    """A gateway's process: started, killed, and started again."""

    environment: dict[str, str]
    office: httpx.AsyncClient
    log: Path
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", START, env=self.environment, stdout=log, stderr=log
            )
        async with asyncio.timeout(60):
            while not await self._ready():  # noqa: ASYNC110 - another process has no event to wait for
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> int:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            return await self.process.wait()

    async def counts(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.office.get("/backoffice/v1/counts")).json()["utilities"][0]
        return found

    async def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.returncode is None, self.log.read_text()
        try:
            return (await self.office.get("/health/ready")).status_code == 200
        except httpx.TransportError:
            return False


@dataclass
class Inbox:
    """A utility's own server for notifications."""

    port: int
    callers: set[str | None] = field(default_factory=set)
    bodies: list[dict[str, Any]] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        self.callers.add(fingerprint_of(request.scope))
        self.bodies.append(json.loads(await request.body()))
        return Response(status_code=204)

    def operational(self) -> set[str]:
        """The subscriptions of which it was told that they are TEST_READY in the network."""
        return {
            change["path"].partition("#")[0].rpartition("=")[2]
            for body in self.bodies
            for change in body.get("moiChanges", [])
            if change["path"].endswith("#/attributes/operational") and change["value"]["state"] == "TEST_READY"
        }


@asynccontextmanager
async def inbox(authority: Authority) -> AsyncIterator[Inbox]:
    (port,) = free_ports(1)
    found = Inbox(port)
    app = Router([Route("/in", found.take, methods=["POST"])])
    tls = server_context(authority.server("utility"))
    ready = asyncio.Event()
    task = asyncio.create_task(serve(app, "127.0.0.1", port, tls=tls, ready=lambda _port: ready.set()))
    await ready.wait()
    try:
        yield found
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def gateway(tmp_path: Path, database_url: str) -> AsyncIterator[Gateway]:
    standard, back = free_ports(2)
    environment = {
        **os.environ,
        "TIELINE_GATEWAY_DATABASE_URL": database_url,
        "TIELINE_GATEWAY_PORT": str(standard),
        "TIELINE_GATEWAY_BACKOFFICE_PORT": str(back),
        "TIELINE_GATEWAY_BACKOFFICE_TOKEN_FILE": str(tmp_path / "token"),
        "TIELINE_GATEWAY_PKI": str(tmp_path / "pki"),
        "TIELINE_GATEWAY_CHUNK": "20",
        "TIELINE_GATEWAY_APPLY_LATENCY_S": "0.2",
        "TIELINE_GATEWAY_LOG_LEVEL": "warning",
    }
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{back}", timeout=30) as office:
        found = Gateway(environment, office, tmp_path / "gateway.log")
        await found.start()
        office.headers["Authorization"] = f"Bearer {(tmp_path / 'token').read_text()}"
        try:
            yield found
        finally:
            await found.stop()


def utility_client(found: Gateway, tls: ssl.SSLContext) -> httpx.AsyncClient:
    port = found.environment["TIELINE_GATEWAY_PORT"]
    return httpx.AsyncClient(base_url=f"https://localhost:{port}", verify=tls, timeout=30)


async def onboard(found: Gateway, authority: Authority, count: int, hosts: list[str]) -> list[str]:
    terms = {
        "code": "U1",
        "name": "U1",
        "certificates": [authority.client("utility-out").fingerprint],
        "notification_hosts": hosts,
        "calls_per_second": 1000,
    }
    (await found.office.post("/backoffice/v1/utilities", json=terms)).raise_for_status()
    ids = [f"S{number:05}" for number in range(count)]
    lines = b"".join(json.dumps({"id": name, "state": "INVENTORY"}).encode() + b"\n" for name in ids)
    (await found.office.post("/backoffice/v1/utilities/U1/subscriptions", content=lines)).raise_for_status()
    return ids


def plan(ids: list[str]) -> dict[str, Any]:
    changes = [
        {
            "modifyOperator": "merge",
            "changeId": name,
            "target": f"/SubNetwork=U1/UtilitySubscription={name}",
            "value": {"attributes": {"state": "TEST_READY", "apn": "new.example"}},
        }
        for name in ids
    ]
    return {"configChangesContentType": "OPENAPI_BASED", "configChanges": changes}


async def test_only_certificates_of_the_authority_are_talked_to(tmp_path: Path, database_url: str) -> None:
    async with gateway(tmp_path, database_url) as found:
        authority = Authority(tmp_path / "pki")
        await onboard(found, authority, 1, [])
        ca = authority.ca
        foreign = Authority(tmp_path / "other-pki").client("utility-out")
        stranger = ssl.create_default_context(cafile=str(ca))
        stranger.load_cert_chain(foreign.certificate, foreign.key)
        for tls in (client_context(ca=ca), stranger):
            async with utility_client(found, tls) as client:
                with pytest.raises(httpx.TransportError):
                    await client.get(TREE)
        async with utility_client(found, client_context(authority.client("somebody"))) as client:
            assert (await client.get(TREE)).status_code == 403
        async with utility_client(found, client_context(authority.client("utility-out"))) as client:
            assert (await client.get(TREE)).json()["id"] == "U1"
    assert await found.stop() == 0


async def test_killed_in_the_middle_of_a_plan_each_change_takes_effect_once(tmp_path: Path, database_url: str) -> None:
    authority = Authority(tmp_path / "pki")
    async with inbox(authority) as box, gateway(tmp_path, database_url) as found:
        ids = await onboard(found, authority, 1500, [f"localhost:{box.port}"])
        async with utility_client(found, client_context(authority.client("utility-out"))) as api:
            recipient = {"notificationRecipientAddress": f"https://localhost:{box.port}/in"}
            made = await api.put(f"{TREE}/NtfSubscriptionControl=n1", json={"id": "n1", "attributes": recipient})
            assert made.status_code == 201
            described = (await api.post(f"{PLANS}/plan-descriptors", json=plan(ids))).json()["id"]
            body, key = {"planConfigDescrId": described, "name": "big"}, {"Idempotency-Key": "big"}
            job = (await api.post(f"{PLANS}/plan-activation-jobs", json=body, headers=key)).json()["id"]
        for share in (0.1, 0.6):
            await until(found, lambda counts, share=share: counts["changes"].get("utility", 0) > share * len(ids))
            await found.kill()
            await found.start()
        async with utility_client(found, client_context(authority.client("utility-out"))) as api:
            again = await api.post(f"{PLANS}/plan-activation-jobs", json=body, headers=key)
            assert again.json()["id"] == job
            await until(found, lambda counts: counts["activation_jobs"] == {"COMPLETED": 1})
            await until(found, lambda counts: not counts["lagging"] and not counts["notifications_waiting"])
            status = (await api.get(f"{PLANS}/plan-activation-jobs/{job}")).json()
            assert status["activationDetails"]["summary"]["succeeded"] == len(ids)
        counts = await found.counts()
        assert counts["by_operational_state"] == {"TEST_READY": len(ids)}
        assert await changed_once(found, "utility") == set(ids)
        assert await changed_once(found, "network") == set(ids)
        assert box.operational() == set(ids)
        assert box.callers == {authority.client("operator-a").fingerprint}


async def until(found: Gateway, holds: Any) -> None:
    async with asyncio.timeout(90):
        while not holds(await found.counts()):  # noqa: ASYNC110 - another process has no event to wait for
            await asyncio.sleep(0.02)


async def changed_once(found: Gateway, party: str) -> set[str]:
    """Give the subscriptions that a party changed, each exactly once."""
    params: dict[str, Any] = {"party": party, "limit": 5000}
    page = (await found.office.get("/backoffice/v1/change-log", params=params)).json()
    assert page["next"] is None
    entries = [entry for entry in page["items"] if ",UtilitySubscription=" in entry["dn"]]
    names = [entry["dn"].rpartition("=")[2] for entry in entries]
    assert len(set(names)) == len(names)
    return set(names)
