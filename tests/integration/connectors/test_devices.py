"""Word of SIMs that are used with other devices: asked for, taken once, told on."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tieline.utility.connectors import devices

pytestmark = pytest.mark.anyio

OLD, NEW, OTHER = "490154203237518", "356938035643809", "352099001761481"
SUBSCRIPTION = "https://operator-a.test/3gpp-monitoring-event/v1/grid/subscriptions/1"
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def report(ref: str, imei: str, previous: str | None = None, at: datetime = AT) -> dict[str, Any]:
    """A report as TS 29.122 has it, with ``pei`` of Release 19."""
    found = {
        "monitoringType": "CHANGE_OF_IMSI_IMEI_ASSOCIATION",
        "imeiChange": "IMEI",
        "externalId": f"{ref}@grid",
        "eventTime": at.isoformat(),
        "pei": f"imei-{imei}",
    }
    return found if previous is None else {**found, "previousPei": f"imei-{previous}"}


async def told(house: Any, *reports: dict[str, Any], fingerprint: str | None = "ab" * 32) -> httpx.Response:
    body = json.dumps({"subscription": SUBSCRIPTION, "monitoringEventReports": list(reports)}).encode()
    async with httpx.AsyncClient(transport=house.transport_for(fingerprint), base_url="https://us.test") as client:
        return await client.post("/3gpp/notifications/A/devices", content=body)


async def events(house: Any) -> list[dict[str, Any]]:
    rows = await house.rows("SELECT payload FROM outbox_event WHERE topic = 'subscription.imei-changed' ORDER BY id")
    return [row["payload"] for row in rows]


async def test_a_sim_in_another_device_is_seen_and_told_on_once(house: Any) -> None:
    identity = await house.value("SELECT id FROM subscription WHERE operator_ref = 's1'")
    for _ in range(2):
        assert (await told(house, report("s1", NEW, OLD))).status_code == 204
    assert await house.value("SELECT imei_seen FROM subscription WHERE operator_ref = 's1'") == NEW
    (event,) = await events(house)
    at = event.pop("at")
    assert datetime.fromisoformat(at) == AT
    assert event == {"operator": "A", "subscription_id": identity, "ref": "s1", "old_imei": OLD, "new_imei": NEW}


async def test_a_device_that_the_sim_is_not_locked_to_is_a_suspect_at_once(house: Any) -> None:
    identity = await house.value(f"UPDATE subscription SET imei_lock = '{OLD}' WHERE operator_ref = 's1' RETURNING id")
    await told(house, report("s1", NEW, OLD))
    rows = await house.rows("SELECT payload FROM outbox_event WHERE topic = 'subscription.reported'")
    assert [(row["payload"]["source"], row["payload"]["suspects"]) for row in rows] == [("device-event", [identity])]


async def test_the_former_device_is_the_one_seen_last_where_nothing_is_said_of_it(house: Any) -> None:
    await told(house, report("s1", OLD, at=AT - timedelta(hours=1)))
    await told(house, report("s1", NEW), report("s1", OTHER, at=AT + timedelta(hours=1)))
    assert [(one["old_imei"], one["new_imei"]) for one in await events(house)] == [
        (None, OLD), (OLD, NEW), (NEW, OTHER),
    ]  # fmt: skip


async def test_what_comes_late_is_told_on_and_does_not_unsay_what_came_before(house: Any) -> None:
    await told(house, report("s1", OTHER, NEW, at=AT + timedelta(hours=1)))
    await told(house, report("s1", NEW, OLD))
    assert await house.value("SELECT imei_seen FROM subscription WHERE operator_ref = 's1'") == OTHER
    assert len(await events(house)) == 2


async def test_who_may_not_and_what_cannot_be_read(house: Any) -> None:
    assert (await told(house, report("s1", NEW), fingerprint=None)).status_code == 403
    assert (await told(house, report("s1", NEW), fingerprint="cd" * 32)).status_code == 403
    assert (await told(house, {"imeiChange": "IMEI"})).status_code == 422
    assert (await told(house, {**report("s1", NEW), "eventTime": "2026-03-01T12:00:00"})).status_code == 422
    assert (await told(house, report("unknown", NEW))).status_code == 204
    assert (await told(house, {"monitoringType": "LOSS_OF_CONNECTIVITY"})).status_code == 204
    assert await events(house) == []


async def test_operators_are_asked_once_and_again_before_it_ends(house: Any) -> None:
    await devices.look(house.runtime, house.lines)
    assert house.platform.watches == {"watch": "https://us.test:8401/3gpp/notifications/A/devices"}
    before = house.platform.calls
    await devices.look(house.runtime, house.lines)
    assert house.platform.calls == before
    await house.run_sql("UPDATE operator_device_watch SET expires_at = now() + interval '9 days'")
    await devices.look(house.runtime, house.lines)
    assert house.platform.calls == before + 1
    left = await house.value("SELECT expires_at - now() > interval '29 days' FROM operator_device_watch")
    assert left is True


async def test_an_operator_that_lacks_it_is_not_asked(house: Any) -> None:
    await house.run_sql("UPDATE operator_connection SET lacks = '{device_events}', updated_at = clock_timestamp()")
    await devices.look(house.runtime, house.lines)
    assert house.platform.watches == {}


async def test_what_an_operator_lacks_shows_in_its_capabilities(house: Any) -> None:
    shown = (await house.people.get("/operators/A/connection")).json()
    assert shown["capabilities"]["lan_group_members"] == 1000
    body = {
        "provider": "mns3gpp",
        "base_url": "https://operator-a.test/3gpp-mns",
        "lacks": ["lan_groups", "static_addresses"],
    }
    assert (await house.people.put("/operators/A/connection", json=body)).status_code == 200
    shown = (await house.people.get("/operators/A/connection")).json()
    assert shown["lacks"] == ["lan_groups", "static_addresses"]
    assert shown["capabilities"]["lan_group_members"] == 0
    assert shown["capabilities"]["static_addresses"] is False
    assert "lan_groups" not in shown["capabilities"]["writable"]
    assert (await house.people.put("/operators/A/connection", json={**body, "lacks": ["gravity"]})).status_code == 422
