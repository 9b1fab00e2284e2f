"""Word of a SIM in another device: who is told, how often, until when, and again until it is taken."""

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.gateway.conftest import Rig
    from tests.integration.gateway_exposure.conftest import Background

pytestmark = pytest.mark.anyio

EVENTS = "/3gpp-monitoring-event/v1/U1/subscriptions"
IMEI = "CHANGE_OF_IMSI_IMEI_ASSOCIATION"
FIRST, SECOND, THIRD = "490154203237518", "356938035643809", "352099001761481"


def wanted(**more: Any) -> dict[str, Any]:
    return {
        "notificationDestination": "https://utility.example/events",
        "monitoringType": IMEI,
        "externalGroupId": "all@U1",
        "monitorExpireTime": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
        **more,
    }


async def seen(rig: "Rig", **imeis: str) -> None:
    """The network sees subscriptions with devices."""
    lines = [{"subscription": name, "attached": True, "imei": imei} for name, imei in imeis.items()]
    content = b"\n".join(json.dumps(line).encode() for line in lines)
    answer = await rig.office.post("/simulation/v1/attachments", content=content)
    assert answer.status_code < 300, answer.text


def told(background: "Background") -> list[tuple[str, str, str]]:
    return [
        (one["externalId"], one["previousPei"], one["pei"])
        for body in background.told.bodies
        for one in body["monitoringEventReports"]
    ]


async def test_a_sim_in_another_device_is_told(rig: "Rig", background: "Background") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 2)
    made = await api.post(EVENTS, json=wanted())
    assert made.status_code == 201, made.text
    await seen(rig, S00000=FIRST)
    await background.rest()
    assert background.told.bodies == []  # its first device
    await seen(rig, S00000=SECOND, S00001=FIRST)
    await background.rest()
    assert told(background) == [("S00000@U1", f"imei-{FIRST}", f"imei-{SECOND}")]
    assert background.told.bodies[0]["subscription"] == made.headers["location"] == made.json()["self"]
    await seen(rig, S00000=SECOND)
    await background.rest()
    assert len(background.told.bodies) == 1


async def test_so_many_reports_and_no_more(rig: "Rig", background: "Background") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 1)
    body = wanted(maximumNumberOfReports=1, externalId="S00000@U1")
    del body["monitorExpireTime"], body["externalGroupId"]
    link = (await api.post(EVENTS, json=body)).headers["location"]
    for imei in (FIRST, SECOND, THIRD):
        await seen(rig, S00000=imei)
    await background.rest()
    assert told(background) == [("S00000@U1", f"imei-{FIRST}", f"imei-{SECOND}")]
    assert (await api.get(link)).status_code == 404


async def test_nothing_after_its_time(rig: "Rig", background: "Background") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 1)
    link = (await api.post(EVENTS, json=wanted())).headers["location"]
    async with rig.parts.db.transaction() as tx:
        await tx.execute("UPDATE event_subscription SET expires_at = now() - interval '1 second'")
    await seen(rig, S00000=FIRST)
    await seen(rig, S00000=SECOND)
    await background.rest()
    assert background.told.bodies == []
    assert (await api.get(link)).status_code == 404
    late = await api.post(EVENTS, json=wanted(monitorExpireTime="2020-01-01T00:00:00Z"))
    assert late.json()["invalidParams"][0]["param"] == "/monitorExpireTime"


async def test_one_subscription_or_the_members_of_a_group(
    rig: "Rig", background: "Background", group_body: "Callable[..., dict[str, Any]]"
) -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 3)
    await api.post("/3gpp-5glan-pp/v1/U1/subscriptions", json=group_body("S00001"))
    await background.rest()
    await api.post(EVENTS, json=wanted(externalGroupId="north@grid.example"))
    body = wanted(externalId="S00002@U1", notificationDestination="https://utility.example/other")
    del body["externalGroupId"]
    assert (await api.post(EVENTS, json=body)).status_code == 201
    await seen(rig, S00000=FIRST, S00001=FIRST, S00002=FIRST)
    await seen(rig, S00000=SECOND, S00001=SECOND, S00002=SECOND)
    await background.rest()
    assert sorted(name for name, _, _ in told(background)) == ["S00001@U1", "S00002@U1"]


