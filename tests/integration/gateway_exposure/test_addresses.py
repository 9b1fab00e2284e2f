"""Static addresses in bulk: another way to write what the tree shows, and no second place where it is kept."""

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Rig
    from tests.integration.gateway_exposure.conftest import Background

pytestmark = pytest.mark.anyio

ADDRESSES = "/3gpp-addr-pp/v1/pp"
TREE = "/3gpp-mns/ProvMnS/v1/SubNetwork=U1"
MERGE = {"Content-Type": "application/merge-patch+json"}


def address(name: str, value: str, dnn: str = "old.example") -> dict[str, Any]:
    return {
        "dnn": dnn,
        "snssai": {"sst": 1},
        "gpsi": f"extid-{name}@U1",
        "staticIpAddresses": [{"ipv6Addr" if ":" in value else "ipv4Addr": value}],
    }


def provisioning(*addresses: dict[str, Any]) -> dict[str, Any]:
    return {"afId": "U1", "staticIpaddrParams": list(addresses)}


async def addresses_of(api: httpx.AsyncClient, *names: str) -> list[str | None]:
    shown = [(await api.get(f"{TREE}/UtilitySubscription={name}")).json()["attributes"] for name in names]
    return [one.get("ipAddress") for one in shown]


async def test_addresses_are_set_shown_and_taken_back(rig: "Rig", background: "Background") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 3)
    body = provisioning(address("S00000", "192.0.2.1"), address("S00001", "2001:db8::1"))
    made = await api.post(ADDRESSES, json=body)
    assert (made.status_code, made.json()) == (201, body)
    link = made.headers["location"]
    await background.rest()
    assert await addresses_of(api, "S00000", "S00001", "S00002") == ["192.0.2.1", "2001:db8::1", None]
    operational = (await api.get(f"{TREE}/UtilitySubscription=S00000")).json()["attributes"]["operational"]
    assert operational["ipAddress"] == "192.0.2.1"
    assert (await api.get(link)).json() == body
    assert (await api.delete(link)).status_code == 204
    await background.rest()
    assert await addresses_of(api, "S00000", "S00001") == [None, None]
    assert (await api.get(link)).status_code == 404


async def test_what_the_tree_wrote_since_stands(rig: "Rig", background: "Background") -> None:
    """One truth: the last writer's, whichever way it came; a provisioning shows and takes back only its own."""
    api = await rig.utility("U1")
    await rig.load("U1", 2)
    body = provisioning(address("S00000", "192.0.2.1"), address("S00001", "192.0.2.2"))
    link = (await api.post(ADDRESSES, json=body)).headers["location"]
    await background.rest()
    other = json.dumps({"id": "S00000", "attributes": {"ipAddress": "192.0.2.9"}})
    answer = await api.patch(f"{TREE}/UtilitySubscription=S00000", content=other, headers=MERGE)
    assert answer.status_code < 300
    assert (await api.get(link)).json() == provisioning(address("S00001", "192.0.2.2"))
    await api.delete(link)
    await background.rest()
    assert await addresses_of(api, "S00000", "S00001") == ["192.0.2.9", None]


async def test_a_list_takes_the_former_ones_place(rig: "Rig", background: "Background") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 2)
    body = provisioning(address("S00000", "192.0.2.1"), address("S00001", "192.0.2.2"))
    link = (await api.post(ADDRESSES, json=body)).headers["location"]
    await background.rest()
    change = json.dumps({"staticIpaddrParams": [address("S00001", "192.0.2.1")]})
    assert (await api.patch(link, content=change, headers=MERGE)).status_code == 204
    await background.rest()
    assert await addresses_of(api, "S00000", "S00001") == [None, "192.0.2.1"]
    put = await api.put(link, json=provisioning(address("S00000", "192.0.2.3")))
    assert put.status_code == 200
    await background.rest()
    assert await addresses_of(api, "S00000", "S00001") == ["192.0.2.3", None]


async def test_what_cannot_be_is_named_and_nothing_is_done(rig: "Rig", background: "Background") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 2)
    body = provisioning(
        address("S00000", "192.0.2.1"),
        address("S00000", "192.0.2.2"),
        address("S00001", "192.0.2.1"),
        address("S00001", "192.0.2.4", dnn="other.example"),
        address("S00007", "192.0.2.5"),
    )
    refused = await api.post(ADDRESSES, json=body)
    assert (refused.status_code, refused.json()["cause"]) == (400, "USER_NOT_FOUND")
    assert [(one["param"].rpartition("/")[2], one["reason"]) for one in refused.json()["invalidParams"]] == [
        ("1", "subscription or address stands here twice"),
        ("2", "subscription or address stands here twice"),
        ("3", "the subscription's data network is old.example"),
        ("4", "names no subscription"),
    ]
    await background.rest()
    assert await addresses_of(api, "S00000") == [None]
    foreign = await api.post(ADDRESSES, json={**body, "afId": "U2"})
    assert foreign.json()["cause"] == "UNAUTHORIZED_AF"


async def test_a_repeated_post_is_one_provisioning(rig: "Rig") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 1)
    body = provisioning(address("S00000", "192.0.2.1"))
    answers = [await api.post(ADDRESSES, json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert len({one.headers["location"] for one in answers}) == 1
    assert len((await api.get(ADDRESSES)).json()) == 1


async def test_the_change_log_says_that_the_utility_did_it(rig: "Rig", background: "Background") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 1)
    await api.post(ADDRESSES, json=provisioning(address("S00000", "192.0.2.1")))
    await background.rest()
    log = (await rig.office.get("/backoffice/v1/change-log", params={"party": "utility"})).json()["items"]
    assert [(one["source"], one["after"]) for one in log] == [("utility:U1", {"ipAddress": "192.0.2.1"})]


async def test_the_change_log_names_the_program_that_asked_for_an_address(rig: "Rig", background: "Background") -> None:
    own = await rig.utility("U1")
    await rig.load("U1", 2)
    made = {"name": "scada", "scopes": ["groups"], "certificates": ["a" * 64], "by": "jane"}
    assert (await rig.office.post("/backoffice/v1/utilities/U1/clients", json=made)).status_code == 201
    async with rig.client("a" * 64) as scada:
        await scada.post(ADDRESSES, json=provisioning(address("S00000", "192.0.2.1")))
    await own.post(ADDRESSES, json=provisioning(address("S00001", "192.0.2.2")))
    await background.rest()
    log = (await rig.office.get("/backoffice/v1/change-log", params={"party": "utility"})).json()["items"]
    assert [(one["client"], one["after"]["ipAddress"]) for one in log] == [
        ("U1.scada", "192.0.2.1"),
        (None, "192.0.2.2"),
    ]
