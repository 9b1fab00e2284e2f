"""5G LAN groups: taken, spread over their members, shown in the tree, refused where they may not be."""

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tieline.gateway.application import northbound
from tieline.gateway.exposure.groups.worker import spread

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Rig
    from tests.integration.gateway_exposure.conftest import Background

pytestmark = pytest.mark.anyio

GROUPS = "/3gpp-5glan-pp/v1/U1/subscriptions"
TREE = "/3gpp-mns/ProvMnS/v1/SubNetwork=U1"
MERGE = {"Content-Type": "application/merge-patch+json"}

Body = Callable[..., dict[str, Any]]


async def patched(api: httpx.AsyncClient, link: str, gpsis: dict[str, str | None], **more: Any) -> httpx.Response:
    body = {"5gLanParamsPatch": {"gpsis": gpsis, **more}}
    return await api.patch(link, content=json.dumps(body), headers=MERGE)


async def groups_of(api: httpx.AsyncClient, name: str) -> list[str]:
    shown = (await api.get(f"{TREE}/UtilitySubscription={name}")).json()
    found: list[str] = shown["attributes"].get("lanGroups", [])
    return found


async def test_a_group_is_made_shown_changed_and_ended(rig: "Rig", background: "Background", group_body: Body) -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 5)
    made = await api.post(GROUPS, json=group_body("S00000", "S00001"))
    assert made.status_code == 201, made.text
    link = made.headers["location"]
    assert made.json()["self"] == link == f"https://gateway.example{GROUPS}/{link.rpartition('/')[2]}"
    assert await groups_of(api, "S00000") == []
    await background.rest()
    assert await groups_of(api, "S00000") == ["north@grid.example"]
    assert await groups_of(api, "S00002") == []

    assert (await patched(api, link, {"S00000": None, "S00002": "extid-S00002@U1"})).status_code == 204
    await background.rest()
    assert [await groups_of(api, f"S0000{n}") for n in range(3)] == [[], ["north@grid.example"], ["north@grid.example"]]
    assert sorted((await api.get(link)).json()["5gLanParams"]["gpsis"]) == ["S00001", "S00002"]

    assert (await api.delete(link)).status_code == 204
    assert (await api.get(link)).status_code == 404
    await background.rest()
    assert [await groups_of(api, f"S0000{n}") for n in range(3)] == [[], [], []]
    assert await rig.value("SELECT count(*) FROM lan_group") == 0
    assert (await api.get(GROUPS)).json() == []


async def test_a_member_that_leaves_before_the_network_took_it_in_leaves_nothing_behind(
    rig: "Rig", background: "Background", group_body: Body
) -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 2)
    link = (await api.post(GROUPS, json=group_body("S00000"))).headers["location"]
    await background.rest()
    await patched(api, link, {"S00001": "extid-S00001@U1"})
    await spread(rig.parts)
    await patched(api, link, {"S00001": None})
    await background.rest()
    assert await rig.value("SELECT array_agg(subscription) FROM lan_member") == ["S00000"]
    await patched(api, link, {"S00001": "extid-S00001@U1"})
    await spread(rig.parts)
    await api.delete(link)
    await background.rest()
    assert await rig.value("SELECT count(*) FROM lan_group") == 0
    assert await groups_of(api, "S00001") == []


async def test_the_change_log_has_the_group_and_each_member(
    rig: "Rig", background: "Background", group_body: Body
) -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 2)
    link = (await api.post(GROUPS, json=group_body("S00000", "S00001"))).headers["location"]
    await background.rest()
    await patched(api, link, {"S00000": None})
    await background.rest()
    log = (await rig.office.get("/backoffice/v1/change-log", params={"utility": "U1"})).json()["items"]
    told = [(one["party"], one["operation"], one["dn"].rpartition(",")[2]) for one in log if one["party"] != "staff"]
    assert told == [
        ("utility", "created", "LanGroup=north@grid.example"),
        ("network", "changed", "UtilitySubscription=S00000"),
        ("network", "changed", "UtilitySubscription=S00001"),
        ("utility", "changed", "LanGroup=north@grid.example"),
        ("network", "changed", "UtilitySubscription=S00000"),
    ]
    assert log[-2]["before"]["left"] == ["extid-S00000@U1"]
    assert log[-1]["before"] == {"lanGroups": ["north@grid.example"]}
    assert log[-1]["after"] == {"lanGroups": None}


