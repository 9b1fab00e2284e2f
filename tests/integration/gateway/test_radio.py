"""The simulated radio network: cards in devices, cells that go off, sessions; over the back office."""

import json
from typing import Any

import pytest
from tests.integration.gateway.conftest import PLANNING, PROVISIONING, Rig, ndjson

from tieline.gateway.backends.simulated import read_faults
from tieline.gateway.backends.simulated.meddling import Meddler
from tieline.standards.numbering import check_imei, luhn_digit

pytestmark = pytest.mark.anyio

OTHER = "490154203237518"
HERE = {"lat": 54.97, "lon": -1.61}
"""Newcastle upon Tyne."""


ROUTER = "00440299000001" + luhn_digit("00440299000001")


def iccid(number: int) -> str:
    digits = f"894400000000{number:06}"
    return digits + luhn_digit(digits)


def cell(name: str, rat: str, north: float = 0.01, **more: Any) -> dict[str, Any]:
    return {"cellId": name, "ratType": rat, "band": "B8", "plmn": "001-01", "lat": 54.97 + north, "lon": -1.61, **more}


CELLS = [
    cell("3G-1", "UTRA", region="North East"),
    cell("3G-far", "UTRA", 0.12, region="Borders"),
    cell("3G-out", "UTRA", 0.15),
    cell("4G-1", "EUTRA", 0.02, region="North East"),
    cell("5G-1", "NR", 0.03, region="North East"),
]


def fitting(number: int = 0, generations: str = "2G 3G", imei: str = ROUTER, **more: Any) -> dict[str, Any]:
    return {"iccid": iccid(number), "imei": imei, "generations": generations, **HERE, **more}


async def begin(rig: Rig, count: int = 1, **attributes: Any) -> Any:
    """A utility with ACTIVE subscriptions on cards, and cells around one place."""
    utility = await rig.utility("grid")
    lines = [
        {
            "id": f"S{number}",
            "state": "ACTIVE",
            "apn": "grid.example",
            "ipAddress": f"10.0.{number // 250}.{number % 250 + 1}",
            "generation": "3G",
            "card": iccid(number),
            **attributes,
        }
        for number in range(count)
    ]
    await rig.office.post("/backoffice/v1/utilities/grid/subscriptions", content=ndjson(lines))
    answer = await rig.office.post("/simulation/v1/cells", content=ndjson(CELLS))
    assert answer.json() == {"cells": len(CELLS)}
    return utility


async def fit(rig: Rig, *fittings: dict[str, Any]) -> Any:
    answer = await rig.office.post("/simulation/v1/fittings", content=ndjson(fittings))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def seen(utility: Any, name: str = "S0") -> dict[str, Any]:
    answer = await utility.get(f"{PROVISIONING}/SubNetwork=grid/UtilitySubscription={name}")
    found: dict[str, Any] = answer.json()["attributes"]
    return found


async def change(rig: Rig, utility: Any, name: str = "S0", **attributes: Any) -> int:
    answer = await utility.patch(
        f"{PROVISIONING}/SubNetwork=grid/UtilitySubscription={name}",
        headers={"Content-Type": "application/merge-patch+json"},
        json={"id": name, "attributes": attributes},
    )
    await rig.work()
    return int(answer.status_code)


async def test_a_card_in_a_device_is_attached_by_the_nearest_cell_that_both_may_use(rig: Rig) -> None:
    utility = await begin(rig)
    assert (await fit(rig, fitting(generations="2G 3G 4G 5G")))["attached"] == 1
    found = await seen(utility)
    assert found["attached"] is True
    assert found["imei"] == ROUTER
    assert found["servingCell"]["cellId"] == "3G-1"  # the subscription is meant for 3G
    assert found["servingCell"]["plmn"] == "00101"
    assert found["lastSeen"] == found["servingCell"]["reportedAt"]


