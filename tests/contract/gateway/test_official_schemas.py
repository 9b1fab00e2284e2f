"""What the gateway says is what the published schemas describe, and it takes what they describe."""

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.contract.conftest import OfficialSchemas
    from tests.integration.gateway.conftest import Rig

pytestmark = pytest.mark.anyio

PROVISIONING = "TS28532_ProvMnS.yaml"
PLANNING = "TS28572_PlanManagement.yaml"
COMMON = "TS28623_ComDefs.yaml"
RESOURCE = "/{className}={id}"
TREE = "/3gpp-mns/ProvMnS/v1/SubNetwork=U1"
PLANS = "/3gpp-mns/plan-management/v1"
ALL = {"scope": '{"scopeType":"BASE_ALL"}'}
FLAT = "application/vnd.3gpp.object-tree-flat+json"
HIERARCHICAL = "application/vnd.3gpp.object-tree-hierarchical+json"


def schema(file: str, name: str) -> str:
    return f"{file}#/components/schemas/{name}"


def change(name: str, **attributes: Any) -> dict[str, Any]:
    return {
        "modifyOperator": "merge",
        "changeId": name,
        "target": f"/SubNetwork=U1/UtilitySubscription={name}",
        "value": {"attributes": attributes},
    }


def plan(*changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": "p", "configChangesContentType": "OPENAPI_BASED", "configChanges": list(changes), **more}


@pytest.mark.parametrize("media_type", ["application/json", FLAT, HIERARCHICAL])
async def test_reads(rig: "Rig", official_schemas: "OfficialSchemas", media_type: str) -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 3, imsi="001010000000001", generation="4G")
    answer = await api.get(TREE, params=ALL, headers={"Accept": media_type})
    expected = official_schemas.response(PROVISIONING, RESOURCE, "get", "200", media_type)
    assert official_schemas.errors(expected, answer.json()) == []


async def test_a_subscription_for_notifications(rig: "Rig", official_schemas: "OfficialSchemas") -> None:
    api = await rig.utility("U1")
    body = {
        "id": "n1",
        "attributes": {
            "notificationRecipientAddress": "https://utility.example/in",
            "notificationTypes": ["notifyMOIChanges", "notifyHeartbeat"],
            "scope": {"scopeType": "BASE_ALL"},
        },
        "HeartbeatControl": {"id": "1", "attributes": {"heartbeatNtfPeriod": 60}},
    }
    single = schema("TS28623_SubscriptionControlNrm.yaml", "NtfSubscriptionControl-Single")
    assert official_schemas.errors(single, body) == []
    made = await api.put(f"{TREE}/NtfSubscriptionControl=n1", json=body)
    assert made.status_code == 201
    assert official_schemas.errors(single, made.json()) == []
    expected = official_schemas.response(PROVISIONING, RESOURCE, "put", "201")
    assert official_schemas.errors(expected, made.json()) == []


async def test_errors_of_provisioning(rig: "Rig", official_schemas: "OfficialSchemas") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 1)
    merge = {"Content-Type": "application/merge-patch+json"}
    sub = f"{TREE}/UtilitySubscription=S00000"
    read_only = json.dumps({"id": "S00000", "attributes": {"imsi": "001010000000001"}})
    for answer, name in (
        (await api.get(f"{TREE}/UtilitySubscription=no"), "ErrorResponseGet"),
        (await api.get(TREE, params={"filter": "("}), "ErrorResponseGet"),
        (await api.patch(sub, content=read_only, headers=merge), "ErrorResponsePatch"),
        (await api.patch(sub, content=b"[", headers=merge), "ErrorResponsePatch"),
        (await api.delete(sub), "ErrorResponseDefault"),
        (await api.put(sub, json={"id": "other", "attributes": {}}), "ErrorResponseDefault"),
    ):
        assert answer.status_code >= 400
        body = answer.json()
        assert official_schemas.errors(schema(COMMON, name), body) == [], name
        assert body["status"] == str(answer.status_code)


