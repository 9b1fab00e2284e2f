"""The operator's own staff and systems."""

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Rig

pytestmark = pytest.mark.anyio

LOAD = "/backoffice/v1/utilities/U1/subscriptions"
GOOD = {
    "id": "A0000001",
    "state": "INVENTORY",
    "apn": "grid.example",
    "imsi": "001010000000001",
    "msisdn": "999123456789012",
    "generation": "4G",
    "card": "89440000000000000002",
    "eid": "89049032123451234512345678901235",
    "cardKind": "EUICC",
}


def lines(*items: dict[str, Any]) -> bytes:
    return b"\n".join(json.dumps(item).encode() for item in items) + b"\n"


async def test_a_load_makes_subscriptions_and_their_cards_and_may_be_repeated(rig: "Rig") -> None:
    api = await rig.utility("U1")
    loaded = await rig.office.post(LOAD, content=lines(GOOD))
    assert loaded.status_code == 201, loaded.text
    assert loaded.json() | {"seconds": 0} == {"loaded": 1, "cards": 1, "known": 0, "seconds": 0}
    again = (await rig.office.post(LOAD, content=lines({**GOOD, "apn": "other.example"}))).json()
    assert (again["loaded"], again["known"]) == (0, 1)
    card = (await api.get("/3gpp-mns/ProvMnS/v1/SubNetwork=U1/UtilityCard=89440000000000000002")).json()
    assert card["attributes"]["carries"] == "A0000001"
    assert card["attributes"]["stockState"] == "IN_STOCK"
    listed = (await rig.office.get(LOAD)).json()
    assert [item["id"] for item in listed["items"]] == ["A0000001"]
    assert listed["items"][0]["attributes"]["apn"] == "grid.example"
    assert not listed["items"][0]["lags"]


@pytest.mark.parametrize(
    ("wrong", "field", "rule"),
    [
        ({"imsi": "12"}, "imsi", "length"),
        ({"state": "ASLEEP"}, "state", "enum"),
        ({"state": None}, "state", "required"),
        ({"id": ""}, "id", "name"),
        ({"id": 7}, "id", "name"),
        ({"colour": "red"}, "colour", "unknown"),
        ({"operational": {}}, "operational", "unknown"),
        ({"card": "89440000000000000001"}, "card", "luhn"),
        ({"eid": "1"}, "eid", None),
        ({"apn": "-bad-"}, "apn", "apn"),
    ],
)
async def test_one_wrong_line_and_nothing_is_loaded(
    rig: "Rig", wrong: dict[str, Any], field: str, rule: str | None
) -> None:
    await rig.utility("U1")
    answer = await rig.office.post(LOAD, content=lines(GOOD, {**GOOD, "id": "A0000002", **wrong}))
    assert answer.status_code == 422
    problem = answer.json()["problems"][0]
    assert (problem["line"], problem["field"]) == (2, field)
    assert rule is None or problem["rule"] == rule
    assert await rig.value("SELECT count(*) FROM managed_object WHERE class <> 'SubNetwork'") == 0


async def test_lines_that_are_no_json_or_too_long(rig: "Rig") -> None:
    await rig.utility("U1")
    for content in (b"{", b"[1]", b'"x"', b'{"id":"' + b"x" * 20_000):
        assert (await rig.office.post(LOAD, content=content)).status_code == 422


async def test_a_listing_goes_on_where_the_last_page_ended(rig: "Rig") -> None:
    await rig.utility("U1")
    ids = await rig.load("U1", 25)
    found: list[str] = []
    after = ""
    while True:
        page = (await rig.office.get(LOAD, params={"after": after, "limit": 10})).json()
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert found == ids
    none = (await rig.office.get(LOAD, params={"state": "RETIRED"})).json()
    assert none == {"items": [], "next": None}


