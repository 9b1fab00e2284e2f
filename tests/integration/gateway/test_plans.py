"""Plan management on a database: trying, activating, cancelling and taking back bulk changes."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Rig

pytestmark = pytest.mark.anyio

PLANS = "/3gpp-mns/plan-management/v1"


def change(name: str, attributes: dict[str, Any] | None = None, operator: str = "merge") -> dict[str, Any]:
    found: dict[str, Any] = {
        "modifyOperator": operator,
        "changeId": f"c-{name}",
        "target": f"/SubNetwork=U1/UtilitySubscription={name}",
    }
    if operator != "delete":
        found["value"] = {"attributes": attributes or {"state": "TEST_READY", "apn": "new.example"}}
    return found


def plan(changes: Sequence[dict[str, Any]], mode: str = "BEST_EFFORT", name: str = "p") -> dict[str, Any]:
    return {
        "name": name,
        "activationMode": mode,
        "configChangesContentType": "OPENAPI_BASED",
        "configChanges": list(changes),
    }


async def created(api: httpx.AsyncClient, collection: str, body: dict[str, Any], **headers: str) -> dict[str, Any]:
    answer = await api.post(f"{PLANS}/{collection}", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["location"].endswith(f"/{collection}/{found['id']}")
    return found


async def got(api: httpx.AsyncClient, path: str) -> Any:
    answer = await api.get(f"{PLANS}/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def activated(rig: "Rig", api: httpx.AsyncClient, body: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Describe, activate and carry out a plan; gives the job."""
    described = await created(api, "plan-descriptors", body)
    job = await created(api, "plan-activation-jobs", {"planConfigDescrId": described["id"], **more})
    await rig.work()
    found: dict[str, Any] = await got(api, f"plan-activation-jobs/{job['id']}")
    return found


async def states(rig: "Rig") -> dict[str, int]:
    (counts,) = (await rig.office.get("/backoffice/v1/counts")).json()["utilities"]
    found: dict[str, int] = counts["by_state"]
    return found


async def test_a_plan_of_several_chunks_is_carried_out_and_read_back(rig: "Rig") -> None:
    api = await rig.utility("U1")
    ids = await rig.load("U1", 130)
    job = await activated(rig, api, plan([change(name) for name in ids]), name="wave 1")
    assert (job["jobState"], job["activationState"]) == ("COMPLETED", "ACTIVATED")
    assert job["activationDetails"]["summary"]["succeeded"] == 130
    assert await rig.value("SELECT count(*) FROM change_log WHERE party = 'utility'") == 130
    flat = {"Accept": "application/vnd.3gpp.object-tree-flat+json"}
    params = {
        "scope": '{"scopeType":"BASE_NTH_LEVEL","scopeLevel":1}',
        "filter": f'attributes/lastPlan = "{job["id"]}"',
        "attributes": "state,operational",
    }
    answer = await api.get("/3gpp-mns/ProvMnS/v1/SubNetwork=U1", params=params, headers=flat)
    assert [item["id"] for item in answer.json()] == ids
    assert all(item["attributes"]["operational"]["state"] == "TEST_READY" for item in answer.json())


async def test_best_effort_reports_each_failure_and_does_the_rest(rig: "Rig") -> None:
    api = await rig.utility("U1")
    ids = await rig.load("U1", 4)
    changes = [
        change(ids[0]),
        change(ids[1], {"imsi": "001010000000001"}),
        change("nobody"),
        change(ids[2], {"state": "SUSPENDED"}),
        {**change("bare"), "value": {"apn": "x"}},
        change(ids[3]),
    ]
    job = await activated(rig, api, plan(changes))
    assert (job["jobState"], job["activationState"]) == ("COMPLETED", "PARTIALLY_ACTIVATED")
    details = await got(api, f"plan-activation-jobs/{job['id']}/activation-details")
    assert details["summary"]["failed"] == 4
    reasons = {result["changeId"]: result["errors"][0]["reason"] for result in details["results"]}
    assert reasons == {
        "c-S00001": "TARGET_DATA_NODE_NOT_WRITABLE",
        "c-nobody": "TARGET_DATA_NODE_NOT_FOUND",
        "c-S00002": "FINAL_DATA_NODE_VALUE_INVALID",
        "c-bare": "NEW_DATA_NODE_VALUE_INVALID",
    }
    node = details["results"][0]["errors"][0]["badDataNode"]
    assert node == "/SubNetwork=U1/UtilitySubscription=S00001/attributes/imsi"
    everything = await got(api, f"plan-activation-jobs/{job['id']}/activation-details?expand=all")
    assert [result["state"] for result in everything["results"]].count("SUCCEEDED") == 2
    assert await states(rig) == {"INVENTORY": 2, "TEST_READY": 2}


