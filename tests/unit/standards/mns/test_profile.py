"""The extension classes between a utility and its operator."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.standards.mns import patch, plans, profile, subscriptions
from tieline.standards.mns.dn import Dn
from tieline.standards.mns.errors import RepresentationError
from tieline.standards.mns.profile import CardKind, Problem, RatType, State, StockState, Writer
from tieline.standards.tmf import announcements, usage

GOOD: dict[str, Any] = {
    "state": "TEST_READY",
    "apn": "grid.example",
    "ipAddress": "10.20.30.40",
    "subscriptionGroup": "substations-north",
    "dataPlan": "M2M-500",
    "ratRestriction": ["GERAN", "UTRA"],
    "imeiLock": "490154203237518",
    "userLabel": "Übergabe Süd, link 2",
}
OBSERVED: dict[str, Any] = {
    "imsi": "234101234567890",
    "msisdn": "447700900123",
    "generation": "4G",
    "card": "8988211320300000028",
    "imei": "490154203237518",
    "attached": True,
    "lastSeen": "2026-01-02T03:04:05.000000Z",
    "servingCell": {
        "cellId": "4G-12345-3",
        "ratType": "EUTRA",
        "band": "B20",
        "plmn": "23410",
        "reportedAt": "2026-01-02T03:04:05Z",
    },
    "lanGroups": ["meters@grid.example", "north@grid.example"],
    "operational": {"state": "ACTIVE", "apn": "grid.example", "since": "2026-01-02T03:04:05+01:00"},
    "lastModifiedAt": "2026-01-02T03:04:05Z",
    "lastModifiedBy": "utility:grid",
    "lastPlan": "a-17",
}


def test_good_values_have_no_problems() -> None:
    assert profile.validate(GOOD) == []
    assert profile.validate(OBSERVED, Writer.OPERATOR) == []
    assert profile.validate({"stockState": "RESERVED"}, class_name=profile.CARD_CLASS) == []
    assert set(GOOD) | set(OBSERVED) == set(profile.SUBSCRIPTION)


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("state", "PAUSED", "enum"),
        ("state", 5, "type"),
        ("state", None, "required"),
        ("apn", "", "length"),
        ("apn", "x" * 101, "length"),
        ("apn", "a..b", "apn"),
        ("apn", "-a.b", "apn"),
        ("apn", "a b", "apn"),
        ("apn", "a\nb", "characters"),
        ("ipAddress", "10.0.0.256", "ip"),
        ("ipAddress", "10.0.0.1/24", "ip"),
        ("ipAddress", "2001:DB8::1", "ip"),
        ("ipAddress", "fe80::1%eth0", "ip"),
        ("ipAddress", 10, "type"),
        ("subscriptionGroup", "x" * 65, "length"),
        ("dataPlan", [], "type"),
        ("ratRestriction", "UTRA", "type"),
        ("ratRestriction", ["3G"], "enum"),
        ("ratRestriction", ["UTRA", "UTRA"], "unique"),
        ("ratRestriction", ["GERAN", "UTRA", "EUTRA", "NR"], "all"),
        ("ratRestriction", [{}], "type"),
        ("imeiLock", "490154203237519", "luhn"),
        ("imeiLock", "49-015420-323751-8", "digits"),
        ("imeiLock", True, "type"),
        ("imsi", "234101234567890", "read-only"),
        ("operational", {}, "read-only"),
        ("colour", "red", "unknown"),
    ],
)
def test_names_the_rule(name: str, value: object, rule: str) -> None:
    (problem,) = profile.validate({name: value})
    assert (problem.attribute, problem.rule) == (name, rule)
    assert name in problem.message


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("servingCell", {"cell": "x"}, "unknown"),
        ("servingCell", {"plmn": "2341"}, "characters"),
        ("servingCell", [], "type"),
        ("operational", {"apn": "a b"}, "apn"),
        ("operational", {"since": "yesterday"}, "date-time"),
        ("lastSeen", "2026-01-02T03:04:05", "date-time"),
        ("lastSeen", 5, "type"),
        ("attached", 1, "type"),
        ("apn", "x", "read-only"),
    ],
)
def test_the_operator_is_checked_too(name: str, value: object, rule: str) -> None:
    (problem,) = profile.validate({name: value}, Writer.OPERATOR)
    assert problem.rule == rule


def test_unsetting() -> None:
    assert profile.validate({"imeiLock": None, "apn": None, "ipAddress": None}) == []


ALLOWED = {
    ("INVENTORY", "TEST_READY"), ("INVENTORY", "ACTIVE"), ("INVENTORY", "RETIRED"),
    ("TEST_READY", "ACTIVE"), ("TEST_READY", "INVENTORY"), ("TEST_READY", "RETIRED"),
    ("ACTIVE", "SUSPENDED"), ("ACTIVE", "RETIRED"), ("SUSPENDED", "ACTIVE"), ("SUSPENDED", "RETIRED"),
}  # fmt: skip


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("after", State)
def test_transitions(before: State, after: State) -> None:
    allowed = before == after or (before.value, after.value) in ALLOWED
    assert (profile.validate_transition(before, after) is None) is allowed


def test_why_a_transition_is_refused() -> None:
    assert profile.validate_transition("RETIRED", "ACTIVE") == Problem(
        "state", "transition", "RETIRED cannot become ACTIVE; it may become nothing: it is final"
    )
    only = {State.ACTIVE: frozenset({State.RETIRED})}
    assert profile.validate_transition("ACTIVE", "SUSPENDED", only) is not None
    assert profile.validate_transition("INVENTORY", "ACTIVE", only) is not None


def reports(*items: dict[str, Any]) -> bytes:
    return msgspec.json.encode(list(items))


def test_reads_reports() -> None:
    item = {"id": "7", "objectClass": "UtilitySubscription", "attributes": {**GOOD, **OBSERVED, "later": 1}}
    (report,), unreadable = profile.decode_subscriptions(reports(item))
    assert unreadable == []
    attributes = report.attributes
    assert attributes.state is State.TEST_READY
    assert attributes.rat_restriction == [RatType.GERAN, RatType.UTRA]
    assert attributes.operational is not None
    assert attributes.operational.state is State.ACTIVE
    assert attributes.operational.since is not None
    assert attributes.serving_cell is not None
    assert attributes.serving_cell.rat_type is RatType.EUTRA
    assert attributes.last_plan == "a-17"
    assert attributes.attached is True


def test_everything_in_the_table_is_in_the_report() -> None:
    for table, struct in (
        (profile.SUBSCRIPTION, profile.SubscriptionAttributes),
        (profile.CARD, profile.CardAttributes),
    ):
        assert set(table) == set(struct.__struct_encode_fields__)
    assert set(profile.DESIRED_NAMES) == set(profile.Settings.__struct_encode_fields__)


def test_one_bad_object_does_not_hide_the_others() -> None:
    body = reports(
        {"id": "1", "attributes": {"state": "ACTIVE"}},
        {"id": "2", "attributes": {"state": "PAUSED"}},
        {"id": 3, "attributes": {}},
        {"id": "4", "attributes": {}},
    )
    good, bad = profile.decode_subscriptions(body)
    assert [report.id for report in good] == ["1", "4"]
    assert [(item.position, item.id) for item in bad] == [(1, "2"), (2, None)]
    assert "PAUSED" in bad[0].reason


@pytest.mark.parametrize("body", [b"", b"{}", b"[{]", b"[" * 100_000, b'"text"'])
def test_refuses_what_is_no_array(body: bytes) -> None:
    with pytest.raises(RepresentationError):
        profile.decode_subscriptions(body)


def test_reads_cards() -> None:
    item = {"id": "8988211320300000028", "attributes": {"kind": "EUICC", "stockState": "FITTED", "carries": "7"}}
    (card,), _ = profile.decode_cards(reports(item))
    assert card.attributes.kind is CardKind.EUICC
    assert card.attributes.stock_state is StockState.FITTED


@given(
    st.dictionaries(
        st.sampled_from([*profile.SUBSCRIPTION, "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
        ),
    )
)
def test_any_values_are_judged(attributes: dict[str, Any]) -> None:
    for writer in Writer:
        found = profile.validate(attributes, writer)
        assert {problem.attribute for problem in found} <= set(attributes)


PAGE = Path(__file__).parents[4] / "docs" / "reference" / "operator-profile.md"


def test_the_documented_profile_is_the_one_in_force() -> None:
    text = PAGE.read_text(encoding="utf-8")
    documented = {
        row[1]: (row[2].strip(), row[3].strip())
        for row in re.finditer(r"^\| `(\w+)` \| (\w+) \| ([^|]+) \|", text, re.MULTILINE)
    }
    for table in profile.CLASSES.values():
        for attribute in table.values():
            assert documented[attribute.name] == (attribute.writer.value, attribute.type), attribute.name
    for words in (State, RatType, CardKind, StockState):
        for word in words:
            assert f"`{word}`" in text


def examples() -> list[Any]:
    """The JSON of the page, in order: a read, a patch, a plan, its details, a subscription, a notice, a usage."""
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"^```(?:json|http)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [msgspec.json.decode(block[block.index(first) :]) for block in blocks if (first := _first_of(block))]


def _first_of(block: str) -> str:
    found = re.search(r"^[\[{]", block, re.MULTILINE)
    return block[found.start() :] if found else ""


def test_the_documented_examples_are_read() -> None:
    read, patch_body, plan, details, subscription, notice, usage_record = examples()
    (report,), unreadable = profile.decode_subscriptions(msgspec.json.encode(read))
    assert unreadable == []
    shown = read[0]["attributes"]
    assert profile.validate({name: shown[name] for name in shown if name in GOOD}) == []
    assert profile.validate({name: shown[name] for name in shown if name not in GOOD}, Writer.OPERATOR) == []
    (operation,) = patch.parse_patch(
        patch.MERGE_PATCH, msgspec.json.encode(patch_body), Dn.parse(str(report.object_instance))
    )
    assert isinstance(operation, patch.MergeObject)
    assert profile.validate(operation.changes) == []
    (change,) = plans.read_changes(plans.parse_plan_request(msgspec.json.encode(plan)).config_changes)
    assert isinstance(change, plans.PlannedChange)
    assert profile.validate(change.attributes) == []
    assert plans.decode_details(msgspec.json.encode(details)).summary.failed == 1
    assert subscriptions.read_subscription(subscription["attributes"]).condition is not None
    assert isinstance(announcements.read_change(msgspec.json.encode(notice)), announcements.TechnologyPhaseOut)
    (stretch,), unreadable_usage = usage.read_stretches(msgspec.json.encode([usage_record]))
    assert unreadable_usage == []
    assert stretch.subscription == usage_record["usageCharacteristic"][0]["value"]