async def test_plans_and_jobs(rig: "Rig", official_schemas: "OfficialSchemas") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 3)

    def check(answer: Any, path: str, method: str, status: str) -> Any:
        assert str(answer.status_code) == status, answer.text
        expected = official_schemas.response(PLANNING, path, method, status)
        assert official_schemas.errors(expected, answer.json()) == [], path
        return answer.json()

    body = plan(change("S00000", state="TEST_READY"), change("no", apn="x"), description="d", version="1")
    assert official_schemas.errors(official_schemas.request(PLANNING, "/plan-descriptors", "post"), body) == []
    described = check(await api.post(f"{PLANS}/plan-descriptors", json=body), "/plan-descriptors", "post", "201")["id"]
    wanted = {"planConfigDescrId": described, "name": "j", "isFallbackEnabled": True, "mnsConsumerId": ["userid:x"]}
    assert official_schemas.errors(schema(PLANNING, "ActivationJobWritableProperties"), wanted) == []
    tried = check(
        await api.post(f"{PLANS}/plan-validation-jobs", json={"planConfigDescrId": described}),
        "/plan-validation-jobs",
        "post",
        "201",
    )["id"]
    job = check(await api.post(f"{PLANS}/plan-activation-jobs", json=wanted), "/plan-activation-jobs", "post", "201")
    embedded = {"planConfigDescr": plan(change("S00001", state="TEST_READY"))}
    other = check(
        await api.post(f"{PLANS}/plan-activation-jobs", json=embedded), "/plan-activation-jobs", "post", "201"
    )
    members = {"members": [{"planConfigDescrId": described}], "name": "g"}
    group = check(
        await api.post(f"{PLANS}/plan-group-descriptors", json=members), "/plan-group-descriptors", "post", "201"
    )
    await rig.work()
    for path, identifier in (
        ("/plan-descriptors", None),
        ("/plan-descriptors/{id}", described),
        ("/plan-group-descriptors", None),
        ("/plan-group-descriptors/{id}", group["id"]),
        ("/plan-activation-jobs", None),
        ("/plan-activation-jobs/{id}", job["id"]),
        ("/plan-activation-jobs/{id}", other["id"]),
        ("/plan-activation-jobs/{id}/status", job["id"]),
        ("/plan-activation-jobs/{id}/activation-details", job["id"]),
        ("/plan-validation-jobs", None),
        ("/plan-validation-jobs/{id}", tried),
        ("/plan-validation-jobs/{id}/status", tried),
        ("/plan-validation-jobs/{id}/validation-details", tried),
        ("/fallback-descriptors", None),
        ("/fallback-descriptors/{id}", job["id"].replace("aj", "fb")),
    ):
        url = PLANS + path.replace("{id}", identifier or "")
        found = check(await api.get(url), path, "get", "200")
        assert found
    everything = await api.get(f"{PLANS}/plan-activation-jobs/{job['id']}/activation-details?expand=all")
    assert len(everything.json()["results"]) == 2
    assert official_schemas.errors(schema(PLANNING, "ExecutionDetails"), everything.json()) == []


async def test_triggers(rig: "Rig", official_schemas: "OfficialSchemas") -> None:
    api = await rig.utility("U1")
    waiting = {"planConfigDescr": plan(change("S00000", apn="x")), "isImmediateActivation": False}
    assert official_schemas.errors(schema(PLANNING, "ActivationJobWritableProperties"), waiting) == []
    job = await api.post(f"{PLANS}/plan-activation-jobs", json=waiting)
    assert official_schemas.errors(schema(PLANNING, "ActivationJob"), job.json()) == []
    body = {
        "name": "tonight",
        "conditionExpression": "true",
        "evaluationPeriod": 60,
        "activationJobs": [job.json()["id"]],
        "startEvaluationAt": "2026-01-02T03:04:05+01:00",
        "hysteresis": {"numberOfTrueEvaluations": 2},
    }
    assert official_schemas.errors(official_schemas.request(PLANNING, "/trigger-descriptors", "post"), body) == []
    made = await api.post(f"{PLANS}/trigger-descriptors", json=body)
    assert made.status_code == 201
    shown = await api.get(f"{PLANS}/trigger-descriptors/{made.json()['id']}")
    listed = await api.get(f"{PLANS}/trigger-descriptors")
    for answer, path, method, status in (
        (made, "/trigger-descriptors", "post", "201"),
        (shown, "/trigger-descriptors/{id}", "get", "200"),
        (listed, "/trigger-descriptors", "get", "200"),
    ):
        expected = official_schemas.response(PLANNING, path, method, status)
        assert official_schemas.errors(expected, answer.json()) == [], path
    assert shown.json()["startEvaluationAt"] == body["startEvaluationAt"]
    refused = await api.post(f"{PLANS}/trigger-descriptors", json={**body, "conditionExpression": "id = 1"})
    assert refused.status_code == 422
    assert official_schemas.errors(schema(PLANNING, "ErrorDetail"), refused.json()) == []


