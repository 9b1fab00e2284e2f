"""The engine against two real gateways over mutual TLS: what it says is what is in effect there."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
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
from tieline.utility.changes.driver import Pace
from tieline.utility.changes.model import ChangeState, Thresholds
from tieline.utility.changes.service import drafting
from tieline.utility.changes.service.drafting import Draft
from tieline.utility.changes.store.items import Part
from tieline.utility.connectors import Field, Lines
from tieline.utility.connectors.providers.installed import PROVIDERS
from tieline.utility.inventory import FleetFilter, Selection

pytestmark = pytest.mark.anyio

Make = Callable[..., Draft]
PACE = Pace(poll=(0.02, 0.2), follow=(0.05, 0.2), deadline=2.0, idle=0.05)
WIRE = {
    Field.STATE: "state",
    Field.APN: "apn",
    Field.IP_ADDRESS: "ipAddress",
    Field.SUBSCRIPTION_GROUP: "subscriptionGroup",
    Field.DATA_PLAN: "dataPlan",
}


@dataclass
class Gateway:
    """One operator's gateway, and its staff."""

    staff: httpx.AsyncClient
    base_url: str

    async def faults(self, *rules: dict[str, Any]) -> None:
        answer = await self.staff.put("/simulation/v1/faults", json={"name": "test", "seed": 1, "rules": list(rules)})
        assert answer.is_success, answer.text

    async def shown(self) -> dict[str, dict[str, Any]]:
        """What the gateway itself says of every subscription."""
        found: dict[str, dict[str, Any]] = {}
        after = ""
        while True:
            params = {"limit": "500", "after": after}
            page = (await self.staff.get("/backoffice/v1/utilities/grid/subscriptions", params=params)).json()
            found |= {item["id"]: item for item in page["items"]}
            after = page["next"]
            if after is None:
                return found

    async def writes(self) -> dict[str, int]:
        """How often the utility changed each subscription, by the gateway's own log."""
        counts: dict[str, int] = {}
        after = 0
        while True:
            params = {"limit": "1000", "party": "utility", "after": str(after)}
            page = (await self.staff.get("/backoffice/v1/change-log", params=params)).json()
            for entry in page["items"]:
                ref = entry["dn"].rpartition("=")[2]
                counts[ref] = counts.get(ref, 0) + 1
            after = page["next"]
            if after is None:
                return counts


@asynccontextmanager
async def running(code: str, database_url: str, folder: Path) -> AsyncIterator[Gateway]:
    token = folder / f"token-{code}"
    settings = GatewaySettings(
        code=code,
        database_url=SecretStr(database_url),
        port=0,
        backoffice_port=0,
        backoffice_token_file=token,
        pki=folder / "pki",
        apply_latency_s=0,
        calls_per_second=1000,
    )
    ports: asyncio.Future[tuple[int, int]] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(application.run(settings, ready=lambda one, two: ports.set_result((one, two))))
    with anyio.fail_after(30):
        standard, office = await ports
    headers = {"Authorization": f"Bearer {token.read_text().strip()}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{office}", headers=headers, timeout=30) as staff:
        yield Gateway(staff, f"https://localhost:{standard}/3gpp-mns")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@dataclass
class Pair:
    """A world whose operators are real gateways."""

    world: Any
    gateways: dict[str, Gateway]

    async def build(self, sites: int) -> None:
        """Build the fleet, and load each gateway with its part."""
        await self.world.build(sites)
        for code, gateway in self.gateways.items():
            lines = [
                {"id": ref, **{WIRE[field]: value for field, value in fields.items() if field in WIRE and value}}
                for ref, fields in (await self.world._subscriptions(code)).items()
            ]
            body = "".join(json.dumps(line) + "\n" for line in lines)
            answer = await gateway.staff.post("/backoffice/v1/utilities/grid/subscriptions", content=body)
            assert answer.status_code == 201, answer.text
        await self.connect()

    async def connect(self) -> None:
        for code, gateway in self.gateways.items():
            await self.world.run_sql(
                "UPDATE operator_connection SET provider = 'mns3gpp', base_url = %(url)s, dn = 'SubNetwork=grid',"
                " certificate = 'utility-grid.pem', private_key = 'utility-grid.key', authority = 'ca.pem',"
                " max_batch = 10, updated_at = clock_timestamp()"
                " WHERE operator_id = (SELECT id FROM operator WHERE code = %(code)s)",
                url=gateway.base_url,
                code=code,
            )


@pytest.fixture
async def pair(world: Any, clone: Callable[..., str], tmp_path: Path) -> AsyncIterator[Pair]:
    ours = Authority(tmp_path / "pki").client("utility-grid")
    lines = Lines(world.db, PROVIDERS, tmp_path / "pki")
    world.lines, world.pace, world.platforms = lines, PACE, {}
    async with AsyncExitStack() as stack:
        gateways = {}
        for code in ("A", "B"):
            gateways[code] = await stack.enter_async_context(running(code, clone(migrations()), tmp_path))
            terms = {"code": "grid", "name": "Grid", "certificates": [ours.fingerprint]}
            assert (await gateways[code].staff.post("/backoffice/v1/utilities", json=terms)).status_code == 201
        yield Pair(world, gateways)
        await lines.close()


