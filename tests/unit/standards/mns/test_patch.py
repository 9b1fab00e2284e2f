"""PATCH of managed objects in its four media types (TS 28.532, TS 32.158)."""

from typing import Any

import msgspec
import pytest

from tieline.standards.mns.dn import Dn
from tieline.standards.mns.errors import ErrorReason, PatchError
from tieline.standards.mns.jsonpatch import PointerOperation
from tieline.standards.mns.patch import (
    JSON_PATCH,
    JSON_PATCH_3GPP,
    MERGE_PATCH,
    MERGE_PATCH_3GPP,
    CreateObject,
    DeleteObject,
    EditObject,
    MergeObject,
    Operation,
    ReplaceObject,
    apply,
    json_patch_items,
    merge_body,
    parse_patch,
)

ROOT = Dn.parse("SubNetwork=U")
ONE = ROOT.child("UtilitySubscription", "1")
TWO = ROOT.child("UtilitySubscription", "2")
OUTAGE = ROOT.child("OutageAndRecoveryInfo", "o1")
CONTROL = ROOT.child("NtfSubscriptionControl", "n")
HEARTBEAT = CONTROL.child("HeartbeatControl", "h")
TREE = {ROOT: {"userLabel": "grid"}, ONE: {"apn": "x", "state": "ACTIVE"}, CONTROL: {}, HEARTBEAT: {}}


def operations(media_type: str, document: object, base: Dn) -> list[Operation]:
    return parse_patch(media_type, msgspec.json.encode(document), base)


def patched(media_type: str, document: object, base: Dn) -> dict[Dn, Any]:
    return apply(TREE, operations(media_type, document, base))


def test_merge_patch_of_one_resource() -> None:
    document = {"id": "1", "attributes": {"apn": "y", "state": None}}
    assert operations(MERGE_PATCH, document, ONE) == [
        MergeObject(ONE, {"apn": "y", "state": None}, create_missing=False, bad_op="")
    ]
    assert patched(MERGE_PATCH, document, ONE)[ONE] == {"apn": "y"}


def test_json_patch_of_one_resource() -> None:
    result = patched(
        JSON_PATCH,
        [
            {"op": "test", "path": "/attributes/state", "value": "ACTIVE"},
            {"op": "replace", "path": "/attributes/apn", "value": "y"},
            {"op": "copy", "path": "/attributes/userLabel", "from": "/attributes/apn"},
        ],
        ONE,
    )
    assert result[ONE] == {"apn": "y", "state": "ACTIVE", "userLabel": "y"}
    assert TREE[ONE] == {"apn": "x", "state": "ACTIVE"}


def test_3gpp_json_patch_changes_many_objects() -> None:
    result = patched(
        JSON_PATCH_3GPP,
        [
            {"op": "add", "path": "/UtilitySubscription=2", "value": {"id": "2", "attributes": {"apn": "z"}}},
            {"op": "replace", "path": "/UtilitySubscription=1#/attributes/apn", "value": "y"},
            {"op": "replace", "path": "#/attributes/userLabel", "value": "mine"},
            {"op": "add", "path": "/attributes/dnPrefix", "value": "DC=u"},
            {"op": "remove", "path": "/NtfSubscriptionControl=n"},
        ],
        ROOT,
    )
    assert result == {
        ROOT: {"userLabel": "mine", "dnPrefix": "DC=u"},
        ONE: {"apn": "y", "state": "ACTIVE"},
        TWO: {"apn": "z"},
    }


def test_3gpp_json_patch_adds_an_object_with_its_children() -> None:
    value = {"id": "m", "attributes": {"a": 1}, "HeartbeatControl": {"id": "h", "attributes": {"b": 2}}}
    result = patched(JSON_PATCH_3GPP, [{"op": "add", "path": "/NtfSubscriptionControl=m", "value": value}], ROOT)
    control = ROOT.child("NtfSubscriptionControl", "m")
    assert result[control] == {"a": 1}
    assert result[control.child("HeartbeatControl", "h")] == {"b": 2}


def test_3gpp_merge_patch_changes_creates_and_deletes() -> None:
    document = {
        "id": "U",
        "attributes": {"userLabel": "mine"},
        "UtilitySubscription": [
            {"id": "1", "attributes": {"apn": "y"}},
            {"id": "2", "attributes": {"apn": "z", "imeiLock": None}},
        ],
        "NtfSubscriptionControl": [{"id": "n", "attributes": None}],
    }
    assert patched(MERGE_PATCH_3GPP, document, ROOT) == {
        ROOT: {"userLabel": "mine"},
        ONE: {"apn": "y", "state": "ACTIVE"},
        TWO: {"apn": "z"},
    }


def test_flat_classes_are_patched_flat_or_nested() -> None:
    for document in ({"isAffectedAreaPriority": True}, {"attributes": {"isAffectedAreaPriority": True}}):
        (operation,) = operations(MERGE_PATCH, document, OUTAGE)
        assert operation == MergeObject(OUTAGE, {"isAffectedAreaPriority": True}, create_missing=False, bad_op="")
    (edit,) = operations(JSON_PATCH, [{"op": "remove", "path": "/affectedArea/energySupplyId"}], OUTAGE)
    assert edit == EditObject(OUTAGE, PointerOperation("remove", ("affectedArea", "energySupplyId")), "/0")
    assert merge_body(OUTAGE, {"a": 1}) == {"id": "o1", "a": 1}


