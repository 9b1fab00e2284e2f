"""ProvMnS on a database: reading, changing, and what others may not see."""

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Rig

pytestmark = pytest.mark.anyio

TREE = "/3gpp-mns/ProvMnS/v1"
ROOT = f"{TREE}/SubNetwork=U1"
ALL = {"scope": '{"scopeType":"BASE_ALL"}'}
FLAT = {"Accept": "application/vnd.3gpp.object-tree-flat+json"}
HIERARCHICAL = {"Accept": "application/vnd.3gpp.object-tree-hierarchical+json"}
MERGE = "application/merge-patch+json"
MERGE_3GPP = "application/3gpp-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
JSON_PATCH_3GPP = "application/3gpp-json-patch+json"


def sub(name: str) -> str:
    return f"{ROOT}/UtilitySubscription={name}"


async def patch(api: httpx.AsyncClient, url: str, body: Any, media_type: str = MERGE) -> httpx.Response:
    return await api.patch(url, content=json.dumps(body), headers={"Content-Type": media_type})


async def attributes(api: httpx.AsyncClient, name: str) -> dict[str, Any]:
    answer = await api.get(sub(name))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["attributes"]
    return found


async def test_one_object_with_desired_and_operational_state(rig: "Rig") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 1, imsi="001010000000001", msisdn="999123456789012", generation="4G")
    body = (await api.get(sub("S00000"))).json()
    assert (body["id"], body["objectClass"]) == ("S00000", "UtilitySubscription")
    assert body["objectInstance"] == "SubNetwork=U1,UtilitySubscription=S00000"
    found = body["attributes"]
    assert found["state"] == found["operational"]["state"] == "INVENTORY"
    assert found["imsi"] == "001010000000001"
    assert found["lastModifiedBy"] == "staff:load"


async def test_scope_filter_and_fields(rig: "Rig") -> None:
    api = await rig.utility("U1")
    ids = await rig.load("U1", 7)
    await patch(api, sub("S00003"), {"id": "S00003", "attributes": {"state": "TEST_READY"}})
    wanted = 'UtilitySubscription[attributes/state = "TEST_READY"]'
    found = await api.get(ROOT, params={**ALL, "filter": wanted, "fields": "state,operational/apn"}, headers=FLAT)
    assert [item["id"] for item in found.json()] == ["S00003"]
    assert found.json()[0]["attributes"] == {"state": "TEST_READY", "operational": {"apn": "old.example"}}
    exploded = await api.get(ROOT, params={"scopeType": "BASE_NTH_LEVEL", "scopeLevel": "1"}, headers=FLAT)
    assert [item["id"] for item in exploded.json()] == ids
    tree = await api.get(ROOT, params=ALL, headers=HIERARCHICAL)
    assert tree.headers["content-type"] == HIERARCHICAL["Accept"]
    assert [item["id"] for item in tree.json()["UtilitySubscription"]] == ids


async def test_more_objects_than_a_page(rig: "Rig") -> None:
    api = await rig.utility("U1")
    ids = await rig.load("U1", 1203)
    flat = (await api.get(ROOT, params=ALL, headers=FLAT)).json()
    assert [item["id"] for item in flat] == ["U1", *ids]
    tree = (await api.get(ROOT, params=ALL)).json()
    assert [item["id"] for item in tree["UtilitySubscription"]] == ids


@pytest.mark.parametrize(
    ("params", "headers", "status", "at_fault"),
    [
        ({"filter": "state = "}, {}, 400, ["filter"]),
        ({"scope": "{"}, {}, 400, ["scope"]),
        ({"colour": "red"}, {}, 400, ["colour"]),
        ({"dataNodeSelector": "/x"}, {}, 400, ["dataNodeSelector"]),
        ({}, {"Accept": "text/html"}, 406, None),
    ],
)
async def test_reads_that_cannot_be_understood(
    rig: "Rig", params: dict[str, str], headers: dict[str, str], status: int, at_fault: list[str] | None
) -> None:
    api = await rig.utility("U1")
    answer = await api.get(ROOT, params=params, headers=headers)
    assert answer.status_code == status
    assert answer.json()["status"] == str(status)
    assert answer.json().get("badQueryParams") == at_fault