async def test_members_are_notified_to_those_who_watch_the_tree(
    rig: "Rig", background: "Background", group_body: Body
) -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 1)
    body = {"id": "n", "attributes": {"notificationRecipientAddress": "https://utility.example/in"}}
    assert (await api.put(f"{TREE}/NtfSubscriptionControl=n", json=body)).status_code == 201
    await api.post(GROUPS, json=group_body("S00000"))
    await background.rest()
    changes = {one["path"].partition("#")[2]: one for one in rig.recipient.bodies[-1]["moiChanges"]}
    assert changes["/attributes/lanGroups"]["value"] == ["north@grid.example"]


async def test_a_repeated_post_makes_one_group(rig: "Rig", group_body: Body) -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 1)
    key = {"Idempotency-Key": "k1"}
    first, again = [await api.post(GROUPS, json=group_body("S00000"), headers=key) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.headers["location"] == again.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"
    other = await api.post(GROUPS, json=group_body("S00000"))
    assert (other.status_code, other.json()["cause"]) == (409, "DUPLICATE_REQUEST")


async def test_a_member_that_does_not_exist_is_named(rig: "Rig", group_body: Body) -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 1)
    refused = await api.post(GROUPS, json=group_body("S00000", "S00009"))
    assert refused.status_code == 400
    problem = refused.json()
    assert (problem["status"], problem["cause"]) == (400, "USER_NOT_FOUND")
    assert [one["param"] for one in problem["invalidParams"]] == ["/5gLanParams/gpsis/S00009"]
    link = (await api.post(GROUPS, json=group_body("S00000"))).headers["location"]
    late = await patched(api, link, {"x": "msisdn-4912345"})
    assert late.json()["invalidParams"][0]["param"] == "/5gLanParamsPatch/gpsis/x"


async def test_members_may_be_named_by_number(rig: "Rig", background: "Background", group_body: Body) -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 1, msisdn="4915112345678")
    made = await api.post(GROUPS, json=group_body(gpsis={"a": "msisdn-4915112345678"}))
    assert made.status_code == 201, made.text
    await background.rest()
    assert await groups_of(api, "S00000") == ["north@grid.example"]


async def test_a_patch_names_nobody_twice(rig: "Rig", group_body: Body) -> None:
    """Else the group as it is shown could not be put back."""
    api = await rig.utility("U1")
    await rig.load("U1", 2)
    link = (await api.post(GROUPS, json=group_body("S00000", "S00001"))).headers["location"]
    refused = await patched(api, link, {"other": "extid-S00001@U1"})
    assert (refused.status_code, refused.json()["cause"]) == (400, "MANDATORY_IE_INCORRECT")
    assert refused.json()["invalidParams"][0]["param"] == "/5gLanParamsPatch/gpsis/other"
    moved = await patched(api, link, {"S00001": None, "other": "extid-S00001@U1"})
    assert moved.status_code == 204
    assert (await api.put(link, json=(await api.get(link)).json())).status_code == 200


async def test_data_network_and_slice_stay(rig: "Rig", group_body: Body) -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 1)
    link = (await api.post(GROUPS, json=group_body("S00000"))).headers["location"]
    refused = await patched(api, link, {"S00000": "extid-S00000@U1"}, dnn="other.example")
    assert (refused.status_code, refused.json()["cause"]) == (403, "MODIFICATION_NOT_ALLOWED")
    assert refused.json()["invalidParams"] == [{"param": "/5gLanParamsPatch/dnn", "reason": "cannot be changed"}]
    replaced = await api.put(link, json=group_body("S00000", snssai={"sst": 2}))
    assert (replaced.status_code, replaced.json()["invalidParams"][0]["param"]) == (403, "/5gLanParams/snssai")
    same = await api.put(link, json=group_body("S00000", aaaIpv4Addr="198.51.100.8"))
    assert same.status_code == 200
    assert same.json()["5gLanParams"]["aaaIpv4Addr"] == "198.51.100.8"