async def test_atomic_does_all_or_nothing(rig: "Rig") -> None:
    api = await rig.utility("U1")
    ids = await rig.load("U1", 80)
    bad = [change(name) for name in ids[:70]] + [change("nobody")] + [change(name) for name in ids[70:]]
    job = await activated(rig, api, plan(bad, "ATOMIC"))
    assert (job["jobState"], job["activationState"]) == ("FAILED", "ACTIVATION_FAILED_ROLLED_BACK")
    summary = job["activationDetails"]["summary"]
    assert (summary["rollbackSucceeded"], summary["failed"], summary["notFinished"]) == (70, 1, 10)
    assert await states(rig) == {"INVENTORY": 80}
    assert await rig.value("SELECT count(*) FROM change_log WHERE party = 'utility'") == 0
    good = await activated(rig, api, plan([change(name) for name in ids], "ATOMIC"))
    assert good["activationState"] == "ACTIVATED"
    assert await states(rig) == {"TEST_READY": 80}


async def test_stop_on_error_leaves_the_rest(rig: "Rig") -> None:
    api = await rig.utility("U1")
    ids = await rig.load("U1", 3)
    changes = [change(ids[0]), change("nobody"), change(ids[1]), change(ids[2])]
    job = await activated(rig, api, plan(changes, "STOP_ON_ERROR"))
    assert (job["jobState"], job["activationState"]) == ("FAILED", "PARTIALLY_ACTIVATED")
    details = await got(api, f"plan-activation-jobs/{job['id']}/activation-details?expand=all")
    assert [result["state"] for result in details["results"]] == ["SUCCEEDED", "FAILED", "NOT_STARTED", "NOT_STARTED"]
    assert await states(rig) == {"INVENTORY": 2, "TEST_READY": 1}


async def test_a_dry_run_says_the_same_and_changes_nothing(rig: "Rig") -> None:
    api = await rig.utility("U1")
    ids = await rig.load("U1", 3)
    body = plan(
        [change(ids[0]), change("nobody"), change(ids[1], {"state": "RETIRED"}), change(ids[1], {"state": "ACTIVE"})]
    )
    described = await created(api, "plan-descriptors", body | {"configChanges": _unnamed(body["configChanges"])})
    job = await created(api, "plan-validation-jobs", {"planConfigDescrId": described["id"]})
    await rig.work()
    details = await got(api, f"plan-validation-jobs/{job['id']}/validation-details")
    found = [(result["changeIndex"], result["state"]) for result in details["results"]]
    # the last one fails only because the one before it would have retired the subscription
    assert found == [(0, "SUCCEEDED"), (1, "FAILED"), (2, "SUCCEEDED"), (3, "FAILED")]
    assert (await got(api, f"plan-validation-jobs/{job['id']}"))["validationState"] == "VALIDATION_FAILED"
    assert (await got(api, f"plan-descriptors/{described['id']}"))["validationState"] == "INVALID"
    summary = await got(api, f"plan-validation-jobs/{job['id']}/validation-details?details=summary")
    assert summary["results"] == []
    assert await states(rig) == {"INVENTORY": 3}


def _unnamed(changes: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in item.items() if name != "changeId"} for item in changes]