@pytest.mark.parametrize(
    ("attributes", "generations", "expected"),
    [
        ({"generation": "5G"}, "3G 4G 5G", "5G-1"),
        ({"generation": "5G"}, "3G 4G", "4G-1"),
        ({"generation": "4G"}, "3G 4G 5G", "4G-1"),
        ({"generation": "5G", "ratRestriction": ["NR", "EUTRA"]}, "3G 4G 5G", "3G-1"),
        ({"generation": "5G", "ratRestriction": ["NR", "EUTRA"]}, "4G 5G", None),
        ({"state": "TEST_READY"}, "3G", "3G-1"),
        ({"state": "SUSPENDED"}, "3G", None),
        ({"state": "INVENTORY"}, "3G", None),
        ({"imeiLock": ROUTER}, "3G", "3G-1"),
        ({"imeiLock": OTHER}, "3G", None),
        ({}, "2G", None),
    ],
)
async def test_the_best_technology_that_is_allowed_wins(
    rig: Rig, attributes: dict[str, Any], generations: str, expected: str | None
) -> None:
    utility = await begin(rig, **attributes)
    answer = await fit(rig, fitting(generations=generations))
    found = await seen(utility)
    assert found.get("servingCell", {}).get("cellId") == expected
    assert found.get("attached", False) is (expected is not None)
    assert len(answer["waiting"]) == (0 if expected else 1)


async def test_a_device_uses_its_bands_only(rig: Rig) -> None:
    utility = await begin(rig)
    assert (await fit(rig, fitting(bands="B1")))["waiting"] == {iccid(0): "no cell that it may use is in reach"}
    await fit(rig, fitting(bands=["B1", "B8"]))
    assert (await seen(utility))["attached"] is True


async def test_the_session_follows_the_operational_state(rig: Rig) -> None:
    utility = await begin(rig)
    await fit(rig, fitting())
    for state, attached in (("SUSPENDED", False), ("ACTIVE", True), ("RETIRED", False)):
        assert await change(rig, utility, state=state) == 204
        found = await seen(utility)
        assert found["operational"]["state"] == state
        assert found["attached"] is attached
        assert ("servingCell" in found) is attached


async def test_what_the_network_sees_is_told_as_its_own_doing(rig: Rig) -> None:
    utility = await begin(rig)
    control = {
        "id": "1",
        "objectClass": "NtfSubscriptionControl",
        "attributes": {
            "notificationRecipientAddress": "https://utility.example/hear",
            "notificationTypes": ["notifyMOIChanges"],
            "scope": {"scopeType": "BASE_ALL"},
        },
    }
    await utility.put(f"{PROVISIONING}/SubNetwork=grid/NtfSubscriptionControl=1", json=control)
    await fit(rig, fitting())
    await rig.sender.round()
    told = [change for body in rig.recipient.bodies for change in body.get("moiChanges", [])]
    (attached,) = [one for one in told if "attached" in str(one)]
    assert attached["sourceIndicator"] == "RESOURCE_OPERATION"


async def test_taking_a_card_out_ends_its_session(rig: Rig) -> None:
    utility = await begin(rig)
    await fit(rig, fitting())
    assert (await rig.office.delete(f"/simulation/v1/fittings/{iccid(0)}")).json() == {"lost": 1}
    assert (await seen(utility))["attached"] is False
    assert (await rig.office.delete(f"/simulation/v1/fittings/{iccid(0)}")).json() == {"lost": 0}
    assert (await rig.office.get(f"/simulation/v1/fittings/{iccid(0)}")).status_code == 404


async def test_a_technology_goes_region_by_region_and_comes_back(rig: Rig) -> None:
    utility = await begin(rig, 2, generation="4G")
    await fit(rig, fitting(0, "3G"), fitting(1, "3G 4G"))

    async def switch(**wanted: Any) -> dict[str, int]:
        answer = await rig.office.post("/simulation/v1/phase-out", json={"technology": "3G", **wanted})
        found: dict[str, int] = answer.json()
        return found

    assert await switch(region="North East") == {"cells": 1, "lost": 0, "gained": 0}
    assert (await seen(utility, "S0"))["servingCell"]["cellId"] == "3G-far"
    assert (await seen(utility, "S1"))["servingCell"]["cellId"] == "4G-1"
    assert await switch() == {"cells": 2, "lost": 1, "gained": 0}
    assert (await seen(utility, "S0"))["attached"] is False
    assert (await seen(utility, "S1"))["attached"] is True
    assert await switch(cells=["3G-1"], off=False) == {"cells": 1, "lost": 0, "gained": 1}
    assert (await seen(utility, "S0"))["servingCell"]["cellId"] == "3G-1"