async def test_staff_change_one_subscription_and_the_log_says_who_and_why(rig: "Rig") -> None:
    await rig.utility("U1")
    await rig.load("U1", 1)
    wanted = {"attributes": {"imsi": "001010000000009", "apn": "theirs.example"}, "by": "jane", "reason": "swap"}
    changed = await rig.office.patch(f"{LOAD}/S00000", json=wanted)
    assert changed.status_code == 200
    assert changed.json()["lastModifiedBy"] == "staff:jane"
    await rig.work()
    page = (await rig.office.get("/backoffice/v1/change-log", params={"utility": "U1"})).json()
    told = [(entry["party"], entry["operation"], entry["reason"]) for entry in page["items"]]
    assert told == [("staff", "created", "bulk load"), ("staff", "changed", "swap"), ("network", "changed", None)]
    assert (await rig.office.patch(f"{LOAD}/nobody", json=wanted)).status_code == 404
    wrong = {**wanted, "attributes": {"attached": True}}
    assert (await rig.office.patch(f"{LOAD}/S00000", json=wrong)).status_code == 422


async def test_what_the_network_saw_is_taken_down(rig: "Rig") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 2)
    cell = {"cellId": "A-4G-1", "ratType": "EUTRA", "band": "B20", "plmn": "001-01"}
    content = lines(
        {
            "subscription": "S00000",
            "attached": True,
            "servingCell": cell,
            "lastSeenSecondsAgo": 5,
            "imei": "490154203237518",
        },
        {"subscription": "S00001", "attached": False, "servingCell": None},
        {"subscription": "nobody", "attached": False},
    )
    answer = await rig.office.post("/simulation/v1/attachments", content=content)
    assert answer.json() == {"taken": 2, "unknown": 1}
    seen = (await api.get("/3gpp-mns/ProvMnS/v1/SubNetwork=U1/UtilitySubscription=S00000")).json()["attributes"]
    assert seen["attached"] is True
    assert seen["servingCell"]["plmn"] == "00101"
    assert seen["servingCell"]["reportedAt"] == seen["lastSeen"]
    assert await rig.value("SELECT count(*) FROM change_log WHERE party = 'network'") == 0


async def test_faults_are_kept_over_a_restart_and_refused_when_wrong(rig: "Rig") -> None:
    from tieline.gateway.backends.simulated import SimulatedNetwork  # noqa: PLC0415 - after the fixtures
    from tieline.gateway.backends.simulated.faults import NONE  # noqa: PLC0415
    from tieline.gateway.backends.simulated.meddling import Meddler, install  # noqa: PLC0415

    await rig.utility("U1")
    await rig.load("U1", 3)
    faults = {"rules": [{"operator": "A", "fault": "reject", "count": 1}]}
    assert (await rig.office.put("/simulation/v1/faults", json=faults)).status_code == 200
    await rig.network.admit(["S00002"])
    await Meddler(rig.parts, rig.network).round()
    assert (await rig.office.get("/simulation/v1/faults")).json()["struck"] == [{"rule": 0, "subscription": "S00002"}]
    after = SimulatedNetwork("A")
    await install(rig.parts.db, after, NONE)
    assert [verdict.refused is not None for verdict in await after.admit(["S00000", "S00002"])] == [False, True]
    assert (await rig.office.put("/simulation/v1/faults", content=b'{"rules":[{}]}')).status_code == 422


async def test_staff_of_the_simulation_change_things_out_of_band(rig: "Rig") -> None:
    from tieline.gateway.backends.simulated.meddling import Meddler  # noqa: PLC0415 - after the fixtures

    await rig.utility("U1")
    await rig.load("U1", 2)
    rule = {"operator": "A", "fault": "out_of_band_change", "ids": ["S00001"], "attribute": "dataPlan", "value": "XL"}
    await rig.office.put("/simulation/v1/faults", json={"rules": [rule]})
    rig.network.began([])
    await Meddler(rig.parts, rig.network).round()
    await Meddler(rig.parts, rig.network).round()
    page = (await rig.office.get("/backoffice/v1/change-log", params={"party": "staff"})).json()
    (changed,) = [entry for entry in page["items"] if entry["operation"] == "changed"]
    assert (changed["dn"], changed["after"]) == ("SubNetwork=U1,UtilitySubscription=S00001", {"dataPlan": "XL"})
