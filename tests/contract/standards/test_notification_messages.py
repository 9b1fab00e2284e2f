"""Every notification and subscription that we build is valid in the official schemas."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from tieline.standards.mns import notifications as ntf
from tieline.standards.mns import subscriptions
from tieline.standards.mns.dn import Dn
from tieline.standards.mns.resource import ManagedObject, flat_tree, hierarchical_tree
from tieline.standards.mns.scope import BASE_ALL, FLAT, HIERARCHICAL, Scope, ScopeType

PROVISIONING = "TS28532_ProvMnS.yaml"
SCHEMAS = "#/components/schemas/"
HEADER: dict[str, Any] = {
    "href": "https://operator/ProvMnS/v1/SubNetwork=U/UtilitySubscription=7",
    "notification_id": 12,
    "event_time": datetime(2026, 1, 2, 3, 4, 5, 6000, tzinfo=UTC),
    "system_dn": "DC=operator,SubNetwork=U",
    "sequence_no": 3,
    "subscription_id": "n1",
}
CHANGE: dict[str, Any] = {
    "source_indicator": ntf.SourceIndicator.MANAGEMENT_OPERATION,
    "additional_text": "by the operator's staff",
    "correlated_notifications": [ntf.CorrelatedNotification(source="SubNetwork=U", notification_ids=[11])],
}
BEFORE = {"apn": "x", "imeiLock": "1"}
AFTER = {"apn": "y", "servingCell": {"cellId": "1"}}
ROOT = Dn.parse("SubNetwork=U")

MESSAGES: list[tuple[str, str, ntf.Notification]] = [
    (PROVISIONING, "NotifyMoiCreation", ntf.MoiCreation(**HEADER, **CHANGE, attribute_list=AFTER)),
    (PROVISIONING, "NotifyMoiCreation", ntf.MoiCreation(**HEADER)),
    (PROVISIONING, "NotifyMoiDeletion", ntf.MoiDeletion(**HEADER, **CHANGE, attribute_list=AFTER)),
    (
        PROVISIONING,
        "NotifyMoiAttributeValueChanges",
        ntf.MoiAttributeValueChanges(
            **HEADER,
            **CHANGE,
            attribute_list_value_changes=ntf.value_changes(*(ntf.difference(BEFORE, AFTER) or ({}, {}))),
        ),
    ),
    (
        PROVISIONING,
        "NotifyMoiAttributeValueChanges",
        ntf.MoiAttributeValueChanges(
            **HEADER, attribute_list_value_changes=ntf.value_changes(*(ntf.difference({}, AFTER) or ({}, {})))
        ),
    ),
    (
        PROVISIONING,
        "NotifyMoiChanges",
        ntf.MoiChanges(
            **HEADER,
            moi_changes=[
                *ntf.moi_changes(HEADER["href"], BEFORE, AFTER, 12),
                *ntf.moi_changes(HEADER["href"], None, AFTER, 13),
                *ntf.moi_changes(HEADER["href"], BEFORE, None, 14),
            ],
        ),
    ),
    (
        PROVISIONING,
        "NotifyEvent",
        ntf.Event(**HEADER, specific_problem="limit", additional_information={"rate": 5}),
    ),
    (PROVISIONING, "NotifyDataNodeTreeSyncRecommended", ntf.DataNodeTreeSyncRecommended(**HEADER)),
    ("TS28532_HeartbeatNtf.yaml", "NotifyHeartbeat", ntf.Heartbeat(**HEADER, heartbeat_ntf_period=60)),
]


@pytest.mark.parametrize(("file", "schema", "message"), MESSAGES)
def test_notifications(official_schemas: Any, file: str, schema: str, message: ntf.Notification) -> None:
    body = msgspec.json.decode(ntf.encode(message))
    assert official_schemas.errors(f"{file}{SCHEMAS}{schema}", body, relaxed=False) == []


def test_all_published_types_are_known(official_schemas: Any) -> None:
    published: set[str] = set()
    for alternative in official_schemas.document("TS28623_ComDefs.yaml")["components"]["schemas"]["NotificationType"][
        "oneOf"
    ]:
        file, _, name = alternative["$ref"].partition(SCHEMAS)
        published |= set(official_schemas.document(file)["components"]["schemas"][name]["enum"])
    assert published == ntf.NOTIFICATION_TYPES
    assert {message.notification_type for _, _, message in MESSAGES} <= published


@pytest.mark.parametrize("scope", [None, BASE_ALL, Scope(ScopeType.BASE_SUBTREE, 1)])
def test_subscriptions(official_schemas: Any, scope: Scope | None) -> None:
    attributes = subscriptions.NtfSubscriptionAttributes(
        notification_recipient_address="https://utility:8401/3gpp/notifications/a",
        notification_types=sorted(ntf.NOTIFICATION_TYPES),
        scope=scope,
        notification_filter='notificationType != "notifyEvent"',
    )
    body = msgspec.json.decode(
        msgspec.json.encode(subscriptions.subscription_body("n1", attributes, heartbeat_period=60))
    )
    reference = f"TS28623_SubscriptionControlNrm.yaml{SCHEMAS}NtfSubscriptionControl-Single"
    assert official_schemas.errors(reference, body, relaxed=scope is not None) == []
    subscriptions.read_subscription(body["attributes"])


OBJECTS = [
    ManagedObject(ROOT, {"userLabel": "grid"}),
    ManagedObject(ROOT.child("UtilitySubscription", "7"), AFTER),
    ManagedObject(ROOT.child("UtilityCard", "8944"), {"eid": "1"}),
    ManagedObject(ROOT.child("OutageAndRecoveryInfo", "o1"), {"dsoRapidInterventionDuration": 10}),
    ManagedObject(
        ROOT.child("DsoThresholdMonitor", "d1"),
        {"administrativeState": "UNLOCKED", "targetThresholdLocation": ["00000A001"]},
    ),
]


@pytest.mark.parametrize("media_type", ["application/json", HIERARCHICAL])
def test_hierarchical_answers(official_schemas: Any, media_type: str) -> None:
    reference = official_schemas.response(PROVISIONING, "/{className}={id}", "get", "200", media_type)
    assert official_schemas.errors(reference, hierarchical_tree(ROOT, OBJECTS)) == []


def test_flat_answers(official_schemas: Any) -> None:
    reference = official_schemas.response(PROVISIONING, "/{className}={id}", "get", "200", FLAT)
    assert official_schemas.errors(reference, flat_tree(OBJECTS)) == []


@pytest.mark.parametrize(
    ("file", "class_name", "attributes"),
    [
        ("TS28318_DsoNrm.yaml", "OutageAndRecoveryInfo", {"dsoRapidInterventionDuration": 10}),
        (
            "TS28318_DsoNrm.yaml",
            "DsoThresholdMonitor",
            {"administrativeState": "UNLOCKED", "targetThresholdLocation": ["00000A001"]},
        ),
    ],
)
def test_classes_match_their_own_schema(
    official_schemas: Any, file: str, class_name: str, attributes: dict[str, Any]
) -> None:
    (body,) = flat_tree([ManagedObject(ROOT.child(class_name, "1"), attributes)])
    assert official_schemas.errors(f"{file}{SCHEMAS}{class_name}-Single", body, relaxed=False) == []
    broken = {name: object() for name in attributes}
    (wrong,) = flat_tree([ManagedObject(ROOT.child(class_name, "1"), broken)])
    assert official_schemas.errors(f"{file}{SCHEMAS}{class_name}-Single", wrong, relaxed=False) != []
