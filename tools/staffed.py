"""An operator's gateway whose console is looked at: an invented world in a real database, served in a thread.

Used by `tools/screenshots.py` and by the tests that drive a browser. Everything it starts, it stops.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from tieline.gateway.application import assembled, backoffice, northbound, token_of
from tieline.gateway.backends.driver import Driver
from tieline.gateway.parts import Parts
from tieline.gateway.plans.executor import Executor
from tieline.gateway.settings import GatewaySettings
from tieline.lab import fill
from tieline.lab.world import WorldSpec, build_world, write_world
from tieline.platform import logs
from tieline.platform.clock import SystemClock
from tieline.platform.identity import bootstrap
from tieline.platform.scope import Role
from tieline.platform.web import serve
from tieline.platform.wiring import Runtime
from tools.served import ADMINISTRATOR, PASSWORD, Serving

FINGERPRINT = "5a" * 32
_PLANS = "/3gpp-mns/plan-management/v1/plan-activation-jobs"
_DESK = "/tmf-api/changeManagement/v4/changeRequest"


class Staffed(Serving):
    """A gateway's console, filled when it is to have a world; `numbers` are names of what was brought about."""

    def __init__(self, database_url: str, home: Path, sites: int) -> None:
        super().__init__()
        self.numbers: dict[str, str] = {}
        self._database_url, self._home, self._sites = database_url, home, sites

    async def _serve(self) -> None:
        settings = GatewaySettings(
            code="A",
            name="Operator A",
            database_url=self._database_url,
            backoffice_token_file=self._home / "token",
            pki=self._home / "pki",
            apply_latency_s=0,
            public_url="https://gateway.example",
        )
        listening = asyncio.get_running_loop().create_future()
        async with assembled(settings, SystemClock()) as (parts, network):
            app = backoffice(parts, network)
            await staff(app.state.runtime)
            serving = asyncio.create_task(serve(app, "127.0.0.1", 0, ready=listening.set_result, grace=1))
            url = f"http://127.0.0.1:{await listening}"
            self.numbers = await self._fill(parts, url) if self._sites else {}
            self._serves(url)
            await self._end.wait()
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

    async def _fill(self, parts: Parts, url: str) -> dict[str, str]:
        folder = self._home / "world"
        world = build_world(WorldSpec(sites=self._sites, seed=7))
        write_world(world, folder)
        side = fill.OperatorSide("A", url, token_of(parts.settings), parts.base_url, "00" * 32)
        utility = fill.UtilitySide("utility.example:8401", FINGERPRINT)
        await asyncio.to_thread(fill.fill_operator, side, utility, folder, lambda _: None)
        return await lived(parts, [one.ref for one in world.subscriptions["A"]])


async def staff(runtime: Runtime) -> None:
    """Make somebody who may do everything here."""
    roles = frozenset({Role.ADMINISTRATOR, Role.OPERATOR})
    await bootstrap(runtime, name=ADMINISTRATOR, password=PASSWORD, roles=roles)


async def lived(parts: Parts, subscriptions: Sequence[str]) -> dict[str, str]:
    """Bring about what a utility does: plans that went well, in part, and have yet to begin; a client; an answer."""
    executor, driver = Executor(parts), Driver(parts)
    async with _client(northbound(parts)) as utility:
        done = await _activate(utility, "Move meters to the new APN", subscriptions[:40], "meters.grid")
        partly = await _activate(utility, "Valleys, second wave", [*subscriptions[40:60], "unknown"], "valleys.grid")
        while await executor.round():
            pass
        while await driver.round():
            pass
        waits = await _activate(utility, "Coast, tonight", subscriptions[60:160], "coast.grid")
        found = (await utility.get(_DESK)).json()
    headers = {"Authorization": f"Bearer {token_of(parts.settings)}"}
    transport = httpx.ASGITransport(backoffice(parts, None))
    async with httpx.AsyncClient(transport=transport, base_url="http://office.example", headers=headers) as office:
        scada = {"name": "scada", "scopes": ["read", "plans"], "subject": "CN=scada,O=Grid", "by": "ada"}
        _checked(await office.post(f"/backoffice/v1/utilities/{fill.UTILITY}/clients", json=scada))
        hand = {"attributes": {"apn": "internet.m2m"}, "by": "k.meier", "reason": "Ticket 4711"}
        place = f"/backoffice/v1/utilities/{fill.UTILITY}/subscriptions/{subscriptions[200]}"
        _checked(await office.patch(place, json=hand))
    return {"done": done, "partly": partly, "waits": waits, "sim": subscriptions[200], "notice": found[0]["id"]}


async def _activate(utility: httpx.AsyncClient, name: str, subscriptions: Sequence[str], apn: str) -> str:
    changes = [
        {
            "modifyOperator": "merge",
            "target": f"/SubNetwork={fill.UTILITY}/UtilitySubscription={one}",
            "changeId": one,
            "value": {"attributes": {"apn": apn}},
        }
        for one in subscriptions
    ]
    plan = {
        "name": name,
        "activationMode": "BEST_EFFORT",
        "configChangesContentType": "OPENAPI_BASED",
        "configChanges": changes,
    }
    body = {"name": name, "isFallbackEnabled": True, "planConfigDescr": plan}
    return str(_checked(await utility.post(_PLANS, json=body)).json()["id"])


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_error:
        raise RuntimeError(f"{answer.request.url}: {answer.status_code} {answer.text[:400]}")
    return answer


def _client(app: ASGIApp) -> httpx.AsyncClient:
    """A utility's client, as a listener lets it in that found its certificate."""

    async def with_peer(scope: Scope, receive: Receive, send: Send) -> None:
        peer: dict[str, Any] = {"fingerprint": FINGERPRINT, "client_cert_name": "CN=utility-client"}
        await app({**scope, "extensions": {"tls": peer}}, receive, send)

    return httpx.AsyncClient(transport=httpx.ASGITransport(with_peer), base_url="https://gateway.example")


def start(database_url: str, home: Path, *, sites: int) -> Staffed:
    """Serve the console of a migrated gateway's database on a free port of this machine; no sites: an empty one."""
    logs.configure("error")
    return Staffed(database_url, home, sites).begin()
