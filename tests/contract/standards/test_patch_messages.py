"""Every patch that we build is valid in ``TS28532_ProvMnS.yaml``."""

from typing import Any

import msgspec
import pytest

from tieline.standards.mns import patch
from tieline.standards.mns.dn import Dn
from tieline.standards.mns.jsonpatch import PointerOperation

FILE = "TS28532_ProvMnS.yaml"
PATH = "/{className}={id}"
ROOT = Dn.parse("SubNetwork=U")
ONE = ROOT.child("UtilitySubscription", "1")
OUTAGE = ROOT.child("OutageAndRecoveryInfo", "o1")


def test_json_patches(official_schemas: Any) -> None:
    operations: list[patch.Operation] = [
        patch.CreateObject(ONE, {"apn": "x"}, "/0"),
        patch.ReplaceObject(OUTAGE, {"isAffectedAreaPriority": True}, "/1"),
        patch.EditObject(ONE, PointerOperation("move", ("a",), ("b",)), "/2"),
        patch.EditObject(ONE, PointerOperation("test", ("a",), (), None), "/3"),
        patch.DeleteObject(ONE, "/4"),
    ]
    body = msgspec.json.decode(msgspec.json.encode(patch.json_patch_items(ROOT, operations)))
    reference = official_schemas.request(FILE, PATH, "patch", patch.JSON_PATCH_3GPP)
    assert official_schemas.errors(reference, body, relaxed=False) == []


@pytest.mark.parametrize("media_type", [patch.MERGE_PATCH, patch.MERGE_PATCH_3GPP])
@pytest.mark.parametrize(
    ("dn", "changes"), [(ONE, {"apn": "x", "imeiLock": None}), (OUTAGE, {"isAffectedAreaPriority": True})]
)
def test_merge_patches(official_schemas: Any, media_type: str, dn: Dn, changes: dict[str, Any]) -> None:
    reference = official_schemas.request(FILE, PATH, "patch", media_type)
    assert official_schemas.errors(reference, patch.merge_body(dn, changes)) == []


def test_all_four_media_types_are_read(official_schemas: Any) -> None:
    published = official_schemas.document(FILE)["paths"][PATH]["patch"]["requestBody"]["content"]
    assert set(published) == set(patch.PATCH_MEDIA_TYPES)
