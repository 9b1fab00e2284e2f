"""What the gateway says over the northbound APIs is what the published schemas describe, and it takes what they do."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.contract.conftest import OfficialSchemas
    from tests.integration.gateway.conftest import Rig
    from tests.integration.gateway_exposure.conftest import Background

pytestmark = pytest.mark.anyio

GROUPS_FILE = "TS29522_5GLANParameterProvision.yaml"
ADDRESSES_FILE = "TS29522_AddressingParamProvision.yaml"
EVENTS_FILE = "TS29122_MonitoringEvent.yaml"
PROBLEM = "TS29122_CommonData.yaml#/components/schemas/ProblemDetails"
GROUPS = "/3gpp-5glan-pp/v1/U1/subscriptions"
ADDRESSES = "/3gpp-addr-pp/v1/pp"
EVENTS = "/3gpp-monitoring-event/v1/U1/subscriptions"
MERGE = "application/merge-patch+json"

Body = Callable[..., dict[str, Any]]


def schema(file: str, name: str) -> str:
    return f"{file}#/components/schemas/{name}"


async def test_paths_are_the_published_ones(northbound_schemas: "OfficialSchemas") -> None:
    for file, ours in ((GROUPS_FILE, GROUPS), (ADDRESSES_FILE, ADDRESSES), (EVENTS_FILE, EVENTS)):
        document = northbound_schemas.document(file)
        base = document["servers"][0]["url"].removeprefix("{apiRoot}")
        caller = [path.replace("{afId}", "U1").replace("{scsAsId}", "U1") for path in document["paths"]]
        assert ours in {base + path for path in caller}


async def test_groups(rig: "Rig", northbound_schemas: "OfficialSchemas", group_body: Body) -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 3)
    one, every = "/{afId}/subscriptions/{subscriptionId}", "/{afId}/subscriptions"
    body = group_body("S00000", "S00001", mtcProviderId="grid", sessionTypes=["IPV6"])
    assert northbound_schemas.errors(northbound_schemas.request(GROUPS_FILE, every, "post"), body) == []
    made = await api.post(GROUPS, json=body)
    assert northbound_schemas.errors(northbound_schemas.response(GROUPS_FILE, every, "post", "201"), made.json()) == []
    link = made.headers["location"]
    change = {"5gLanParamsPatch": {"gpsis": {"S00000": None, "S00002": "extid-S00002@U1"}}}
    assert northbound_schemas.errors(northbound_schemas.request(GROUPS_FILE, one, "patch", MERGE), change) == []
    patched = await api.patch(link, content=json.dumps(change), headers={"Content-Type": MERGE})
    assert patched.status_code == 204
    shown, listed = await api.get(link), await api.get(GROUPS)
    assert northbound_schemas.errors(northbound_schemas.response(GROUPS_FILE, one, "get", "200"), shown.json()) == []
    assert northbound_schemas.errors(northbound_schemas.response(GROUPS_FILE, every, "get", "200"), listed.json()) == []
    put = await api.put(link, json=group_body("S00002"))
    assert northbound_schemas.errors(northbound_schemas.response(GROUPS_FILE, one, "put", "200"), put.json()) == []


async def test_addresses(rig: "Rig", background: "Background", northbound_schemas: "OfficialSchemas") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 2)
    params = [
        {
            "dnn": "old.example",
            "snssai": {"sst": 1, "sd": "0a0b0c"},
            "gpsi": f"extid-S0000{number}@U1",
            "staticIpAddresses": [value],
        }
        for number, value in enumerate(({"ipv4Addr": "192.0.2.1"}, {"ipv6Addr": "2001:db8::1"}))
    ]
    body = {"afId": "U1", "staticIpaddrParams": params, "suppFeat": "0"}
    assert northbound_schemas.errors(schema(ADDRESSES_FILE, "AddrPpData"), body) == []
    made = await api.post(ADDRESSES, json=body)
    await background.rest()
    for answer in (made, await api.get(made.headers["location"]), await api.put(made.headers["location"], json=body)):
        assert northbound_schemas.errors(schema(ADDRESSES_FILE, "AddrPpData"), answer.json()) == []
        assert answer.json() == body
    change = {"staticIpaddrParams": params[:1]}
    assert northbound_schemas.errors(schema(ADDRESSES_FILE, "AddrPpDataPatch"), change) == []
    headers = {"Content-Type": MERGE}
    assert (await api.patch(made.headers["location"], content=json.dumps(change), headers=headers)).status_code == 204


async def test_events(rig: "Rig", background: "Background", northbound_schemas: "OfficialSchemas") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 1)
    one, every = "/{scsAsId}/subscriptions/{subscriptionId}", "/{scsAsId}/subscriptions"
    body = {
        "notificationDestination": "https://utility.example/events",
        "monitoringType": "CHANGE_OF_IMSI_IMEI_ASSOCIATION",
        "associationType": "IMEI",
        "externalId": "S00000@U1",
        "maximumNumberOfReports": 5,
        "monitorExpireTime": "2099-01-01T00:00:00Z",
        "immediateRep": True,
        "requestTestNotification": True,
    }
    assert northbound_schemas.errors(northbound_schemas.request(EVENTS_FILE, every, "post"), body) == []
    made = await api.post(EVENTS, json=body)
    assert northbound_schemas.errors(northbound_schemas.response(EVENTS_FILE, every, "post", "201"), made.json()) == []
    for imei in ("490154203237518", "356938035643809"):
        line = json.dumps({"subscription": "S00000", "attached": True, "imei": imei})
        assert (await rig.office.post("/simulation/v1/attachments", content=line)).status_code < 300
    await background.rest()
    test, notification = background.told.bodies
    assert northbound_schemas.errors("TS29122_CommonData.yaml#/components/schemas/TestNotification", test) == []
    assert northbound_schemas.errors(schema(EVENTS_FILE, "MonitoringNotification"), notification) == []
    shown, listed = await api.get(made.headers["location"]), await api.get(EVENTS)
    assert northbound_schemas.errors(northbound_schemas.response(EVENTS_FILE, one, "get", "200"), shown.json()) == []
    assert northbound_schemas.errors(northbound_schemas.response(EVENTS_FILE, every, "get", "200"), listed.json()) == []
    once = {name: value for name, value in body.items() if name != "monitorExpireTime"} | {"maximumNumberOfReports": 1}
    answer = await api.post(EVENTS, json=once)
    expected = northbound_schemas.response(EVENTS_FILE, every, "post", "200")
    assert northbound_schemas.errors(expected, answer.json()) == []


async def test_errors_are_problem_details_with_a_number(
    rig: "Rig", northbound_schemas: "OfficialSchemas", group_body: Body
) -> None:
    api, stranger = await rig.utility("U1"), rig.client("f" * 64)
    await rig.load("U1", 1)
    long_key = {"Idempotency-Key": "k" * 200}
    answers = [
        await api.get(f"{GROUPS}/99"),
        await api.get(f"{GROUPS}/no-number"),
        await api.get("/3gpp-5glan-pp/v1/U2/subscriptions"),
        await api.get("/3gpp-5glan-pp/v1/elsewhere"),
        await api.delete(GROUPS),
        await api.post(GROUPS, content=b"{"),
        await api.post(GROUPS, json=group_body("S00009")),
        await api.post(GROUPS, json=group_body("S00000"), headers=long_key),
        await api.post(GROUPS, content=b"x", headers={"Content-Type": "text/plain"}),
        await api.post(ADDRESSES, json={}),
        await api.post(EVENTS, json={"monitoringType": "LOCATION_REPORTING"}),
        await stranger.get(GROUPS),
    ]
    for answer in answers:
        assert answer.headers["content-type"] == "application/problem+json", answer.request.url
        problem = answer.json()
        assert northbound_schemas.errors(PROBLEM, problem) == []
        assert problem["status"] == answer.status_code
        assert problem["cause"]
        assert problem["detail"]
