"""What a gateway forgets, and what it must not."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import ValidationError

from tieline.gateway.retention.worker import Housekeeper
from tieline.gateway.settings import GatewaySettings
from tieline.platform.db import execute

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Rig

pytestmark = pytest.mark.anyio

PLANS = "/3gpp-mns/plan-management/v1"


def plan(*names: str, **attributes: Any) -> dict[str, Any]:
    changes = [
        {
            "modifyOperator": "merge",
            "target": f"/SubNetwork=U1/UtilitySubscription={name}",
            "value": {"attributes": attributes or {"apn": "new.example"}},
        }
        for name in names
    ]
    return {"name": "p", "configChangesContentType": "OPENAPI_BASED", "configChanges": changes}


async def posted(api: httpx.AsyncClient, collection: str, body: dict[str, Any]) -> str:
    answer = await api.post(f"{PLANS}/{collection}", json=body)
    assert answer.status_code == 201, answer.text
    identifier: str = answer.json()["id"]
    return identifier


async def activated(rig: "Rig", api: httpx.AsyncClient, **body: Any) -> str:
    job = await posted(api, "plan-activation-jobs", body)
    await rig.work()
    return job


async def status(api: httpx.AsyncClient, path: str) -> int:
    return (await api.get(f"{PLANS}/{path}")).status_code


async def age(rig: "Rig", days: int) -> None:
    """Make everything that is there so many days older."""
    columns = {
        "plan_job": ("created_at", "started_at", "stopped_at"),
        "plan_descriptor": ("last_modified_at",),
        "plan_group": ("last_modified_at",),
        "trigger_descriptor": ("fires_at", "ends_at", "fired_at"),
        "change_log": ("at",),
        "answered_call": ("at",),
    }
    async with rig.parts.db.transaction() as tx:
        for table, names in columns.items():
            changes = ", ".join(f"{name} = {name} - %(step)s" for name in names)
            await execute(tx, f"UPDATE {table} SET {changes}", {"step": timedelta(days=days)})


async def forget(rig: "Rig") -> dict[str, int]:
    return await Housekeeper(rig.parts, pause_s=0).round()


async def test_what_is_young_stays(rig: "Rig") -> None:
    api = await rig.utility("U1")
    (name,) = await rig.load("U1", 1)
    described = await posted(api, "plan-descriptors", plan(name))
    job = await activated(rig, api, planConfigDescrId=described)
    await age(rig, 29)
    assert await forget(rig) == {}
    assert await status(api, f"plan-activation-jobs/{job}") == 200


async def test_a_job_goes_with_its_details_and_its_plan_when_nothing_uses_it_any_more(rig: "Rig") -> None:
    api = await rig.utility("U1")
    (name,) = await rig.load("U1", 1)
    described = await posted(api, "plan-descriptors", plan(name, "nobody"))
    job = await activated(rig, api, planConfigDescrId=described)
    tried = await posted(api, "plan-validation-jobs", {"planConfigDescrId": described})
    await rig.work()
    assert await rig.value("SELECT count(*) FROM plan_failure") == 2
    await age(rig, 31)
    assert await forget(rig) == {"jobs": 2}
    assert await status(api, f"plan-activation-jobs/{job}") == 404
    assert await status(api, f"plan-validation-jobs/{tried}") == 404
    assert await rig.value("SELECT count(*) FROM plan_failure") == 0
    assert await status(api, f"plan-descriptors/{described}") == 200
    await age(rig, 60)
    assert await forget(rig) == {"plans": 1, "contents": 1}
    assert await status(api, f"plan-descriptors/{described}") == 404
    assert await rig.value("SELECT count(*) FROM change_log WHERE party = 'utility'") == 1


async def test_a_plan_stays_while_a_job_or_a_group_has_it(rig: "Rig") -> None:
    api = await rig.utility("U1")
    (name,) = await rig.load("U1", 1)
    used, member = [await posted(api, "plan-descriptors", plan(name)) for _ in range(2)]
    inner = await posted(api, "plan-group-descriptors", {"members": [{"planConfigDescrId": member}]})
    await posted(api, "plan-group-descriptors", {"members": [{"planConfigGroupDescrId": inner}]})
    await age(rig, 91)
    await activated(rig, api, planConfigDescrId=used)
    assert await forget(rig) == {"groups": 1}  # the outer one; the inner one was still its member
    assert await status(api, f"plan-descriptors/{used}") == 200
    assert await status(api, f"plan-descriptors/{member}") == 200
    await activated(rig, api, planConfigGroupDescrId=inner)
    assert await forget(rig) == {}
    assert await status(api, f"plan-group-descriptors/{inner}") == 200
    await age(rig, 31)
    assert await forget(rig) == {"jobs": 2, "groups": 1, "plans": 2, "contents": 2}


async def test_changes_of_a_replaced_or_deleted_plan_stay_for_the_job_that_has_them(rig: "Rig") -> None:
    api = await rig.utility("U1")
    names = await rig.load("U1", 2)
    described = await posted(api, "plan-descriptors", plan(names[0]))
    job = await posted(api, "plan-activation-jobs", {"planConfigDescrId": described})
    assert (await api.put(f"{PLANS}/plan-descriptors/{described}", json=plan(names[1]))).status_code == 204
    assert (await api.delete(f"{PLANS}/plan-descriptors/{described}")).status_code == 204
    # Of the two contents the job's stays; the deleted plan's own goes with it.
    assert await forget(rig) == {"plans": 1, "contents": 1}
    await rig.work()
    details = (await api.get(f"{PLANS}/plan-activation-jobs/{job}/activation-details?expand=all")).json()
    assert [result["state"] for result in details["results"]] == ["SUCCEEDED"]


async def test_what_can_be_taken_back_stays_until_its_time_is_over(rig: "Rig") -> None:
    api = await rig.utility("U1")
    (name,) = await rig.load("U1", 1)
    job = await activated(rig, api, planConfigDescr=plan(name), isFallbackEnabled=True)
    fallback = job.replace("aj", "fb")
    await age(rig, 179)
    assert await forget(rig) == {}
    undo = await activated(rig, api, fallbackConfigDescrId=fallback)
    rows = await rig.rows("SELECT attributes ->> 'apn' AS apn FROM managed_object WHERE name = %s", [name])
    assert rows[0]["apn"] == "old.example"
    await age(rig, 31)
    gone = await forget(rig)
    assert gone == {"fallbacks": 1, "jobs": 2, "contents": 1}
    assert await status(api, f"fallback-descriptors/{fallback}") == 404
    assert await status(api, f"plan-activation-jobs/{undo}") == 404


async def test_log_rows_go_after_their_time_but_for_those_that_an_undo_waits_to_read(rig: "Rig") -> None:
    api = await rig.utility("U1")
    names = await rig.load("U1", 2)
    first = await activated(rig, api, planConfigDescr=plan(names[0]), isFallbackEnabled=True)
    await activated(rig, api, planConfigDescr=plan(names[1]))
    fallback = first.replace("aj", "fb")
    waiting = {"fallbackConfigDescrId": fallback, "isImmediateActivation": False}
    undo = await posted(api, "plan-activation-jobs", waiting)
    body = {"conditionExpression": "true", "evaluationPeriod": 60, "activationJobs": [undo]}
    await posted(api, "trigger-descriptors", {**body, "startEvaluationAt": "2126-01-01T00:00:00Z"})
    before = await rig.value("SELECT count(*) FROM change_log")
    await age(rig, 401)
    async with rig.parts.db.transaction() as tx:
        await execute(tx, "UPDATE trigger_descriptor SET fires_at = now() + interval '1 day'")
    gone = await forget(rig)
    assert gone["log_rows"] == before - 1
    (left,) = await rig.rows("SELECT job_id, dn FROM change_log")
    assert (f"aj-{left['job_id']}", left["dn"]) == (first, f"SubNetwork=U1,UtilitySubscription={names[0]}")
    assert await status(api, f"plan-activation-jobs/{undo}") == 200
    assert await status(api, f"fallback-descriptors/{fallback}") == 200


async def test_waiting_jobs_go_once_no_trigger_will_start_them(rig: "Rig") -> None:
    api = await rig.utility("U1")
    waiting = {"planConfigDescr": plan("S1"), "isImmediateActivation": False}
    wanted, forgotten = [await posted(api, "plan-activation-jobs", waiting) for _ in range(2)]
    body = {"conditionExpression": "true", "evaluationPeriod": 60, "activationJobs": [wanted]}
    await posted(api, "trigger-descriptors", {**body, "startEvaluationAt": "2126-01-01T00:00:00Z"})
    await age(rig, 31)
    assert await forget(rig) == {"jobs": 1, "contents": 1}
    assert await status(api, f"plan-activation-jobs/{forgotten}") == 404
    assert await status(api, f"plan-activation-jobs/{wanted}") == 200


async def test_jobs_that_are_not_over_stay_however_old(rig: "Rig") -> None:
    api = await rig.utility("U1")
    names = await rig.load("U1", 60)
    running, queued = [await posted(api, "plan-activation-jobs", {"planConfigDescr": plan(*names)}) for _ in range(2)]
    await rig.executor.round()
    await age(rig, 999)
    await forget(rig)
    assert await status(api, f"plan-activation-jobs/{queued}") == 200
    await rig.work()
    job = (await api.get(f"{PLANS}/plan-activation-jobs/{running}")).json()
    assert (job["jobState"], job["activationDetails"]["summary"]["succeeded"]) == ("COMPLETED", 60)


async def test_notifications_that_were_not_taken_are_not_forgotten(rig: "Rig") -> None:
    api = await rig.utility("U1")
    (name,) = await rig.load("U1", 1)
    to = {"id": "n", "attributes": {"notificationRecipientAddress": "https://utility.example/in"}}
    tree = "/3gpp-mns/ProvMnS/v1/SubNetwork=U1"
    assert (await api.put(f"{tree}/NtfSubscriptionControl=n", json=to)).status_code == 201
    await rig.work()
    rig.recipient.refuse = [500]
    await activated(rig, api, planConfigDescr=plan(name))
    waiting = await rig.value("SELECT count(*) FROM notification")
    assert waiting > 0
    await age(rig, 999)
    await forget(rig)
    assert await rig.value("SELECT count(*) FROM notification") == waiting


async def test_it_goes_on_piece_by_piece_to_the_end(rig: "Rig", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tieline.gateway.retention.worker.PIECE", 2)
    monkeypatch.setattr("tieline.gateway.retention.worker.LOG_PIECE", 3)
    api = await rig.utility("U1")
    names = await rig.load("U1", 8)
    for _ in range(5):
        await activated(rig, api, planConfigDescr=plan(*names, "nobody", "nobody"))
    logged = await rig.value("SELECT count(*) FROM change_log")
    await age(rig, 401)
    assert await forget(rig) == {"jobs": 5, "contents": 5, "log_rows": logged}
    assert await rig.value("SELECT count(*) FROM plan_failure") == 0


def test_the_log_outlives_the_fallbacks_that_are_read_out_of_it() -> None:
    with pytest.raises(ValidationError, match="keep_log_days"):
        GatewaySettings(database_url="postgresql:///x", keep_fallbacks_days=90, keep_log_days=30)
