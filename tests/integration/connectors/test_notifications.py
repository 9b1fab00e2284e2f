"""What operators push to us: by their own certificate, each once, gaps noticed."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tieline.utility.connectors import feeds, service
from tieline.utility.connectors.lines import SYSTEM

pytestmark = pytest.mark.anyio

ROOT = "https://operator-a.test/3gpp-mns/ProvMnS/v1/SubNetwork=grid"


def moi_changes(
    number: int, *changes: dict[str, Any], at: datetime | None = None, sequence: int | None = None
) -> bytes:
    """A notification as TS 28.532 has it: notifyMOIChanges."""
    body = {
        "href": ROOT,
        "notificationId": number,
        "notificationType": "notifyMOIChanges",
        "eventTime": (at or datetime.now(UTC)).isoformat(),
        "systemDN": "SubNetwork=A,MnsAgent=gateway",
        "sequenceNo": number if sequence is None else sequence,
        "subscriptionId": "tieline",
        "moiChanges": list(changes),
    }
    return json.dumps(body).encode()


def change(number: int, ref: str, name: str, value: Any, old: Any = None) -> dict[str, Any]:
    return {
        "notificationId": number,
        "op": "replace",
        "path": f"{ROOT}/UtilitySubscription={ref}#/attributes/{name}",
        "value": value,
        **({} if old is None else {"oldValue": old}),
    }


def heartbeat(number: int) -> bytes:
    body = {
        "href": f"{ROOT}/NtfSubscriptionControl=tieline/HeartbeatControl=1",
        "notificationId": number,
        "notificationType": "notifyHeartbeat",
        "eventTime": datetime.now(UTC).isoformat(),
        "systemDN": "SubNetwork=A",
        "sequenceNo": number,
        "heartbeatNtfPeriod": 60,
    }
    return json.dumps(body).encode()


OPERATIONAL = {"state": "ACTIVE", "apn": "other.apn", "dataPlan": "m2m-100"}


async def test_a_report_reaches_the_inventory_and_its_drift_the_contexts_above(house: Any) -> None:
    body = moi_changes(
        1,
        change(1, "s1", "operational", OPERATIONAL),
        change(1, "s1", "servingCell", {"cellId": "4G-1", "ratType": "EUTRA", "band": "B20", "plmn": "23410",
                                        "reportedAt": datetime.now(UTC).isoformat()}),
        change(1, "s1", "attached", True),  # noqa: FBT003 - a JSON value
    )  # fmt: skip
    assert (await house.notify(body)).status_code == 204
    (row,) = await house.rows(
        "SELECT op_apn, rat, band, cell_key, attached FROM subscription WHERE operator_ref = 's1'"
    )
    assert row == {"op_apn": "other.apn", "rat": "EUTRA", "band": "B20", "cell_key": "4G-1", "attached": True}
    (event,) = await house.rows("SELECT payload FROM outbox_event WHERE topic = 'subscription.reported'")
    (drift,) = event["payload"]["drifts"]
    assert (drift["ref"], drift["field"], drift["desired"], drift["operational"]) == (
        "s1",
        "apn",
        "scada.dso",
        "other.apn",
    )


async def test_a_change_by_the_operators_staff_is_told_with_both_values(house: Any) -> None:
    body = moi_changes(
        1, change(1, "s1", "apn", "evil.apn", "scada.dso"), change(1, "s1", "lastModifiedBy", "staff:bob")
    )
    assert (await house.notify(body)).status_code == 204
    (event,) = await house.rows("SELECT payload FROM outbox_event WHERE topic = 'subscription.changed-at-operator'")
    (told,) = event["payload"]["changes"]
    assert (told["ref"], told["before"], told["after"], told["by"]) == (
        "s1",
        {"apn": "scada.dso"},
        {"apn": "evil.apn"},
        "staff:bob",
    )


async def test_what_comes_twice_counts_once(house: Any) -> None:
    body = moi_changes(1, change(1, "s1", "operational", OPERATIONAL))
    for _ in range(3):
        assert (await house.notify(body)).status_code == 204
    assert await house.value("SELECT count(*) FROM outbox_event WHERE topic = 'subscription.reported'") == 1
    assert await house.value("SELECT count(*) FROM operator_notification") == 1


async def test_an_older_notification_changes_nothing(house: Any) -> None:
    now = datetime.now(UTC)
    later = {**OPERATIONAL, "apn": "later.apn"}
    await house.notify(moi_changes(2, change(2, "s1", "operational", later), at=now))
    await house.notify(moi_changes(1, change(1, "s1", "operational", OPERATIONAL), at=now - timedelta(minutes=1)))
    assert await house.value("SELECT op_apn FROM subscription WHERE operator_ref = 's1'") == "later.apn"


async def test_a_gap_asks_for_a_full_read(house: Any) -> None:
    await feeds.look(house.runtime, house.lines)
    await house.run_sql("UPDATE operator_sync SET state = 'done'")
    await house.notify(moi_changes(11, change(11, "s1", "operational", OPERATIONAL), sequence=4))
    await house.notify(moi_changes(12, change(12, "s2", "operational", OPERATIONAL), sequence=5))
    assert await house.value("SELECT count(*) FROM operator_sync WHERE state = 'queued'") == 0
    await house.notify(moi_changes(13, change(13, "s3", "operational", OPERATIONAL), sequence=8))
    (sync,) = await house.rows("SELECT reason FROM operator_sync WHERE state = 'queued'")
    assert sync["reason"] == "2 notifications are missing."
    assert await house.value("SELECT gaps FROM operator_feed") == 2


@pytest.mark.parametrize(("operator", "fingerprint"), [("A", None), ("A", "cd" * 32), ("B", "ab" * 32)])
async def test_only_the_operator_itself_is_let_in(house: Any, operator: str, fingerprint: str | None) -> None:
    body = moi_changes(1, change(1, "s1", "operational", OPERATIONAL))
    answer = await house.notify(body, operator=operator, fingerprint=fingerprint)
    assert answer.status_code == 403
    assert await house.value("SELECT count(*) FROM operator_notification") == 0


@pytest.mark.parametrize("body", [b"", b"[]", b'{"notificationType":"notifyMOIChanges"}', b"\xff\xfe", b"{" * 5000])
async def test_what_cannot_be_read_is_refused(house: Any, body: bytes) -> None:
    assert (await house.notify(body)).status_code == 422


async def test_a_feed_that_falls_silent_is_noticed_once_and_asked_anew(house: Any) -> None:
    await feeds.look(house.runtime, house.lines)
    assert house.platform.feeds == {"feed": "https://us.test:8401/3gpp/notifications/A"}
    assert (await house.notify(heartbeat(1))).status_code == 204
    await house.run_sql("UPDATE operator_feed SET heard_at = now() - interval '4 minutes'")
    house.platform.feeds.clear()
    await feeds.look(house.runtime, house.lines)
    assert house.platform.feeds
    assert await house.value("SELECT count(*) FROM outbox_event WHERE topic = 'operator.silent'") == 1
    await feeds.look(house.runtime, house.lines)
    assert await house.value("SELECT count(*) FROM outbox_event WHERE topic = 'operator.silent'") == 1


async def test_a_full_read_brings_everything_and_counts_it(house: Any) -> None:
    house.platform.load({"s99": {}})
    async with house.db.transaction() as tx:
        sync_id = await service.ask_sync(tx, SYSTEM, "A", reason="test")
    await service.sync(house.db, house.lines, house.runtime.clock, sync_id)
    answer = await house.people.get("/operators/A/syncs")
    (sync,) = answer.json()["items"]
    assert (sync["state"], sync["read"], sync["taken"], sync["unknown"], sync["drifts"]) == ("done", 6, 5, 1, 0)
    assert await house.value("SELECT count(*) FROM subscription WHERE op_state = 'ACTIVE'") == 5


async def test_a_full_read_of_an_operator_that_is_down_fails_with_its_reason(house: Any) -> None:
    house.platform.behaviour.down = True
    async with house.db.transaction() as tx:
        sync_id = await service.ask_sync(tx, SYSTEM, "A", reason="test")
    await service.sync(house.db, house.lines, house.runtime.clock, sync_id)
    (sync,) = (await house.people.get("/operators/A/syncs")).json()["items"]
    assert sync["state"] == "failed"
    assert "refuses connections" in sync["message"]