async def test_errors_of_plan_management(rig: "Rig", official_schemas: "OfficialSchemas") -> None:
    api = await rig.utility("U1", calls_per_second=6)
    answers = [
        await api.get(f"{PLANS}/plan-descriptors/pd-9"),
        await api.post(f"{PLANS}/plan-descriptors", json={"configChanges": "x"}),
        await api.post(f"{PLANS}/plan-activation-jobs", json={}),
        await api.get(f"{PLANS}/nothing"),
    ]
    answers += [await api.get(f"{PLANS}/plan-descriptors") for _ in range(8)]
    refused = [answer for answer in answers if answer.status_code >= 400]
    assert {answer.status_code for answer in refused} == {404, 400, 429}
    for answer in refused:
        assert answer.headers["content-type"] == "application/problem+json"
        assert official_schemas.errors(schema(PLANNING, "ErrorDetail"), answer.json()) == []


@pytest.mark.parametrize("types", [None, ["notifyMOICreation", "notifyMOIDeletion", "notifyMOIAttributeValueChanges"]])
async def test_notifications(rig: "Rig", official_schemas: "OfficialSchemas", types: list[str] | None) -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 2)
    attributes: dict[str, Any] = {"notificationRecipientAddress": "https://utility.example/in"}
    if types is not None:
        attributes["notificationTypes"] = types
    beat = {"id": "1", "attributes": {"heartbeatNtfPeriod": 60, "triggerHeartbeatNtf": True}}
    body = {"id": "n1", "attributes": attributes, "HeartbeatControl": beat}
    assert (await api.put(f"{TREE}/NtfSubscriptionControl=n1", json=body)).status_code == 201
    other = {"id": "n2", "attributes": {"notificationRecipientAddress": "https://utility.example/other"}}
    assert (await api.put(f"{TREE}/NtfSubscriptionControl=n2", json=other)).status_code == 201
    merge = {"Content-Type": "application/merge-patch+json"}
    content = json.dumps({"id": "S00000", "attributes": {"state": "TEST_READY", "ratRestriction": ["GERAN"]}})
    assert (await api.patch(f"{TREE}/UtilitySubscription=S00000", content=content, headers=merge)).status_code == 204
    cell = {"cellId": "1", "ratType": "NR", "band": "n78", "plmn": "001-01"}
    seen = {"subscription": "S00001", "attached": True, "servingCell": cell}
    assert (await rig.office.post("/simulation/v1/attachments", content=json.dumps(seen))).json()["taken"] == 1
    await rig.work()
    assert (await api.delete(f"{TREE}/NtfSubscriptionControl=n2")).status_code == 204
    await rig.work()
    names = {
        "notifyMOIChanges": schema(PROVISIONING, "NotifyMoiChanges"),
        "notifyMOICreation": schema(PROVISIONING, "NotifyMoiCreation"),
        "notifyMOIDeletion": schema(PROVISIONING, "NotifyMoiDeletion"),
        "notifyMOIAttributeValueChanges": schema(PROVISIONING, "NotifyMoiAttributeValueChanges"),
        "notifyHeartbeat": schema("TS28532_HeartbeatNtf.yaml", "NotifyHeartbeat"),
    }
    sent = [body for body in rig.recipient.bodies if body["subscriptionId"] == "n1"]
    kinds = {body["notificationType"] for body in sent}
    assert kinds == ({"notifyMOIChanges", "notifyHeartbeat"} if types is None else set(types))
    for body in rig.recipient.bodies:
        reference = names[str(body["notificationType"])]
        assert official_schemas.errors(reference, body) == []