async def test_it_is_told_again_until_it_is_taken(rig: "Rig", background: "Background") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 1)
    await api.post(EVENTS, json=wanted())
    await seen(rig, S00000=FIRST)
    await seen(rig, S00000=SECOND)
    background.told.refuse = [503]
    await background.rest()
    assert background.told.bodies == []
    assert await rig.value("SELECT attempts FROM event_subscription") == 1
    async with rig.parts.db.transaction() as tx:
        await tx.execute("UPDATE event_subscription SET retry_at = now()")
    await background.rest()
    assert len(told(background)) == 1
    assert await rig.value("SELECT count(*) FROM event_notification") == 0


async def test_one_that_goes_wrong_does_not_keep_the_others_waiting(rig: "Rig", background: "Background") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 1)
    await api.post(EVENTS, json=wanted(notificationDestination="https://utility.example/broken"))
    await api.post(EVENTS, json=wanted())
    await seen(rig, S00000=FIRST)
    await seen(rig, S00000=SECOND)

    def broken(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/broken":
            raise RuntimeError("nobody thought of this")
        answer: httpx.Response = background.told(request)
        return answer

    background.sender._client = httpx.AsyncClient(transport=httpx.MockTransport(broken))
    await background.rest()
    assert len(told(background)) == 1
    failed = await rig.value("SELECT last_error FROM event_subscription WHERE destination LIKE '%%broken'")
    assert failed == "RuntimeError"


async def test_twice_or_never_as_faults_have_it(rig: "Rig", background: "Background") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 2)
    faults = {
        "rules": [
            {"operator": "A", "fault": "duplicate_notification", "ids": ["S00000"], "times": 2},
            {"operator": "A", "fault": "drop_notification", "ids": ["S00001"]},
        ],
    }
    assert (await rig.office.put("/simulation/v1/faults", json=faults)).status_code < 300
    await api.post(EVENTS, json=wanted())
    await seen(rig, S00000=FIRST, S00001=FIRST)
    await seen(rig, S00000=SECOND, S00001=SECOND)
    await background.rest()
    assert [name for name, _, _ in told(background)] == ["S00000@U1", "S00000@U1"]


async def test_the_present_device_at_once(rig: "Rig") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 1)
    await seen(rig, S00000=FIRST)
    body = wanted(externalId="S00000@U1", immediateRep=True)
    del body["externalGroupId"]
    made = await api.post(EVENTS, json=body)
    assert made.json()["monitoringEventReport"]["pei"] == f"imei-{FIRST}"
    del body["monitorExpireTime"]
    once = await api.post(EVENTS, json={**body, "maximumNumberOfReports": 1})
    assert (once.status_code, once.json()["pei"]) == (200, f"imei-{FIRST}")
    assert len((await api.get(EVENTS)).json()) == 1


async def test_a_test_notification(rig: "Rig", background: "Background") -> None:
    api = await rig.utility("U1")
    made = await api.post(EVENTS, json=wanted(requestTestNotification=True))
    await background.rest()
    assert background.told.bodies == [{"subscription": made.headers["location"]}]


async def test_what_is_refused(rig: "Rig") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 1)
    cases = [
        (wanted(notificationDestination="https://evil.example/"), 403, "MANDATORY_IE_INCORRECT"),
        (wanted(notificationDestination="http://utility.example/"), 403, "MANDATORY_IE_INCORRECT"),
        (wanted(monitoringType="LOCATION_REPORTING"), 403, "EVENT_NOT_SUPPORTED"),
        (wanted(externalGroupId="nobody@U1"), 400, "USER_NOT_FOUND"),
        (wanted(externalId="S00000@U1"), 400, "MANDATORY_IE_MISSING"),
        (wanted(maximumNumberOfReports=0), 400, "MANDATORY_IE_INCORRECT"),
        ({"monitoringType": IMEI}, 400, "MANDATORY_IE_MISSING"),
    ]
    for body, status, cause in cases:
        answer = await api.post(EVENTS, json=body)
        assert (answer.status_code, answer.json()["cause"]) == (status, cause), answer.text
    assert (await api.get(EVENTS)).json() == []


async def test_terms_are_replaced_and_ended(rig: "Rig", background: "Background") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 1)
    link = (await api.post(EVENTS, json=wanted())).headers["location"]
    moved = "https://utility.example/moved"
    put = await api.put(link, json=wanted(notificationDestination=moved))
    assert (put.status_code, put.json()["notificationDestination"]) == (200, moved)
    assert (await api.delete(link)).status_code == 204
    assert (await api.delete(link)).status_code == 404
    await seen(rig, S00000=FIRST)
    await seen(rig, S00000=SECOND)
    await background.rest()
    assert background.told.bodies == []
