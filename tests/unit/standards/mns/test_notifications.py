"""Notifications (TS 28.532) and who receives them (TS 28.623)."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.standards.mns import jex
from tieline.standards.mns import notifications as ntf
from tieline.standards.mns.dn import Dn
from tieline.standards.mns.errors import NotificationError, RepresentationError
from tieline.standards.mns.scope import BASE_ALL, Scope, ScopeType
from tieline.standards.mns.subscriptions import (
    HeartbeatAttributes,
    NtfSubscriptionAttributes,
    read_heartbeat,
    read_subscription,
    readable_heartbeat,
    subscription_body,
)

HEADER: dict[str, Any] = {
    "href": "https://operator/ProvMnS/v1/SubNetwork=U/UtilitySubscription=7",
    "notification_id": 12,
    "event_time": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    "system_dn": "DC=operator,SubNetwork=U",
    "sequence_no": 3,
}
SAMPLES: list[ntf.Notification] = [
    ntf.MoiCreation(**HEADER, attribute_list={"apn": "x"}, source_indicator=ntf.SourceIndicator.UNKNOWN),
    ntf.MoiDeletion(**HEADER),
    ntf.MoiAttributeValueChanges(**HEADER, attribute_list_value_changes=[{"apn": "y"}, {"apn": "x"}]),
    ntf.MoiChanges(**HEADER, moi_changes=ntf.moi_changes(HEADER["href"], {"a": 1, "b": 2}, {"a": 3, "c": None}, 12)),
    ntf.Event(**HEADER, specific_problem="rate limit reached"),
    ntf.Heartbeat(**HEADER, heartbeat_ntf_period=60),
    ntf.DataNodeTreeSyncRecommended(**HEADER),
]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.notification_type)
def test_what_a_producer_writes_a_consumer_reads(sample: ntf.Notification) -> None:
    assert ntf.decode(ntf.encode(sample)) == sample
    assert sample.dn == Dn.parse("SubNetwork=U,UtilitySubscription=7")
    assert ntf.document(sample)["notificationType"] == sample.notification_type
    assert sample.notification_type in ntf.NOTIFICATION_TYPES


def test_the_wire_form() -> None:
    assert msgspec.json.decode(ntf.encode(SAMPLES[5])) == {
        "notificationType": "notifyHeartbeat",
        "href": HEADER["href"],
        "notificationId": 12,
        "eventTime": "2026-01-02T03:04:05Z",
        "systemDN": "DC=operator,SubNetwork=U",
        "sequenceNo": 3,
        "heartbeatNtfPeriod": 60,
    }


def test_new_and_old_values() -> None:
    change = ntf.MoiAttributeValueChanges(**HEADER, attribute_list_value_changes=[{"a": 1}])
    assert change.new == {"a": 1}
    assert change.old == {}
    assert ntf.difference({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 5, "d": 4}) == (
        {"b": 5, "d": 4, "c": None},
        {"b": 2, "c": 3},
    )
    assert ntf.difference({"a": 1}, {"a": 1}) is None
    assert ntf.value_changes({"a": 1}, {}) == [{"a": 1}]
    assert ntf.value_changes({"a": 1}, {"a": 0}) == [{"a": 1}, {"a": 0}]


values = st.dictionaries(st.sampled_from(["a", "b/c", "d~"]), st.integers(0, 2))


@given(st.none() | values, st.none() | values)
def test_moi_changes_lead_from_before_to_after(before: dict[str, int] | None, after: dict[str, int] | None) -> None:
    state = None if before is None else dict(before)
    for change in ntf.moi_changes(HEADER["href"], before, after, 1):
        _, mark, pointer = change.path.partition("#/attributes/")
        name = pointer.replace("~1", "/").replace("~0", "~")
        if not mark:
            state = dict(change.value["attributes"]) if change.op == "add" else None
        elif change.op == "remove":
            assert state is not None
            assert state.pop(name) == change.old_value
        else:
            assert state is not None
            assert (name in state) is (change.op == "replace")
            state[name] = change.value
    assert state == after


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[" * 5000,
        b'{"notificationType":"notifyNewAlarm"}',
        ntf.encode(SAMPLES[5]).replace(b'"notificationId":12,', b""),
        ntf.encode(SAMPLES[5]).replace(b"03:04:05Z", b"03:04:05"),
        ntf.encode(SAMPLES[5]).replace(b"2026-01-02T", b"yesterday "),
        ntf.encode(ntf.MoiAttributeValueChanges(**HEADER, attribute_list_value_changes=[])),
        ntf.encode(ntf.MoiAttributeValueChanges(**HEADER, attribute_list_value_changes=[{}, {}, {}])),
    ],
)
def test_refuses_what_is_no_notification(body: bytes) -> None:
    with pytest.raises(NotificationError):
        ntf.decode(body)


def test_filters_see_the_wire_form() -> None:
    assert ntf.passes(SAMPLES[2], jex.parse('notificationType="notifyMOIAttributeValueChanges" and notificationId>11'))
    assert not ntf.passes(SAMPLES[2], jex.parse('sourceIndicator="MANAGEMENT_OPERATION"'))
    assert ntf.passes(SAMPLES[2], None)


def test_reads_a_subscription() -> None:
    subscription = read_subscription(
        {
            "notificationRecipientAddress": "https://utility:8401/3gpp/notifications/a",
            "notificationTypes": ["notifyMOICreation"],
            "scope": {"scopeType": "BASE_NTH_LEVEL", "scopeLevel": 1},
            "notificationFilter": 'contains(href, "UtilitySubscription")',
        }
    )
    assert subscription.scope == Scope(ScopeType.BASE_NTH_LEVEL, 1)
    assert subscription.wants("notifyMOICreation", 1)
    assert not subscription.wants("notifyMOICreation", 2)
    assert not subscription.wants("notifyMOIDeletion", 1)
    everything = read_subscription({"notificationRecipientAddress": "http://127.0.0.1:1/"})
    assert everything.types == ntf.NOTIFICATION_TYPES
    assert everything.scope == BASE_ALL


@pytest.mark.parametrize(
    ("changes", "attribute"),
    [
        ({"notificationRecipientAddress": 5}, "notificationRecipientAddress"),
        ({"notificationRecipientAddress": None}, "notificationRecipientAddress"),
        ({"notificationRecipientAddress": "file:///etc/passwd"}, "notificationRecipientAddress"),
        ({"notificationRecipientAddress": "//host/x"}, "notificationRecipientAddress"),
        ({"notificationRecipientAddress": "https://user@host/"}, "notificationRecipientAddress"),
        ({"notificationRecipientAddress": "https://host/#f"}, "notificationRecipientAddress"),
        ({"notificationRecipientAddress": "https://host:99999/"}, "notificationRecipientAddress"),
        ({"notificationRecipientAddress": "https://ho st/"}, "notificationRecipientAddress"),
        ({"notificationRecipientAddress": "https://host/\r\nX: y"}, "notificationRecipientAddress"),
        ({"notificationRecipientAddress": "https://host/" + "x" * 2048}, "notificationRecipientAddress"),
        ({"notificationTypes": ["notifyEverything"]}, "notificationTypes"),
        ({"notificationTypes": ["notifyEvent", "notifyEvent"]}, "notificationTypes"),
        ({"notificationTypes": "notifyEvent"}, "notificationTypes"),
        ({"notificationTypes": [1]}, "notificationTypes"),
        ({"scope": {"scopeType": "BASE_SUBTREE"}}, "scope"),
        ({"scope": {"scopeType": "ALL"}}, "scope"),
        ({"notificationFilter": "a ="}, "notificationFilter"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_names_the_attribute_at_fault(changes: dict[str, Any], attribute: str) -> None:
    with pytest.raises(RepresentationError) as caught:
        read_subscription({"notificationRecipientAddress": "https://host/", **changes})
    assert caught.value.attributes == (attribute,)


def test_a_subscription_needs_a_recipient() -> None:
    with pytest.raises(RepresentationError) as caught:
        read_subscription({})
    assert caught.value.attributes == ("notificationRecipientAddress",)


def test_heartbeat() -> None:
    assert read_heartbeat({"heartbeatNtfPeriod": 60}) == HeartbeatAttributes(heartbeat_ntf_period=60)
    assert read_heartbeat({"triggerHeartbeatNtf": True}).heartbeat_ntf_period == 0
    assert readable_heartbeat({"heartbeatNtfPeriod": 60, "triggerHeartbeatNtf": True}) == {"heartbeatNtfPeriod": 60}
    for wrong in ({"heartbeatNtfPeriod": -1}, {"heartbeatNtfPeriod": 90_000}, {"heartbeatNtfPeriod": "60"}):
        with pytest.raises(RepresentationError) as caught:
            read_heartbeat(wrong)
        assert caught.value.attributes == ("heartbeatNtfPeriod",)


def test_the_body_that_subscribes() -> None:
    body = subscription_body(
        "n1",
        NtfSubscriptionAttributes(notification_recipient_address="https://u/", scope=BASE_ALL),
        heartbeat_period=30,
    )
    assert body["attributes"] == {"notificationRecipientAddress": "https://u/", "scope": {"scopeType": "BASE_ALL"}}
    assert body["HeartbeatControl"]["attributes"] == {"heartbeatNtfPeriod": 30}