async def test_an_outline_says_which_cells_go(rig: Rig) -> None:
    await begin(rig)
    ring = [[-1.7, 54.9], [-1.5, 54.9], [-1.5, 55.0], [-1.7, 55.0]]
    answer = await rig.office.post("/simulation/v1/phase-out", json={"technology": "UTRA", "outline": ring})
    assert answer.json()["cells"] == 1


async def test_what_a_crash_left_behind_is_settled_later(rig: Rig) -> None:
    utility = await begin(rig)
    await fit(rig, fitting())
    async with rig.parts.db.transaction() as tx:
        await tx.execute("UPDATE simulated_cell SET off = true WHERE rat = 'UTRA'")
    await Meddler(rig.parts, rig.network)._coverage.settle()
    assert (await seen(utility))["attached"] is False


async def test_cells_that_a_fitting_names_are_all_it_has(rig: Rig) -> None:
    utility = await begin(rig)
    named = [
        {"cellId": "own-1", "ratType": "UTRA", "band": "B1", "plmn": "00101"},
        {"cellId": "3G-1", "ratType": "UTRA"},
    ]
    await fit(rig, fitting(cells=named))
    assert (await seen(utility))["servingCell"]["cellId"] == "own-1"
    await rig.office.post("/simulation/v1/phase-out", json={"technology": "UTRA", "cells": ["own-1"]})
    assert (await seen(utility))["servingCell"]["cellId"] == "3G-1"
    assert (await fit(rig, fitting(cells=[])))["attached"] == 0


async def test_the_loaded_world_is_fitted_as_it_stands(rig: Rig) -> None:
    utility = await begin(rig, 3)
    serving = {"cellId": "3G-9", "ratType": "UTRA", "band": "B8", "plmn": "001-01"}
    reports: list[dict[str, Any]] = [
        {
            "subscription": "S0",
            "attached": True,
            "imei": ROUTER,
            "servingCell": serving,
            "generations": "2G 3G",
            **HERE,
        },
        {"subscription": "S1", "attached": True, "imei": ROUTER, "servingCell": serving},
        {"subscription": "S2", "attached": False, "imei": OTHER, "servingCell": None, "generations": "3G", **HERE},
    ]
    answer = await rig.office.post("/simulation/v1/attachments", content=ndjson(reports))
    assert answer.json() == {"taken": 3, "unknown": 0}
    session = (await rig.office.get("/simulation/v1/sessions/10.0.0.1")).json()
    assert (session["attached"], session["subscription"], session["imei"]) == (True, "S0", ROUTER)
    for name in ("S0", "S1", "S2"):
        assert await change(rig, utility, name, state="SUSPENDED") == 204
        assert (await seen(utility, name))["attached"] is False
        assert await change(rig, utility, name, state="ACTIVE") == 204
    assert (await seen(utility, "S0"))["servingCell"]["cellId"] == "3G-1"  # by its place
    assert (await seen(utility, "S1"))["servingCell"]["cellId"] == "3G-9"  # by the cell it was seen in
    assert (await seen(utility, "S2"))["attached"] is False  # it is in a radio shadow


