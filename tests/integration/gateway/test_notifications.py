"""Notifications: everybody's changes, in order, until they are taken, and nowhere else."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tieline.gateway.notify.sender import Sender
from tieline.gateway.parts import Parts
from tieline.platform.clock import SetClock
from tieline.platform.db import execute

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Rig

pytestmark = pytest.mark.anyio

ROOT = "/3gpp-mns/ProvMnS/v1/SubNetwork=U1"
MERGE = {"Content-Type": "application/merge-patch+json"}


async def subscribe(api: httpx.AsyncClient, name: str = "n1", heartbeat: int | None = None, **attributes: Any) -> None:
    body: dict[str, Any] = {
        "id": name,
        "attributes": {"notificationRecipientAddress": "https://utility.example/in", **attributes},
    }
    if heartbeat is not None:
        body["HeartbeatControl"] = {"id": "1", "attributes": {"heartbeatNtfPeriod": heartbeat}}
    answer = await api.put(f"{ROOT}/NtfSubscriptionControl={name}", json=body)
    assert answer.status_code == 201, answer.text


async def patch(api: httpx.AsyncClient, name: str, **attributes: Any) -> None:
    content = json.dumps({"id": name, "attributes": attributes})
    answer = await api.patch(f"{ROOT}/UtilitySubscription={name}", content=content, headers=MERGE)
    assert answer.status_code == 204, answer.text


def values(rig: "Rig", attribute: str) -> list[tuple[str, Any]]:
    """Give what recipients were told about an attribute, in order: (object, value)."""
    found = []
    for body in rig.recipient.bodies:
        for change in body.get("moiChanges", []):
            path, _, pointer = change["path"].partition("#")
            if pointer == f"/attributes/{attribute}":
                found.append((path.rpartition("=")[2], change.get("value")))
    return found


async def test_changes_of_utility_staff_and_network_are_told_in_order(rig: "Rig") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 1)
    await subscribe(api)
    await patch(api, "S00000", apn="one.example")
    staff = {"attributes": {"apn": "two.example"}, "by": "jane", "reason": "by phone"}
    await rig.office.patch("/backoffice/v1/utilities/U1/subscriptions/S00000", json=staff)
    seen = {"subscription": "S00000", "attached": True, "lastSeenSecondsAgo": 3}
    assert (await rig.office.post("/simulation/v1/attachments", content=json.dumps(seen))).json()["taken"] == 1
    await rig.work()
    assert values(rig, "apn") == [("S00000", "one.example"), ("S00000", "two.example")]
    assert values(rig, "attached") == [("S00000", True)]
    assert values(rig, "operational")[-1][1]["apn"] == "two.example"
    assert values(rig, "lastModifiedBy") == [("S00000", "utility:U1"), ("S00000", "staff:jane")]
    sources = {change["sourceIndicator"] for body in rig.recipient.bodies for change in body["moiChanges"]}
    assert sources == {"MANAGEMENT_OPERATION", "RESOURCE_OPERATION"}
    assert [body["sequenceNo"] for body in rig.recipient.bodies] == list(range(1, len(rig.recipient.bodies) + 1))


async def test_many_changes_go_into_few_posts(rig: "Rig") -> None:
    api = await rig.utility("U1")
    await subscribe(api)
    await rig.load("U1", 1100)
    await rig.sender.round()
    assert len(rig.recipient.bodies) == 3
    told = [change["path"].rpartition("=")[2] for body in rig.recipient.bodies for change in body["moiChanges"]]
    assert told[-1100:] == [f"S{number:05}" for number in range(1100)]
    assert await rig.value("SELECT count(*) FROM notification") == 0


async def test_whoever_does_not_take_them_gets_them_later_in_order_and_none_is_lost(rig: "Rig") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 1)
    await subscribe(api)
    await rig.sender.round()
    rig.recipient.bodies.clear()
    rig.recipient.refuse[:] = [503, 500, 302]
    clock = SetClock(datetime.now(UTC) + timedelta(minutes=1))
    sender = Sender(_with_clock(rig.parts, clock), rig.sender._client)
    waits = []
    for number in range(4):
        await patch(api, "S00000", apn=f"a{number}.example")
        await sender.round()
        waits.append((await rig.value("SELECT retry_at FROM recipient")) - clock.now())
        clock.forward(timedelta(seconds=10))
    assert [round(wait.total_seconds(), 1) for wait in waits[:3]] == [0.5, 1.0, 2.0]
    assert [value for _, value in values(rig, "apn")] == [f"a{number}.example" for number in range(4)]
    assert await rig.value("SELECT attempts FROM recipient") == 0
    assert await rig.value("SELECT count(*) FROM notification") == 0


async def test_a_clock_that_is_set_back_holds_no_recipient_up_for_as_long(rig: "Rig") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 1)
    await subscribe(api)
    await rig.sender.round()
    clock = SetClock(datetime.now(UTC) + timedelta(hours=2))
    sender = Sender(_with_clock(rig.parts, clock), rig.sender._client)
    rig.recipient.bodies.clear()
    rig.recipient.refuse[:] = [503]
    await patch(api, "S00000", apn="one.example")
    await sender.round()
    assert values(rig, "apn") == []
    clock.forward(timedelta(hours=-1))
    await sender.round()
    assert values(rig, "apn") == [("S00000", "one.example")]


async def test_a_recipient_that_is_left_alone_is_not_called(rig: "Rig") -> None:
    api = await rig.utility("U1")
    await subscribe(api)
    rig.recipient.refuse[:] = [503]
    await rig.sender.round()
    await rig.sender.round()
    assert rig.recipient.bodies == []
    assert await rig.value("SELECT last_error FROM recipient") == "answered 503"


async def test_scope_types_and_filter_are_honoured(rig: "Rig") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 2)
    await subscribe(api, "base", scope={"scopeType": "BASE_ONLY"})
    await subscribe(api, "single", notificationTypes=["notifyMOIAttributeValueChanges"])
    wanted = 'contains(href, "S00001")'
    await subscribe(api, "filtered", notificationTypes=["notifyMOIAttributeValueChanges"], notificationFilter=wanted)
    await rig.sender.round()
    rig.recipient.bodies.clear()
    await patch(api, "S00000", apn="one.example")
    await patch(api, "S00001", apn="two.example")
    await rig.sender.round()
    told = sorted(
        (body["subscriptionId"], body["notificationType"], body["href"].rpartition("=")[2])
        for body in rig.recipient.bodies
    )
    kind = "notifyMOIAttributeValueChanges"
    assert told == [("filtered", kind, "S00001"), ("single", kind, "S00000"), ("single", kind, "S00001")]
    changes = next(body for body in rig.recipient.bodies if body["href"].endswith("S00000"))[
        "attributeListValueChanges"
    ]
    assert (changes[0]["apn"], changes[1]["apn"]) == ("one.example", "old.example")


async def test_a_filter_sees_each_object_of_a_batch_under_its_own_address(rig: "Rig") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 3)
    await subscribe(api, notificationFilter='contains(href, "/UtilitySubscription=S0000") and not(contains(href, "2"))')
    for name in ("S00000", "S00001", "S00002"):
        await patch(api, name, apn="new.example")
    await rig.sender.round()
    (body,) = rig.recipient.bodies
    assert body["notificationType"] == "notifyMOIChanges"
    assert [name for name, _ in values(rig, "apn")] == ["S00000", "S00001"]


async def test_one_utility_is_not_told_of_another(rig: "Rig") -> None:
    api, other = await rig.utility("U1"), await rig.utility("U2")
    await subscribe(api)
    await rig.sender.round()
    rig.recipient.bodies.clear()
    await rig.load("U2", 3)
    del other
    await rig.work()
    assert rig.recipient.bodies == []


async def test_a_host_that_is_no_longer_registered_is_not_called(rig: "Rig") -> None:
    api = await rig.utility("U1")
    await subscribe(api)
    await rig.utility("U1", notification_hosts=["other.example"])
    await rig.sender.round()
    assert rig.recipient.bodies == []
    assert "no longer registered" in await rig.value("SELECT last_error FROM recipient")


async def test_heartbeats_come_at_their_period_and_on_demand(rig: "Rig") -> None:
    api = await rig.utility("U1")
    clock = SetClock(datetime.now(UTC))
    sender = Sender(_with_clock(rig.parts, clock), rig.sender._client)
    await subscribe(api, heartbeat=60, notificationTypes=["notifyHeartbeat"])
    for step in (0, 61, 30, 31):
        clock.forward(timedelta(seconds=step))
        await sender.round()
    beats = rig.recipient.bodies
    assert [body["notificationType"] for body in beats] == ["notifyHeartbeat"] * 2
    assert beats[0]["heartbeatNtfPeriod"] == 60
    assert beats[0]["href"].endswith("/NtfSubscriptionControl=n1/HeartbeatControl=1")
    due = await rig.value("SELECT heartbeat_due_at FROM recipient")
    content = json.dumps({"id": "1", "attributes": {"triggerHeartbeatNtf": True}})
    url = f"{ROOT}/NtfSubscriptionControl=n1/HeartbeatControl=1"
    assert (await api.patch(url, content=content, headers=MERGE)).status_code == 204
    await sender.round()
    assert len(beats) == 3
    assert await rig.value("SELECT heartbeat_due_at FROM recipient") == due
    assert "triggerHeartbeatNtf" not in (await api.get(url)).json()["attributes"]
    content = json.dumps({"id": "1", "attributes": {"heartbeatNtfPeriod": 0}})
    await api.patch(url, content=content, headers=MERGE)
    clock.forward(timedelta(minutes=10))
    await sender.round()
    assert len(beats) == 3


async def test_faults_double_drop_and_delay(rig: "Rig") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 4)
    await subscribe(api)
    await rig.sender.round()
    rig.recipient.bodies.clear()
    rules = [
        {"operator": "A", "fault": "drop_notification", "ids": ["S00000"]},
        {"operator": "A", "fault": "duplicate_notification", "ids": ["S00001"], "times": 2},
        {"operator": "A", "fault": "late_notification", "ids": ["S00002"], "delay_s": 3600},
    ]
    await rig.office.put("/simulation/v1/faults", json={"rules": rules})
    for name in ("S00000", "S00001", "S00002", "S00003"):
        await patch(api, name, apn="new.example")
    await rig.sender.round()
    assert sorted(name for name, _ in values(rig, "apn")) == ["S00001", "S00001", "S00003"]
    assert await rig.value("SELECT count(*) FROM notification WHERE due_at > now() + interval '50 minutes'") == 1


async def test_a_queue_that_nobody_empties_becomes_advice_to_read_again(rig: "Rig") -> None:
    api = await rig.utility("U1")
    await rig.load("U1", 5)
    await subscribe(api)
    async with rig.parts.db.transaction() as tx:
        await execute(tx, "UPDATE notification SET event_at = now() - interval '8 days'")
    await rig.sender._tidy()
    await rig.sender.round()
    (body,) = rig.recipient.bodies
    assert body["notificationType"] == "notifyDataNodeTreeSyncRecommended"
    assert body["href"] == "https://gateway.example/3gpp-mns/ProvMnS/v1/SubNetwork=U1"


async def test_the_worker_sends_by_itself(rig: "Rig") -> None:
    api = await rig.utility("U1")
    worker = asyncio.create_task(rig.sender.run())
    try:
        await subscribe(api)
        async with asyncio.timeout(10):
            await rig.recipient.told.wait()
        assert rig.recipient.bodies[0]["notificationType"] == "notifyMOIChanges"
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


def _with_clock(parts: Parts, clock: SetClock) -> Parts:
    return Parts(parts.settings, parts.db, clock, parts.backend, parts.interference, parts.base_url, parts.radio)