async def test_undo_sets_the_before_images_back_and_leaves_alone_what_changed_since(rig: "Rig") -> None:
    api = await rig.utility("U1")
    ids = await rig.load("U1", 60, dataPlan="M")
    body = plan([change(name, {"state": "TEST_READY", "dataPlan": None, "subscriptionGroup": "g"}) for name in ids])
    job = await activated(rig, api, body, isFallbackEnabled=True, name="wave")
    fallback = job["createdFallbackConfigDescrId"]
    staff = {"attributes": {"subscriptionGroup": "theirs"}, "by": "jane", "reason": "asked by phone"}
    url = f"/backoffice/v1/utilities/U1/subscriptions/{ids[7]}"
    assert (await rig.office.patch(url, json=staff)).status_code == 200
    shown = await got(api, f"fallback-descriptors/{fallback}")
    assert shown["activationJob"] == job["id"]
    undo_of_first = next(item for item in shown["configChanges"] if item["changeId"] == f"c-{ids[0]}")
    assert undo_of_first["value"]["attributes"] == {"state": "INVENTORY", "dataPlan": "M", "subscriptionGroup": None}
    undo = await created(api, "plan-activation-jobs", {"fallbackConfigDescrId": fallback})
    await rig.work()
    details = await got(api, f"plan-activation-jobs/{undo['id']}/activation-details")
    assert [result["target"] for result in details["results"]] == [f"/SubNetwork=U1/UtilitySubscription={ids[7]}"]
    assert details["summary"]["succeeded"] == 59
    assert await states(rig) == {"INVENTORY": 59, "TEST_READY": 1}
    rows = await rig.rows("SELECT attributes FROM managed_object WHERE name = %s", [ids[0]])
    assert rows[0]["attributes"] == {"state": "INVENTORY", "apn": "old.example", "dataPlan": "M"}