async def test_who_answers_at_an_address(rig: Rig) -> None:
    utility = await begin(rig, 2)
    await fit(rig, fitting(0))
    answer = (await rig.office.get("/simulation/v1/sessions/10.0.0.1")).json()
    assert answer["attached"] is True
    assert (answer["subscription"], answer["imei"], answer["rat"]) == ("S0", ROUTER, "UTRA")
    assert (answer["utility"], answer["apn"], answer["iccid"]) == ("grid", "grid.example", iccid(0))
    wrong = await rig.office.get("/simulation/v1/sessions/10.0.0.1", params={"apn": "other"})
    assert wrong.json()["attached"] is False
    many = await rig.office.post("/simulation/v1/sessions", json=["10.0.0.2", "10.0.0.1", "10.9.9.9"])
    assert [one["attached"] for one in many.json()] == [False, True, False]
    await change(rig, utility, ipAddress="10.0.7.7")
    assert (await rig.office.get("/simulation/v1/sessions/10.0.0.1")).json()["attached"] is False
    assert (await rig.office.get("/simulation/v1/sessions/10.0.7.7")).json()["subscription"] == "S0"


async def test_a_card_that_moves_to_another_subscription_ends_the_session(rig: Rig) -> None:
    utility = await begin(rig, 2)
    await fit(rig, fitting(0), fitting(1))
    await rig.office.patch(
        "/backoffice/v1/utilities/grid/subscriptions/S1",
        json={"attributes": {"state": "SUSPENDED", "card": iccid(0)}, "by": "jane", "reason": "swap"},
    )
    await rig.work()
    assert (await seen(utility, "S1"))["attached"] is False
    assert (await seen(utility, "S0"))["attached"] is True


async def test_a_card_turns_up_in_a_foreign_device(rig: Rig) -> None:
    utility = await begin(rig, 3)
    await fit(rig, *(fitting(number) for number in range(3)))
    await rig.office.patch(
        "/backoffice/v1/utilities/grid/subscriptions/S2", json={"attributes": {"imeiLock": ROUTER}, "by": "jane"}
    )
    await rig.work()
    rules = [
        {"operator": "A", "fault": "foreign_device", "count": 1},
        {"operator": "A", "fault": "foreign_device", "ids": ["S2"], "value": OTHER},
    ]
    rig.network.install(read_faults(ndjson([{"rules": rules}]).strip()))
    assert not rig.network.looks_for_sessions()  # nothing has been changed yet
    rig.network.began([])
    meddler = Meddler(rig.parts, rig.network)
    await meddler.strangers()
    moved = await seen(utility, "S0")
    assert moved["imei"] != ROUTER
    assert check_imei(moved["imei"]).ok
    assert moved["attached"] is True
    assert (await seen(utility, "S1"))["imei"] == ROUTER
    assert (await seen(utility, "S2"))["attached"] is False  # the lock refuses it
    assert not rig.network.looks_for_sessions()
    await meddler.round()
    assert await rig.value("SELECT count(*) FROM simulated_strike") == 2


@pytest.mark.parametrize(
    "line",
    [
        {"iccid": "1", "imei": ROUTER, "generations": "3G", **HERE},
        {"iccid": iccid(0), "imei": "123456789012345", "generations": "3G", **HERE},
        {"iccid": iccid(0), "imei": ROUTER, "generations": "6G", **HERE},
        {"iccid": iccid(0), "imei": ROUTER, "generations": "", **HERE},
        {"iccid": iccid(0), "imei": ROUTER, "generations": "3G"},
        {"iccid": iccid(0), "imei": ROUTER, "generations": "3G", "lat": 91, "lon": 0},
        {"iccid": iccid(0), "imei": ROUTER, "generations": "3G", "lat": 9},
        {"iccid": iccid(0), "imei": ROUTER, "generations": "3G", "cells": [{"cellId": "\x00", "ratType": "NR"}]},
        {"iccid": iccid(0), "imei": ROUTER, "generations": "3G", **HERE, "colour": "red"},
        [],
    ],
)
async def test_a_line_that_is_no_fitting_is_named(rig: Rig, line: Any) -> None:
    await begin(rig)
    answer = await rig.office.post("/simulation/v1/fittings", content=ndjson([fitting()]) + json.dumps(line).encode())
    assert answer.status_code == 422, answer.text
    assert answer.json()["problems"][0]["line"] == 2
    assert await rig.value("SELECT count(*) FROM simulated_fitting") == 0