@pytest.mark.parametrize(
    ("media_type", "url", "body"),
    [
        (MERGE, sub("S00000"), {"id": "S00000", "attributes": {"apn": "new.example", "dataPlan": None}}),
        (
            MERGE_3GPP,
            ROOT,
            {"UtilitySubscription": [{"id": "S00000", "attributes": {"apn": "new.example", "dataPlan": None}}]},
        ),
        (
            JSON_PATCH,
            sub("S00000"),
            [
                {"op": "test", "path": "/attributes/apn", "value": "old.example"},
                {"op": "replace", "path": "/attributes/apn", "value": "new.example"},
                {"op": "remove", "path": "/attributes/dataPlan"},
            ],
        ),
        (
            JSON_PATCH_3GPP,
            ROOT,
            [
                {"op": "replace", "path": "/UtilitySubscription=S00000#/attributes/apn", "value": "new.example"},
                {"op": "remove", "path": "/UtilitySubscription=S00000#/attributes/dataPlan"},
            ],
        ),
    ],
)
async def test_the_four_ways_to_patch(rig: "Rig", media_type: str, url: str, body: Any) -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 1, dataPlan="M")
    answer = await patch(api, url, body, media_type)
    assert answer.status_code == 204, answer.text
    found = await attributes(api, "S00000")
    assert found["apn"] == "new.example"
    assert "dataPlan" not in found
    assert found["operational"]["apn"] == "old.example"
    await rig.work()
    found = await attributes(api, "S00000")
    assert found["operational"]["apn"] == "new.example"
    assert "dataPlan" not in found["operational"]


async def test_a_patch_applies_wholly_or_not_at_all(rig: "Rig") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 2)
    body = [
        {"op": "replace", "path": "/UtilitySubscription=S00000#/attributes/apn", "value": "new.example"},
        {"op": "add", "path": "/UtilitySubscription=S00001#/attributes/imsi", "value": "001010000000001"},
    ]
    answer = await patch(api, ROOT, body, JSON_PATCH_3GPP)
    assert answer.status_code == 403
    assert answer.json()["badOp"] == "/1"
    assert answer.json()["reason"] == "TARGET_DATA_NODE_NOT_WRITABLE"
    assert (await attributes(api, "S00000"))["apn"] == "old.example"
    assert await rig.value("SELECT count(*) FROM change_log WHERE party = 'utility'") == 0


async def test_a_change_the_network_would_refuse_is_refused(rig: "Rig") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 1)
    faults = {"rules": [{"operator": "A", "fault": "reject", "reason": "blocked by billing"}]}
    assert (await rig.office.put("/simulation/v1/faults", json=faults)).status_code == 200
    answer = await patch(api, sub("S00000"), {"id": "S00000", "attributes": {"apn": "new.example"}})
    assert answer.status_code == 422
    assert answer.json()["title"] == "blocked by billing"


async def test_put_makes_replaces_and_says_when_nothing_changed(rig: "Rig") -> None:
    api = await rig.utility("U1")
    url = f"{ROOT}/NtfSubscriptionControl=n1"
    body = {
        "id": "n1",
        "attributes": {"notificationRecipientAddress": "https://utility.example/in"},
        "HeartbeatControl": {"id": "1", "attributes": {"heartbeatNtfPeriod": 30}},
    }
    made = await api.put(url, json=body)
    assert made.status_code == 201
    assert made.headers["location"] == f"https://gateway.example{url}"
    assert made.json()["HeartbeatControl"]["attributes"] == {"heartbeatNtfPeriod": 30}
    alone = {"id": "n1", "attributes": body["attributes"]}
    assert (await api.put(url, json=alone)).status_code == 204
    alone["attributes"] = {"notificationRecipientAddress": "https://utility.example/other"}
    replaced = await api.put(url, json=alone)
    assert replaced.status_code == 200
    assert replaced.json()["attributes"] == alone["attributes"]


async def test_post_gives_the_identifier_and_delete_takes_the_children_along(rig: "Rig") -> None:
    api = await rig.utility("U1")
    body = {
        "objectClass": "NtfSubscriptionControl",
        "attributes": {"notificationRecipientAddress": "https://utility.example/in"},
        "HeartbeatControl": {"id": "1", "attributes": {"heartbeatNtfPeriod": 30}},
    }
    made = await api.post(ROOT, json=body)
    assert made.status_code == 201
    url = made.headers["location"]
    assert (await api.get(f"{url}/HeartbeatControl=1")).status_code == 200
    assert (await api.delete(url)).status_code == 204
    assert (await api.get(f"{url}/HeartbeatControl=1")).status_code == 404
    assert await rig.value("SELECT count(*) FROM recipient") == 0


