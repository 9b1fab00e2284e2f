"""Activation jobs that wait for a trigger, and triggers that fire by the clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tieline.gateway.plans.triggers import TriggerClock
from tieline.platform.clock import SetClock

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Rig

pytestmark = pytest.mark.anyio

PLANS = "/3gpp-mns/plan-management/v1"
TRIGGERS = f"{PLANS}/trigger-descriptors"
JOBS = f"{PLANS}/plan-activation-jobs"


def trigger(*jobs: str, **members: Any) -> dict[str, Any]:
    return {"name": "tonight", "conditionExpression": "true", "evaluationPeriod": 60, "activationJobs": jobs, **members}


async def waiting(api: httpx.AsyncClient, name: str, **more: Any) -> str:
    """Make an activation job that waits for a trigger; gives its identifier."""
    change = {
        "modifyOperator": "merge",
        "target": f"/SubNetwork=U1/UtilitySubscription={name}",
        "value": {"attributes": {"apn": "new.example"}},
    }
    plan = {"configChangesContentType": "OPENAPI_BASED", "configChanges": [change]}
    answer = await api.post(JOBS, json={"planConfigDescr": plan, "isImmediateActivation": False, **more})
    assert answer.status_code == 201, answer.text
    assert answer.json()["jobState"] == "NOT_STARTED"
    identifier: str = answer.json()["id"]
    return identifier


async def state(api: httpx.AsyncClient, job: str) -> str:
    found: str = (await api.get(f"{JOBS}/{job}/status")).json()["jobState"]
    return found


async def made(api: httpx.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    answer = await api.post(TRIGGERS, json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["location"].endswith(f"/trigger-descriptors/{found['id']}")
    return found


async def test_a_job_waits_until_its_trigger_fires_and_no_longer(rig: "Rig") -> None:
    clock = SetClock(datetime.now(UTC))
    rig.parts = replace(rig.parts, clock=clock)
    ticking = TriggerClock(rig.parts)
    api = await rig.utility("U1")
    ids = await rig.load("U1", 1)
    job = await waiting(api, ids[0])
    await rig.work()
    assert await state(api, job) == "NOT_STARTED"
    start = clock.now() + timedelta(hours=2)
    hysteresis = {"numberOfTrueEvaluations": 3}
    found = await made(api, trigger(job, startEvaluationAt=start.isoformat(), hysteresis=hysteresis))
    assert (found.get("currentEvaluationResult", False), found["isTriggerActive"]) == (False, True)
    clock.forward(timedelta(hours=2, seconds=119))
    assert await ticking.round() == pytest.approx(1)
    await rig.work()
    shown = (await api.get(f"{TRIGGERS}/{found['id']}")).json()
    assert shown["currentEvaluationResult"] is True
    assert datetime.fromisoformat(shown["lastTriggeredAt"]) == start
    assert await state(api, job) == "NOT_STARTED"
    clock.forward(timedelta(seconds=1))
    await ticking.round()
    assert rig.parts.signals.plans.is_set()
    await rig.work()
    assert await state(api, job) == "COMPLETED"
    assert (await api.get(f"{TRIGGERS}/{found['id']}")).json().get("isTriggerActive", False) is False
    rows = await rig.rows("SELECT attributes ->> 'apn' AS apn FROM managed_object WHERE name = %s", ids)
    assert rows[0]["apn"] == "new.example"


async def test_a_trigger_that_slept_through_its_time_starts_nothing(rig: "Rig") -> None:
    clock = SetClock(datetime.now(UTC))
    rig.parts = replace(rig.parts, clock=clock)
    api = await rig.utility("U1")
    ids = await rig.load("U1", 2)
    late, lapsed = [await waiting(api, name) for name in ids]
    soon = (clock.now() + timedelta(minutes=1)).isoformat()
    await made(api, trigger(late, startEvaluationAt=soon))
    await made(
        api, trigger(lapsed, startEvaluationAt=soon, stopEvaluationAt=(clock.now() + timedelta(minutes=5)).isoformat())
    )
    clock.forward(timedelta(hours=1))
    await TriggerClock(rig.parts).round()
    assert [await state(api, job) for job in (late, lapsed)] == ["QUEUED", "NOT_STARTED"]


async def test_a_waiting_job_can_be_cancelled_and_is_then_left_alone(rig: "Rig") -> None:
    api = await rig.utility("U1")
    ids = await rig.load("U1", 1)
    job = await waiting(api, ids[0])
    await made(api, trigger(job))
    assert (await api.delete(f"{JOBS}/{job}")).status_code == 409
    assert (await api.patch(f"{JOBS}/{job}", json={"cancelRequest": True})).status_code == 204
    await TriggerClock(rig.parts).round()
    await rig.work()
    assert await state(api, job) == "CANCELLED"


async def test_a_plan_that_a_job_waits_for_is_not_deleted(rig: "Rig") -> None:
    api = await rig.utility("U1")
    change = {"modifyOperator": "delete", "target": "/SubNetwork=U1/UtilitySubscription=S1"}
    body = {"configChangesContentType": "OPENAPI_BASED", "configChanges": [change]}
    plan = (await api.post(f"{PLANS}/plan-descriptors", json=body)).json()["id"]
    wanted = {"planConfigDescrId": plan, "isImmediateActivation": False}
    assert (await api.post(JOBS, json=wanted)).status_code == 201
    assert (await api.delete(f"{PLANS}/plan-descriptors/{plan}")).status_code == 409


async def test_triggers_are_listed_replaced_and_deleted(rig: "Rig") -> None:
    clock = SetClock(datetime.now(UTC))
    rig.parts = replace(rig.parts, clock=clock)
    api = await rig.utility("U1")
    ids = await rig.load("U1", 1)
    job = await waiting(api, ids[0])
    found = await made(api, trigger(job, startEvaluationAt=(clock.now() + timedelta(days=9)).isoformat()))
    assert [entry["id"] for entry in (await api.get(f"{TRIGGERS}?name=tonight")).json()] == [found["id"]]
    assert (await api.get(f"{TRIGGERS}?name=other")).json() == []
    assert (await api.put(f"{TRIGGERS}/{found['id']}", json=trigger(job, name="now"))).status_code == 204
    assert (await api.get(f"{TRIGGERS}/{found['id']}")).json()["name"] == "now"
    await TriggerClock(rig.parts).round()
    assert await state(api, job) == "QUEUED"
    assert (await api.delete(f"{TRIGGERS}/{found['id']}")).status_code == 204
    assert (await api.delete(f"{TRIGGERS}/{found['id']}")).status_code == 404
    assert (await api.put(f"{TRIGGERS}/{found['id']}", json=trigger(job))).status_code == 404


async def test_what_a_trigger_cannot_be(rig: "Rig", monkeypatch: pytest.MonkeyPatch) -> None:
    api = await rig.utility("U1")
    ids = await rig.load("U1", 2)
    job = await waiting(api, ids[0])
    begun = await waiting(api, ids[1])
    await api.patch(f"{JOBS}/{begun}", json={"cancelRequest": True})
    past = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    for body, status, node in (
        (trigger(job, conditionExpression='/SubNetwork=U1/attributes/x = "y"'), 422, "/conditionExpression"),
        (trigger(job, stopEvaluationAt=past), 422, "/stopEvaluationAt"),
        (trigger(begun), 422, "/activationJobs"),
        (trigger("aj-999999"), 404, "/"),
        (trigger("vj-1"), 404, "/"),
        (trigger(job, evaluationPeriod=0), 400, "/evaluationPeriod"),
    ):
        answer = await api.post(TRIGGERS, json=body)
        assert (answer.status_code, answer.json()["badDataNode"]) == (status, node), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
    monkeypatch.setattr("tieline.gateway.plans.triggers.MOST", 1)
    await made(api, trigger(job))
    assert (await api.post(TRIGGERS, json=trigger(job))).status_code == 409


async def test_one_utility_neither_sees_nor_starts_what_is_anothers(rig: "Rig") -> None:
    mine, other = await rig.utility("U1"), await rig.utility("U2")
    ids = await rig.load("U1", 1)
    job = await waiting(mine, ids[0])
    found = await made(mine, trigger(job, startEvaluationAt="2126-01-01T00:00:00Z"))
    assert (await other.post(TRIGGERS, json=trigger(job))).status_code == 404
    assert (await other.get(TRIGGERS)).json() == []
    for method in ("GET", "PUT", "DELETE"):
        answer = await other.request(method, f"{TRIGGERS}/{found['id']}", json=trigger(job))
        assert answer.status_code == 404
    await TriggerClock(rig.parts).round()
    assert await state(mine, job) == "NOT_STARTED"