def test_all_or_nothing() -> None:
    document = [
        {"op": "replace", "path": "/UtilitySubscription=1#/attributes/apn", "value": "y"},
        {"op": "remove", "path": "/UtilitySubscription=9"},
    ]
    with pytest.raises(PatchError) as caught:
        patched(JSON_PATCH_3GPP, document, ROOT)
    assert caught.value.bad_op == "/1"
    assert caught.value.reason is ErrorReason.TARGET_DATA_NODE_NOT_FOUND
    assert TREE[ONE]["apn"] == "x"


@pytest.mark.parametrize(
    ("media_type", "document", "base", "bad_op"),
    [
        ("application/json", {}, ONE, ""),
        (MERGE_PATCH, [], ONE, ""),
        (MERGE_PATCH, {"id": "2", "attributes": {}}, ONE, ""),
        (MERGE_PATCH, {"attributes": None}, ONE, ""),
        (MERGE_PATCH, {"UtilitySubscription": [{"id": "1"}]}, ROOT, "/UtilitySubscription"),
        (MERGE_PATCH_3GPP, {"UtilitySubscription": [{"id": "1"}, {"attributes": {}}]}, ROOT, "/UtilitySubscription/1"),
        (MERGE_PATCH_3GPP, {"UtilitySubscription": [{"id": " "}]}, ROOT, "/UtilitySubscription/0"),
        (JSON_PATCH, [{"op": "replace", "path": "/id", "value": "2"}], ONE, "/0"),
        (JSON_PATCH, [{"op": "remove", "path": "/attributes"}], ONE, "/0"),
        (JSON_PATCH, [{"op": "replace", "path": "/attributes", "value": 5}], ONE, "/0"),
        (JSON_PATCH, [{"op": "copy", "path": "/attributes/a", "from": "/id"}], ONE, "/0"),
        (JSON_PATCH, [{"op": "test", "path": "", "value": {}}], ONE, "/0"),
        (JSON_PATCH_3GPP, [{"op": "move", "path": "/UtilitySubscription=1", "from": "/X=1"}], ROOT, "/0"),
        (JSON_PATCH_3GPP, [{"op": "copy", "path": "/A=1#/attributes/a", "from": "/A=2#/attributes/a"}], ROOT, "/0"),
        (JSON_PATCH_3GPP, [{"op": "remove", "path": "/UtilitySubscription="}], ROOT, "/0"),
        (JSON_PATCH_3GPP, [{"op": "add", "path": "/A=1", "value": {"id": "2"}}], ROOT, "/0"),
        (JSON_PATCH_3GPP, [{"op": "replace", "path": "/A=1", "value": {"B": [{"id": "1"}]}}], ROOT, "/0"),
    ],
)
def test_patches_that_cannot_be_read(media_type: str, document: object, base: Dn, bad_op: str) -> None:
    with pytest.raises(PatchError) as caught:
        operations(media_type, document, base)
    assert caught.value.bad_op == bad_op


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        (CreateObject(ONE, {}, "/0"), ErrorReason.TARGET_DATA_NODE_FOUND),
        (CreateObject(TWO.child("X", "1"), {}, "/0"), ErrorReason.TARGET_DATA_NODE_PARENT_NOT_FOUND),
        (ReplaceObject(TWO, {}, "/0"), ErrorReason.TARGET_DATA_NODE_NOT_FOUND),
        (MergeObject(TWO, {}, create_missing=False, bad_op="/0"), ErrorReason.TARGET_DATA_NODE_NOT_FOUND),
    ],
)
def test_what_the_tree_does_not_allow(operation: Operation, reason: ErrorReason) -> None:
    with pytest.raises(PatchError) as caught:
        apply(TREE, [operation])
    assert caught.value.reason is reason


def test_a_document_nested_too_deep_is_refused() -> None:
    with pytest.raises(PatchError, match="cannot be read"):
        parse_patch(MERGE_PATCH, b'{"attributes":' * 50_000, ONE)
    with pytest.raises(PatchError, match="nests at most"):
        parse_patch(MERGE_PATCH, b'{"attributes":' * 40 + b"{}" + b"}" * 40, ONE)


def test_what_a_consumer_writes_a_producer_reads() -> None:
    sent: list[Operation] = [
        CreateObject(TWO, {"apn": "z"}, "/0"),
        ReplaceObject(ONE, {"apn": "y"}, "/1"),
        EditObject(ROOT, PointerOperation("replace", ("userLabel",), (), None), "/2"),
        EditObject(OUTAGE, PointerOperation("move", ("a",), ("b", "c/d")), "/3"),
        DeleteObject(ROOT.child("UtilitySubscription", "a/b#c"), "/4"),
    ]
    assert operations(JSON_PATCH_3GPP, json_patch_items(ROOT, sent), ROOT) == sent
    with pytest.raises(ValueError, match="not at or below"):
        json_patch_items(ONE, sent)
    with pytest.raises(ValueError, match="merge patch"):
        json_patch_items(ROOT, [MergeObject(ONE, {}, create_missing=False, bad_op="")])