async def test_the_operators_objects_are_not_the_utilitys_to_make_or_delete(rig: "Rig") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 1)
    assert (await api.delete(sub("S00000"))).status_code == 403
    assert (await api.put(sub("new"), json={"id": "new", "attributes": {"state": "ACTIVE"}})).status_code == 403
    assert (await api.delete(ROOT)).status_code == 403
    assert (await attributes(api, "S00000"))["state"] == "INVENTORY"


@pytest.mark.parametrize("name", ["a/b", "a,b", "ü", "a=b", "a%2Fb", "50%", "a#b", "a?b"])
async def test_names_survive_the_wire(rig: "Rig", name: str) -> None:
    from tieline.standards.mns.dn import Dn  # noqa: PLC0415 - the fixture's imports come first

    api = await rig.utility("U1")
    line = {"id": name, "state": "INVENTORY"}
    loaded = await rig.office.post("/backoffice/v1/utilities/U1/subscriptions", content=json.dumps(line))
    assert loaded.status_code == 201, loaded.text
    url = TREE + Dn.of(("SubNetwork", "U1"), ("UtilitySubscription", name)).uri
    assert (await api.get(url)).json()["id"] == name


async def test_a_change_is_logged_once_with_both_images(rig: "Rig") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 1)
    body = {"id": "S00000", "attributes": {"apn": "new.example"}}
    for _ in range(2):  # the second one changes nothing
        assert (await patch(api, sub("S00000"), body)).status_code == 204
    page = (await rig.office.get("/backoffice/v1/change-log", params={"party": "utility"})).json()
    (entry,) = page["items"]
    assert entry["dn"] == "SubNetwork=U1,UtilitySubscription=S00000"
    assert (entry["before"], entry["after"]) == ({"apn": "old.example"}, {"apn": "new.example"})
    assert entry["source"] == "utility:U1"


async def test_a_key_makes_a_call_happen_once(rig: "Rig") -> None:
    api = await rig.utility("U1")
    body = {
        "objectClass": "NtfSubscriptionControl",
        "attributes": {"notificationRecipientAddress": "https://utility.example/in"},
    }
    first = await api.post(ROOT, json=body, headers={"Idempotency-Key": "k"})
    second = await api.post(ROOT, json=body, headers={"Idempotency-Key": "k"})
    assert second.status_code == 201
    assert (second.json(), second.headers["location"]) == (first.json(), first.headers["location"])
    assert await rig.value("SELECT count(*) FROM recipient") == 1
    other = await api.post(ROOT, json={**body, "x": 1}, headers={"Idempotency-Key": "k"})
    assert other.status_code in {400, 422}


async def test_a_failed_call_leaves_its_key_free(rig: "Rig") -> None:
    api = await rig.utility("U1")
    key = {"Idempotency-Key": "k", "Content-Type": MERGE}
    content = json.dumps({"id": "S00000", "attributes": {"apn": "new.example"}})
    assert (await api.patch(sub("S00000"), content=content, headers=key)).status_code == 404
    await rig.load("U1", 1)
    assert (await api.patch(sub("S00000"), content=content, headers=key)).status_code == 204


async def test_bodies_are_bounded(rig: "Rig") -> None:
    api = await rig.utility("U1")
    huge = b'{"id":"' + b"x" * rig.parts.settings.body_bytes + b'"}'
    answer = await api.patch(sub("S00000"), content=huge, headers={"Content-Type": MERGE})
    assert answer.status_code == 413
    deep = b'{"attributes":' * 500 + b"1" + b"}" * 500
    assert (await api.patch(sub("S00000"), content=deep, headers={"Content-Type": MERGE})).status_code == 400
    wrong = await api.patch(sub("S00000"), content=b"{}", headers={"Content-Type": "text/plain"})
    assert wrong.status_code == 415


async def test_paths_and_methods_that_are_not_there(rig: "Rig") -> None:
    api = await rig.utility("U1")
    assert (await api.get("/nothing")).status_code == 404
    answer = await api.post("/3gpp-mns/plan-management/v1/fallback-descriptors")
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await api.get("/3gpp-mns/plan-management/v1/nothing-descriptors")).status_code == 404