async def test_cards_of_nobody_are_told(rig: Rig) -> None:
    await begin(rig)
    answer = await rig.office.post("/simulation/v1/fittings", json=[fitting(0), fitting(7)])
    assert answer.json()["unknown"] == [iccid(7)]
    assert answer.json()["taken"] == 1


async def test_addresses_move_in_two_steps(rig: Rig) -> None:
    """The old subscription gives its address up; only once the network has followed may the new one have it."""
    utility = await begin(rig, 3)
    taken = {"ipAddress": "10.0.0.1"}
    assert await change(rig, utility, "S1", **taken) == 422
    assert await change(rig, utility, "S1", apn="other.example", **taken) == 204  # another APN is another world
    plan = {
        "configChangesContentType": "OPENAPI_BASED",
        "activationMode": "BEST_EFFORT",
        "configChanges": [
            merge("S0", {"ipAddress": None}),
            merge("S2", taken),
        ],
    }
    first = await activated(rig, utility, plan)
    assert [one["state"] for one in first] == ["FAILED"]
    assert first[0]["target"].endswith("S2")
    assert "network has not followed yet" in first[0]["errors"][0]["detail"]
    assert await change(rig, utility, "S2", **taken) == 204
    assert await rig.value("SELECT count(*) FROM address_leaving") == 0


async def test_an_address_that_the_network_keeps_is_not_given_to_another(rig: Rig) -> None:
    utility = await begin(rig, 2)
    rule = {"operator": "A", "fault": "accept_not_apply", "ids": ["S0"]}
    rig.network.install(read_faults(ndjson([{"rules": [rule]}]).strip()))
    assert await change(rig, utility, "S0", state="RETIRED") == 204
    assert (await seen(utility, "S0"))["operational"]["state"] == "ACTIVE"
    assert await change(rig, utility, "S1", ipAddress="10.0.0.1") == 422
    assert await rig.value("SELECT count(*) FROM address_leaving") == 1


async def test_two_changes_of_one_plan_cannot_take_the_same_address(rig: Rig) -> None:
    utility = await begin(rig, 2)
    plan = {
        "configChangesContentType": "OPENAPI_BASED",
        "activationMode": "BEST_EFFORT",
        "configChanges": [merge("S0", {"ipAddress": "10.0.9.9"}), merge("S1", {"ipAddress": "10.0.9.9"})],
    }
    (failed,) = await activated(rig, utility, plan)
    assert failed["target"].endswith("S1")
    assert failed["errors"][0]["reason"] == "FINAL_DATA_NODE_VALUE_INVALID"
    assert "UtilitySubscription=S0 is to have it" in failed["errors"][0]["detail"]


async def test_a_copied_address_is_seen_too(rig: Rig) -> None:
    utility = await begin(rig, 2)
    await change(rig, utility, "S1", userLabel="10.0.0.1")
    answer = await utility.patch(
        f"{PROVISIONING}/SubNetwork=grid/UtilitySubscription=S1",
        headers={"Content-Type": "application/json-patch+json"},
        json=[{"op": "copy", "from": "/attributes/userLabel", "path": "/attributes/ipAddress"}],
    )
    assert answer.status_code == 422, answer.text
    assert "taken" in answer.text


def merge(name: str, attributes: dict[str, Any]) -> dict[str, Any]:
    return {
        "modifyOperator": "merge",
        "target": f"/SubNetwork=grid/UtilitySubscription={name}",
        "value": {"attributes": attributes},
    }


async def activated(rig: Rig, utility: Any, plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Activate a plan, let the network follow, and give the operations that failed."""
    made = await utility.post(f"{PLANNING}/plan-descriptors", json=plan)
    job = await utility.post(f"{PLANNING}/plan-activation-jobs", json={"planConfigDescrId": made.json()["id"]})
    await rig.work()
    details = await utility.get(f"{PLANNING}/plan-activation-jobs/{job.json()['id']}/activation-details")
    found: list[dict[str, Any]] = details.json()["results"]
    return found