async def test_an_activation_is_taken_once_and_can_be_asked_about(rig: "Rig") -> None:
    api = await rig.utility("U1")
    ids = await rig.load("U1", 2)
    described = await created(api, "plan-descriptors", plan([change(name) for name in ids], name="change 12 batch 3"))
    body = {"planConfigDescrId": described["id"], "name": "change 12 batch 3"}
    key = {"Idempotency-Key": "12/3"}
    answers = await asyncio.gather(
        *(api.post(f"{PLANS}/plan-activation-jobs", json=body, headers=key) for _ in range(4))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 3
    other = await api.post(f"{PLANS}/plan-activation-jobs", json={**body, "name": "other"}, headers=key)
    assert other.status_code == 422
    await rig.work()
    assert await rig.value("SELECT count(*) FROM change_log WHERE party = 'utility'") == 2
    found = await got(api, "plan-activation-jobs?name=change 12 batch 3&job-state=COMPLETED")
    assert [entry["id"] for entry in found] == [answers[0].json()["id"]]
    assert await got(api, "plan-activation-jobs?name=never sent") == []
    assert [entry["id"] for entry in await got(api, "plan-descriptors?name=change 12 batch 3")] == [described["id"]]


async def test_a_job_can_be_cancelled_before_and_while_it_runs(rig: "Rig") -> None:
    api = await rig.utility("U1")
    ids = await rig.load("U1", 120)
    described = await created(api, "plan-descriptors", plan([change(name) for name in ids]))
    running, waiting = [
        await created(api, "plan-activation-jobs", {"planConfigDescrId": described["id"]}) for _ in range(2)
    ]
    await rig.executor.round()
    cancel = {"cancelRequest": True}
    assert (await api.patch(f"{PLANS}/plan-activation-jobs/{running['id']}", json=cancel)).status_code == 202
    assert (await api.patch(f"{PLANS}/plan-activation-jobs/{waiting['id']}", json=cancel)).status_code == 204
    assert (await api.delete(f"{PLANS}/plan-activation-jobs/{running['id']}")).status_code == 409
    await rig.work()
    job = await got(api, f"plan-activation-jobs/{running['id']}")
    assert (job["jobState"], job["activationState"]) == ("CANCELLED", "PARTIALLY_ACTIVATED")
    done = job["activationDetails"]["summary"]["succeeded"]
    assert 0 < done < 120
    assert (await states(rig))["TEST_READY"] == done
    again = await api.patch(f"{PLANS}/plan-activation-jobs/{running['id']}", json=cancel)
    assert again.status_code == 422
    assert (await api.delete(f"{PLANS}/plan-activation-jobs/{waiting['id']}")).status_code == 204


async def test_groups_run_their_members_in_order_and_tell_conflicts(rig: "Rig") -> None:
    api = await rig.utility("U1")
    ids = await rig.load("U1", 2)
    one = await created(api, "plan-descriptors", plan([change(ids[0], {"apn": "one.example"}), change(ids[1])]))
    two = await created(api, "plan-descriptors", plan([change(ids[0], {"apn": "two.example"})]))
    members = [{"planConfigDescrId": one["id"]}, {"planConfigDescrId": two["id"]}]
    group = await created(api, "plan-group-descriptors", {"name": "g", "members": members, "isOrdered": True})
    assert (await api.delete(f"{PLANS}/plan-descriptors/{one['id']}")).status_code == 409
    job = await created(api, "plan-activation-jobs", {"planConfigGroupDescrId": group["id"]})
    await rig.work()
    details = await got(api, f"plan-activation-jobs/{job['id']}/activation-details?expand=all")
    assert [result["planConfigDescrId"] for result in details["results"]] == [one["id"], one["id"], two["id"]]
    assert len(details["memberConflicts"]) == 1
    rows = await rig.rows("SELECT attributes ->> 'apn' AS apn FROM managed_object WHERE name = %s", [ids[0]])
    assert rows[0]["apn"] == "two.example"
    strict = {"members": members, "isFailOnMemberConflicts": True}
    answer = await api.post(f"{PLANS}/plan-activation-jobs", json={"planConfigGroupDescr": strict})
    assert answer.status_code == 409
    circle = {"members": [{"planConfigGroupDescrId": group["id"]}]}
    assert (await api.put(f"{PLANS}/plan-group-descriptors/{group['id']}", json=circle)).status_code == 409
    assert (await got(api, f"plan-group-descriptors/{group['id']}"))["members"] == members


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b'{"configChanges":[]}', 400),
        (
            b'{"configChangesContentType":"YANG_BASED","configChanges":[{"modifyOperator":"merge","target":"/A=1"}]}',
            400,
        ),
        (
            b'{"configChangesContentType":"OPENAPI_BASED","configChanges":[{"modifyOperator":"grow","target":"/A=1"}]}',
            400,
        ),
    ],
)
async def test_plans_that_cannot_be_read(rig: "Rig", body: bytes, status: int) -> None:
    api = await rig.utility("U1")
    answer = await api.post(f"{PLANS}/plan-descriptors", content=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "SCHEMA_VALIDATION_ERROR"


async def test_what_does_not_exist_or_is_too_much(rig: "Rig") -> None:
    api = await rig.utility("U1", max_changes_per_plan=3)
    for path in (
        "plan-descriptors/pd-9",
        "plan-activation-jobs/aj-9",
        "fallback-descriptors/fb-9",
        "plan-descriptors/x",
    ):
        assert (await api.get(f"{PLANS}/{path}")).status_code == 404
    missing = await api.post(f"{PLANS}/plan-activation-jobs", json={"planConfigDescrId": "pd-9"})
    assert missing.status_code == 404
    four = plan([change(str(number)) for number in range(4)])
    assert (await api.post(f"{PLANS}/plan-descriptors", json=four)).status_code == 400
    long = {**plan([change("1")]), "name": "x" * 401}
    assert (await api.post(f"{PLANS}/plan-descriptors", json=long)).status_code == 400
    assert (await api.get(f"{PLANS}/plan-activation-jobs?job-state=ASLEEP")).status_code == 400


async def test_a_descriptor_can_be_replaced_while_its_job_goes_on(rig: "Rig") -> None:
    api = await rig.utility("U1")
    ids = await rig.load("U1", 2)
    made = await created(api, "plan-descriptors", plan([change(ids[0])]))
    job = await created(api, "plan-activation-jobs", {"planConfigDescrId": made["id"]})
    assert (await api.delete(f"{PLANS}/plan-descriptors/{made['id']}")).status_code == 409
    assert (await api.put(f"{PLANS}/plan-descriptors/{made['id']}", json=plan([change(ids[1])]))).status_code == 204
    await rig.work()
    details = await got(api, f"plan-activation-jobs/{job['id']}/activation-details?expand=all")
    assert [result["changeId"] for result in details["results"]] == [f"c-{ids[0]}"]
    assert (await api.delete(f"{PLANS}/plan-descriptors/{made['id']}")).status_code == 204
    assert (await api.get(f"{PLANS}/plan-descriptors/{made['id']}")).status_code == 404


async def test_accepted_and_not_applied_shows_in_the_operational_state_alone(rig: "Rig") -> None:
    api = await rig.utility("U1")
    ids = await rig.load("U1", 10)
    faults = {"rules": [{"operator": "A", "fault": "accept_not_apply", "ids": ids[:3]}]}
    await rig.office.put("/simulation/v1/faults", json=faults)
    job = await activated(rig, api, plan([change(name) for name in ids]))
    assert job["activationState"] == "ACTIVATED"
    (counts,) = (await rig.office.get("/backoffice/v1/counts")).json()["utilities"]
    assert counts["lagging"] == 3
    assert counts["by_operational_state"] == {"INVENTORY": 3, "TEST_READY": 7}
    await rig.office.put("/simulation/v1/faults", json={"rules": []})
    again = await activated(rig, api, plan([change(name) for name in ids[:3]]))
    assert again["activationState"] == "ACTIVATED"
    (counts,) = (await rig.office.get("/backoffice/v1/counts")).json()["utilities"]
    assert counts["lagging"] == 0
    assert counts["changes"]["utility"] == 10


async def test_a_request_that_stays_without_an_answer_is_carried_out(rig: "Rig") -> None:
    api = await rig.utility("U1")
    ids = await rig.load("U1", 3)
    rule = {"operator": "A", "fault": "timeout", "count": 1, "delay_s": 0}
    await rig.office.put("/simulation/v1/faults", json={"rules": [rule]})
    described = await created(api, "plan-descriptors", plan([change(name) for name in ids]))
    body = {"planConfigDescrId": described["id"], "name": "lost"}
    with pytest.raises(httpx.RemoteProtocolError):
        await api.post(f"{PLANS}/plan-activation-jobs", json=body, headers={"Idempotency-Key": "k"})
    (entry,) = await got(api, "plan-activation-jobs?name=lost")
    replay = await api.post(f"{PLANS}/plan-activation-jobs", json=body, headers={"Idempotency-Key": "k"})
    assert replay.json()["id"] == entry["id"]
    await rig.work()
    assert await states(rig) == {"TEST_READY": 3}


async def test_jobs_of_two_utilities_take_turns(rig: "Rig") -> None:
    big, small = await rig.utility("U1"), await rig.utility("U2")
    ids = await rig.load("U1", 200)
    await rig.load("U2", 1)
    long = await created(big, "plan-descriptors", plan([change(name) for name in ids]))
    await created(big, "plan-activation-jobs", {"planConfigDescrId": long["id"]})
    target = {**change("S00000"), "target": "/SubNetwork=U2/UtilitySubscription=S00000"}
    short = await created(small, "plan-descriptors", plan([target]))
    job = await created(small, "plan-activation-jobs", {"planConfigDescrId": short["id"]})
    await rig.executor.round()
    assert (await got(small, f"plan-activation-jobs/{job['id']}"))["jobState"] == "COMPLETED"
    assert (await states_of(rig, "U1")).get("TEST_READY", 0) < 200


async def states_of(rig: "Rig", code: str) -> dict[str, int]:
    counts = (await rig.office.get("/backoffice/v1/counts")).json()["utilities"]
    found: dict[str, int] = next(item for item in counts if item["utility"] == code)["by_state"]
    return found
