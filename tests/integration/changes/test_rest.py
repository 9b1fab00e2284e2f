"""Changes over REST, as the console, the command line and integrators use them."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.conftest import Whole

from tieline.platform.scope import Scope
from tieline.platform.web import current_scope
from tieline.utility.changes import stream
from tieline.utility.changes.jobs import Check, Plan, check, make_plan

pytestmark = pytest.mark.anyio

BODY = {
    "kind": "subscription.preprovision",
    "title": "3G remediation <script>",
    "selection": {"filter": {"linked": True}},
    "waves": {"by": "percent", "steps": [50, 50], "canary": 1},
}


class Desk:
    """Somebody at the REST interface, and the worker that does the jobs."""

    def __init__(self, world: Any, http: httpx.AsyncClient, asker: dict[str, Scope]) -> None:
        self.world = world
        self.http = http
        self.asker = asker

    def now(self, scope: Scope) -> None:
        self.asker["scope"] = scope

    async def ask(self, method: str, path: str, status: int = 200, **more: Any) -> Any:
        answer = await self.http.request(method, path, **more)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def work(self) -> None:
        """Do the jobs that wait."""
        rows = await self.world.rows("SELECT id, task_name, args FROM procrastinate_jobs WHERE status = 'todo'")
        for row in rows:
            payload = row["args"]["payload"]
            if row["task_name"] == "changes.plan":
                await make_plan.run(self.world.runtime, Plan(**payload))
            elif row["task_name"] == "changes.check":
                await check.run(self.world.runtime, Check(**payload))
        await self.world.run_sql("DELETE FROM procrastinate_jobs")

    async def made(self, **more: Any) -> dict[str, Any]:
        change = await self.ask("POST", "/changes", 201, json={**BODY, **more})
        await self.work()
        shown: dict[str, Any] = await self.ask("GET", f"/changes/{change['id']}")
        return shown


@pytest.fixture
async def desk(world: Any, application: Whole) -> AsyncIterator[Desk]:
    asker: dict[str, Scope] = {"scope": world.fred}

    async def current() -> Scope:
        return asker["scope"]

    app = application(world.runtime)
    app.dependency_overrides[current_scope] = current
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://console.test/api/v1") as http:
        yield Desk(world, http, asker)


async def test_from_the_draft_to_the_end(world: Any, desk: Desk) -> None:
    await world.build(6, critical=1)
    change = await desk.made()
    assert change["state"] == "planned"
    assert change["acts"] == ["plan", "submit", "stop"]
    assert [wave["items"] for wave in change["plan_waves"]] == [2, 6, 4]
    path = f"/changes/{change['id']}"
    assert (await desk.ask("POST", f"{path}/submit"))["state"] == "submitted"
    decision = {"plan_hash": change["plan_hash"], "comment": "Go."}
    await desk.ask("POST", f"{path}/approve", 403, json=decision)
    desk.now(world.anna)
    assert "approve" in (await desk.ask("GET", path))["acts"]
    await desk.ask("POST", f"{path}/approve", 409, json={**decision, "plan_hash": "0" * 64})
    assert (await desk.ask("POST", f"{path}/approve", json=decision))["state"] == "approved"
    desk.now(world.fred)
    assert (await desk.ask("POST", f"{path}/start"))["state"] == "running"
    await world.drive(change["id"])
    progress = await desk.ask("GET", f"{path}/progress")
    assert (progress["state"], progress["done"], progress["total"]) == ("completed", 12, 12)
    assert {one["operator"]: one["counts"] for one in progress["operators"]} == {
        "A": {"verified": 6},
        "B": {"verified": 6},
    }
    kinds = [entry["kind"] for entry in (await desk.ask("GET", f"{path}/events"))["items"]]
    assert kinds[:3] == ["created", "planning", "planned"]
    assert kinds.count("submitted") == 1
    assert kinds[-1] == "completed"
    assert {row["state"] for row in (await desk.ask("GET", f"{path}/batches"))["items"]} == {"closed"}
    undo = await desk.ask("POST", f"{path}/undo", 201, json={"regions": ["North"], "reason": "Wrong."})
    await desk.work()
    undo = await desk.ask("GET", f"/changes/{undo['id']}")
    assert (undo["undo_of"], undo["state"], undo["summary"]["impact"]["items"]) == (change["id"], "planned", 6)


async def test_items_are_paged_and_filtered_with_before_and_after(world: Any, desk: Desk) -> None:
    await world.build(8)
    await world.run_sql("UPDATE subscription SET state = 'RETIRED' WHERE operator_ref = 'old-B-3'")
    change = await desk.made()
    path = f"/changes/{change['id']}/items"
    first = await desk.ask("GET", path, params={"limit": 10})
    second = await desk.ask("GET", path, params={"limit": 10, "cursor": first["next"]})
    assert [item["position"] for item in first["items"] + second["items"]] == list(range(1, 17))
    assert second["next"] is None
    item = next(item for item in first["items"] if item["state"] == "planned")
    assert item["before"]["state"] == "INVENTORY"
    assert item["desired"]["state"] == "TEST_READY"
    only = await desk.ask("GET", path, params={"state": "blocked"})
    assert [(item["site"], item["operator"], item["reason_code"]) for item in only["items"]] == [("S3", "B", "retired")]
    for params, count in (
        ({"operator": "A"}, 8),
        ({"region": "North"}, 8),
        ({"wave": 1}, 2),
        ({"q": "S3"}, 2),
        ({"reason": "retired"}, 1),
    ):
        assert len((await desk.ask("GET", path, params=params))["items"]) == count, params
    desk.now(world.fred.narrowed(regions=["North"], operators=["A"]))
    assert len((await desk.ask("GET", path))["items"]) == 4


async def test_the_dry_run_notes_what_operators_would_refuse(world: Any, desk: Desk) -> None:
    await world.build(3)
    world.platforms["A"].behaviour.rejects = {"new-A-2": "Barred."}
    change = await desk.made()
    path = f"/changes/{change['id']}"
    assert await desk.ask("POST", f"{path}/dry-run", 202) == {"operators": {"A": 3, "B": 3}}
    await desk.work()
    items = (await desk.ask("GET", f"{path}/items"))["items"]
    noted = {item["ref"]: item["notes"] for item in items if item["notes"]}
    assert noted == {"new-A-2": [{"code": "operator-refuses", "text": "Operator A would refuse: Barred."}]}
    ended = [
        entry["detail"]
        for entry in (await desk.ask("GET", f"{path}/events"))["items"]
        if entry["kind"] == "dry-run-done"
    ]
    assert sorted((one["operator"], one["asked"], one["refused"]) for one in ended) == [("A", 3, 1), ("B", 3, 0)]
    assert not world.effects()
    assert (await desk.ask("GET", path))["plan_hash"] == change["plan_hash"]


async def test_a_start_that_is_refused_says_what_changed_and_voids_the_approval(world: Any, desk: Desk) -> None:
    await world.build(2)
    change = await desk.made()
    path = f"/changes/{change['id']}"
    await desk.ask("POST", f"{path}/submit")
    await world.run_sql("UPDATE subscription SET apn = 'new.dso', version = version + 1 WHERE operator_ref = 'old-A-1'")
    problem = await desk.ask("POST", f"{path}/start", 409)
    assert "1 altered" in problem["detail"]
    after = await desk.ask("GET", path)
    assert after["state"] == "planned"
    assert after["approvals"][0]["void_at"] is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "nothing"},
        {"title": ""},
        {"type": "casual"},
        {"selection": {"filter": {"colour": "red"}}},
        {"parameters": {"generation": "9G"}},
        {"waves": {"by": "size"}},
        {"thresholds": {"success": 2}},
        {"type": "emergency"},
        {"window": {"opens": "2026-01-02T00:00:00Z", "closes": "2026-01-01T00:00:00Z"}},
        {"window": {"opens": "2026-01-02T00:00:00"}},
    ],
)
async def test_nonsense_is_refused_with_the_field(desk: Desk, wrong: dict[str, Any]) -> None:
    problem = await desk.ask("POST", "/changes", 422, json={**BODY, **wrong})
    assert problem["problems"]


async def test_lists_kinds_policies_and_holds(world: Any, desk: Desk) -> None:
    await world.build(1)
    change = await desk.made()
    listed = await desk.ask("GET", "/changes", params={"state": "planned", "q": "REMEDIATION"})
    assert [one["id"] for one in listed["items"]] == [change["id"]]
    names = [kind["name"] for kind in (await desk.ask("GET", "/change-kinds"))["items"]]
    # Contexts above bring kinds of their own when they are loaded in the same process.
    assert set(names) >= {
        "subscription.configure",
        "subscription.cutover",
        "subscription.preprovision",
        "subscription.restore",
    }
    policy = await desk.ask(
        "POST", "/change-policies", 201, json={"name": "Small", "kind": "subscription.configure", "max_items": 3}
    )
    await desk.ask("POST", f"/change-policies/{policy['id']}/approve", 403)
    desk.now(world.anna)
    assert (await desk.ask("POST", f"/change-policies/{policy['id']}/approve"))["approved_by"] == "user:anna"
    hold = await desk.ask("POST", "/change-holds", 201, json={"reason": "Storm", "operator": "A"})
    assert len((await desk.ask("GET", "/change-holds", params={"only_live": True}))["items"]) == 1
    await desk.ask("POST", f"/change-holds/{hold['id']}/lift", 204)
    await desk.ask("POST", f"/change-holds/{hold['id']}/lift", 404)
    await desk.ask("GET", "/changes/999", 404)


async def test_live_events_end_with_the_change(world: Any, desk: Desk) -> None:
    await world.build(3)
    change = await desk.made()
    await desk.ask("POST", f"/changes/{change['id']}/submit")
    await desk.ask("POST", f"/changes/{change['id']}/start")
    told: list[tuple[str, Any]] = []
    async with world.driving():
        async for piece in stream(world.runtime, world.fred, change["id"], pause=0.01):
            fields = dict(line.split(": ", 1) for line in piece.decode().strip().split("\n"))
            if "event" in fields:
                told.append((fields["event"], json.loads(fields["data"])))
    assert told[-1] == ("end", {"state": "completed"})
    assert [data for kind, data in told if kind == "progress"][-1]["counts"] == {"verified": 6}
    entries = [data["id"] for kind, data in told if kind == "entry"]
    assert entries == sorted(set(entries))