async def test_a_group_is_not_emptied_but_deleted(rig: "Rig", group_body: Body) -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 1)
    link = (await api.post(GROUPS, json=group_body("S00000"))).headers["location"]
    refused = await patched(api, link, {"S00000": None})
    assert (refused.status_code, refused.json()["cause"]) == (403, "MODIFICATION_NOT_ALLOWED")


async def test_a_group_has_a_limit(rig: "Rig", group_body: Body) -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 3)
    small = rig.parts.settings.model_copy(update={"group_members": 2})
    object.__setattr__(rig.parts, "settings", small)
    refused = await api.post(GROUPS, json=group_body("S00000", "S00001", "S00002"))
    assert (refused.status_code, refused.json()["cause"]) == (403, "QUOTA_EXCEEDED")
    link = (await api.post(GROUPS, json=group_body("S00000", "S00001"))).headers["location"]
    full = await patched(api, link, {"S00002": "extid-S00002@U1"})
    assert (full.status_code, full.json()["cause"]) == (403, "QUOTA_EXCEEDED")


async def test_an_operator_without_a_5g_core_has_no_such_resource(rig: "Rig", group_body: Body) -> None:
    await rig.utility("U1")
    without = rig.parts.settings.model_copy(update={"lan_groups": False})
    object.__setattr__(rig.parts, "settings", without)
    fingerprint = b"U1".hex().rjust(64, "0")
    async with rig.client(fingerprint) as api:
        answer = await api.post(GROUPS, json=group_body("S00000"))
    assert northbound(rig.parts) is not None
    assert (answer.status_code, answer.json()["cause"]) == (404, "RESOURCE_URI_STRUCTURE_NOT_FOUND")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_each_utility_has_its_own(rig: "Rig", group_body: Body) -> None:
    one, other = await rig.utility("U1"), await rig.utility("U2")
    await rig.load("U1", 1)
    link = (await one.post(GROUPS, json=group_body("S00000"))).headers["location"]
    assert (await other.get(GROUPS)).json()["cause"] == "UNAUTHORIZED_AF"
    assert (await other.get(link.replace("/U1/", "/U2/"))).status_code == 404
    # The members of another utility do not exist for this one.
    refused = await other.post(GROUPS.replace("U1", "U2"), json=group_body("S00000"))
    assert refused.json()["cause"] == "USER_NOT_FOUND"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"suppFeat": "0"}, "/5gLanParams"),
        ({"5gLanParams": {}, "suppFeat": "0"}, "/5gLanParams/exterGroupId"),
    ],
)
async def test_what_is_missing_is_named(rig: "Rig", body: dict[str, Any], param: str) -> None:
    api = await rig.utility("U1")
    answer = await api.post(GROUPS, json=body)
    assert (answer.status_code, answer.json()["cause"]) == (400, "MANDATORY_IE_MISSING")
    assert answer.json()["invalidParams"][0]["param"] == param


async def test_the_network_that_takes_but_does_not_do_it_shows(
    rig: "Rig", background: "Background", group_body: Body
) -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 2)
    faults = {"rules": [{"operator": "A", "fault": "accept_not_apply", "ids": ["S00001"]}]}
    assert (await rig.office.put("/simulation/v1/faults", json=faults)).status_code < 300
    await api.post(GROUPS, json=group_body("S00000", "S00001"))
    await background.rest()
    assert await groups_of(api, "S00000") == ["north@grid.example"]
    assert await groups_of(api, "S00001") == []


async def test_ten_thousand_members_are_acknowledged_at_once(
    rig: "Rig", background: "Background", group_body: Body
) -> None:
    api = await rig.utility("U1")
    names = await rig.load("U1", 10_000)
    body = json.dumps(group_body(*names)).encode()
    headers = {"Content-Type": "application/json"}
    began = time.perf_counter()
    made = await api.post(GROUPS, content=body, headers=headers)
    took = time.perf_counter() - began
    assert made.status_code == 201
    changed = await patched(api, made.headers["location"], {"S00001": None})
    assert changed.status_code == 204
    while await background.worker.round():
        pass
    members = "SELECT count(*) FROM managed_object WHERE observed -> 'lanGroups' ? 'north@grid.example'"
    assert await rig.value(members) == 9_999
    # Standing in for the figure of the reference page, with room for a machine that does much else.
    assert took < 1.0