def chosen(rule: int, refs: set[str], share: float) -> set[str]:
    """Which subscriptions a fault strikes (docs/reference/world.md)."""

    def u(ref: str) -> float:
        return int.from_bytes(hashlib.sha256(f"1:{rule}:{ref}".encode()).digest()[:8], "big") / 2**64

    return {ref for ref in refs if u(ref) < share}


async def test_exactly_what_does_not_take_effect_is_reported_failed(pair: Pair, prepare: Make) -> None:
    await pair.build(40)
    await pair.gateways["B"].faults({"operator": "B", "fault": "accept_not_apply", "share": 0.2})
    change = await pair.world.started(prepare(thresholds=Thresholds(success=0, error=1)))
    await pair.world.drive(change.id, seconds=60)
    items = await pair.world.rows(
        "SELECT o.code, i.ref, i.state, i.reason_code FROM change_item i JOIN operator o ON o.id = i.operator_id"
    )
    mine = {item["ref"] for item in items if item["code"] == "B"}
    expected = chosen(0, mine, 0.2)
    assert expected
    assert {item["ref"] for item in items if item["state"] == "failed"} == expected
    assert {item["reason_code"] for item in items if item["state"] == "failed"} == {"not-operational"}
    assert sum(item["state"] == "verified" for item in items) == 80 - len(expected)
    for code, gateway in pair.gateways.items():
        shown = await gateway.shown()
        for item in items:
            if item["code"] == code:
                state = shown[item["ref"]]["attributes"]["operational"]["state"]
                assert state == ("INVENTORY" if item["ref"] in expected else "TEST_READY")
        assert set((await gateway.writes()).values()) == {1}


async def test_requests_that_are_not_answered_take_effect_once_and_an_undo_puts_a_region_back(
    pair: Pair, prepare: Make
) -> None:
    await pair.build(12)
    rule = {"operator": "A", "fault": "timeout", "delay_s": 0.2, "applied": True, "count": 2}
    await pair.gateways["A"].faults(rule)
    world = pair.world
    change = await world.started(prepare())
    await world.drive(change.id, seconds=60)
    assert await world.states(change.id) == {"verified": 24}
    for gateway in pair.gateways.values():
        assert set((await gateway.writes()).values()) == {1}
    async with world.db.transaction() as tx:
        undone = await drafting.undo(tx, world.fred, change.id, Part(regions=("North",)), title="", reason="")
    await world.replan(undone.id)
    if (await world.submit(undone.id)).state is ChangeState.SUBMITTED:
        await world.decide(undone.id)
    await world.start(undone.id)
    await world.drive(undone.id, seconds=60)
    assert await world.states(undone.id) == {"verified": 12}
    for gateway in pair.gateways.values():
        states = [one["attributes"]["operational"]["state"] for one in (await gateway.shown()).values()]
        assert states.count("TEST_READY") == 6


async def test_a_group_is_made_by_many_batches_at_once_and_ends_with_its_last_member(pair: Pair) -> None:
    """Batches of one change meet at the group: the second finds it made, the last but one finds it nearly empty."""
    await pair.build(35)
    world, name = pair.world, "north@grid.example"
    chosen = Selection(filter=FleetFilter(linked=True))
    made = Draft(kind="group.create", title="make", selection=chosen, parameters={"group": name, "dnn": "grid.north"})
    change = await world.started(made)
    await world.drive(change.id, seconds=60)
    assert await world.states(change.id) == {"verified": 70}
    for gateway in pair.gateways.values():
        shown = (await gateway.shown()).values()
        assert sum(one["attributes"].get("lanGroups") == [name] for one in shown) == 35
        assert (await gateway.writes())[name] >= 4
    ended = Draft(
        kind="group.remove",
        title="end",
        selection=Selection(filter=FleetFilter(lan_groups=(name,))),
        parameters={"group": name},
    )
    change = await world.started(ended)
    await world.drive(change.id, seconds=60)
    assert await world.states(change.id) == {"verified": 70}
    for gateway in pair.gateways.values():
        assert not any("lanGroups" in one["attributes"] for one in (await gateway.shown()).values())
        log = (await gateway.staff.get("/backoffice/v1/change-log", params={"party": "utility", "limit": 1000})).json()
        last = [one["operation"] for one in log["items"] if one["dn"].endswith(f"LanGroup={name}")]
        assert last[0] == "created"
        assert last[-1] == "deleted"


async def test_a_group_whose_calls_are_not_answered_is_made_once(pair: Pair) -> None:
    await pair.build(12)
    world, name = pair.world, "north@grid.example"
    rule = {"operator": "A", "fault": "timeout", "delay_s": 0.2, "count": 3}
    await pair.gateways["A"].faults({**rule, "applied": True}, {**rule, "applied": False})
    made = Draft(
        kind="group.create",
        title="make",
        selection=Selection(filter=FleetFilter(linked=True, operators=("A",))),
        parameters={"group": name, "dnn": "grid.north"},
    )
    change = await world.started(made)
    await world.drive(change.id, seconds=60)
    assert await world.states(change.id) == {"verified": 12}
    log = (await pair.gateways["A"].staff.get("/backoffice/v1/change-log", params={"limit": 1000})).json()["items"]
    created = [one for one in log if one["dn"].endswith(f"LanGroup={name}") and one["operation"] == "created"]
    assert len(created) == 1
    taken = [one["dn"] for one in log if one["party"] == "network" and "lanGroups" in (one["after"] or {})]
    assert len(taken) == len(set(taken)) == 12
