"""Representations of managed objects (TS 32.158 clause 7): nested, flat, and as trees."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.standards.mns.dn import Dn
from tieline.standards.mns.errors import RepresentationError
from tieline.standards.mns.resource import (
    ManagedObject,
    flat_tree,
    flat_tree_chunks,
    flatten_tree,
    hierarchical_tree,
    is_flat,
    parse_resource,
    represent,
    select,
    unwrap,
)
from tieline.standards.mns.scope import Selection

ROOT = Dn.parse("SubNetwork=U")
SUBSCRIPTION = ROOT.child("UtilitySubscription", "7")
CONTROL = ROOT.child("NtfSubscriptionControl", "n1")
HEARTBEAT = CONTROL.child("HeartbeatControl", "h1")


def test_nested_form() -> None:
    assert represent(SUBSCRIPTION, {"apn": "x"}) == {
        "id": "7",
        "objectClass": "UtilitySubscription",
        "objectInstance": "SubNetwork=U,UtilitySubscription=7",
        "attributes": {"apn": "x"},
    }


def test_classes_whose_schema_is_flat_are_written_flat() -> None:
    outage = represent(ROOT.child("OutageAndRecoveryInfo", "o1"), {"isAffectedAreaPriority": True})
    assert outage["isAffectedAreaPriority"] is True
    assert "attributes" not in outage
    monitor = represent(
        ROOT.child("DsoThresholdMonitor", "d1"),
        {"administrativeState": "UNLOCKED", "targetThresholdLocation": ["00000A001"]},
    )
    assert monitor["attributes"] == {"administrativeState": "UNLOCKED"}
    assert monitor["targetThresholdLocation"] == ["00000A001"]
    assert is_flat("OutageAndRecoveryInfo")
    assert not is_flat("DsoThresholdMonitor")


@pytest.mark.parametrize(
    "body",
    [
        {"id": "o1", "isAffectedAreaPriority": True},
        {"id": "o1", "attributes": {"isAffectedAreaPriority": True}},
    ],
)
def test_both_forms_are_read(body: dict[str, Any]) -> None:
    parsed = parse_resource(body, "OutageAndRecoveryInfo")
    assert (parsed.id, parsed.attributes) == ("o1", {"isAffectedAreaPriority": True})


def test_selection() -> None:
    attributes = {"a": 1, "b": {"c": 2, "d": {"e": 3}}, "f": [1]}
    assert select(attributes, Selection(frozenset({"a", "missing"}))) == {"a": 1}
    assert select(attributes, Selection(None, (("b", "c"), ("b", "d", "e")))) == {"b": {"c": 2, "d": {"e": 3}}}
    assert select(attributes, Selection(frozenset({"b"}), (("b", "c"),))) == {"b": attributes["b"]}
    assert select(attributes, Selection(None, (("f", "0"), ("b", "x"), ("a",)))) == {"a": 1}
    assert represent(SUBSCRIPTION, attributes, Selection(frozenset()))["attributes"] == {}


def test_hierarchy_puts_children_inside_their_parents() -> None:
    tree = hierarchical_tree(
        ROOT,
        [
            ManagedObject(ROOT, {"userLabel": "grid"}),
            ManagedObject(SUBSCRIPTION, {"apn": "x"}),
            ManagedObject(CONTROL, {}),
            ManagedObject(HEARTBEAT, {"heartbeatNtfPeriod": 60}),
        ],
    )
    assert tree["attributes"] == {"userLabel": "grid"}
    assert tree["UtilitySubscription"][0]["attributes"] == {"apn": "x"}
    assert tree["NtfSubscriptionControl"][0]["HeartbeatControl"]["attributes"] == {"heartbeatNtfPeriod": 60}


def test_left_out_ancestors_hold_the_place() -> None:
    tree = hierarchical_tree(ROOT, [ManagedObject(HEARTBEAT, {}), ManagedObject(CONTROL, {"scope": {}})])
    assert "attributes" not in tree
    control = tree["NtfSubscriptionControl"][0]
    assert control["attributes"] == {"scope": {}}
    assert control["HeartbeatControl"]["id"] == "h1"
    assert hierarchical_tree(ROOT, []) == {"id": "U", "objectClass": "SubNetwork", "objectInstance": "SubNetwork=U"}


def test_objects_outside_the_base_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="not below"):
        hierarchical_tree(SUBSCRIPTION, [ManagedObject(ROOT, {})])


objects = st.lists(
    st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from("123")), min_size=0, max_size=3), max_size=8
).map(
    lambda tails: [
        ManagedObject(dn, {"name": str(dn)})
        for dn in sorted({Dn.of(("R", "0"), *tail[:depth]) for tail in tails for depth in range(len(tail) + 1)})
    ]
)


@given(objects, st.randoms())
def test_a_hierarchy_reads_back_whatever_the_order(sample: list[ManagedObject], random: Any) -> None:
    if not sample:
        return
    shuffled = sample[:]
    random.shuffle(shuffled)
    tree = hierarchical_tree(Dn.of(("R", "0")), shuffled)
    assert sorted(flatten_tree(tree, Dn.of(("R", "0")))) == sample


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 1200])
def test_chunks_are_the_flat_tree(count: int) -> None:
    sample = [ManagedObject(ROOT.child("UtilitySubscription", str(n)), {"n": n}) for n in range(count)]
    assert msgspec.json.decode(b"".join(flat_tree_chunks(sample))) == flat_tree(sample)


@pytest.mark.parametrize(
    ("body", "attributes"),
    [
        ([], ()),
        ({"id": 7}, ("id",)),
        ({"objectClass": "Other"}, ("objectClass",)),
        ({"attributes": []}, ("attributes",)),
        ({"apn": "beside the attributes"}, ("apn",)),
        ({"Child": ["text"]}, ("Child",)),
    ],
)
def test_names_the_member_at_fault(body: object, attributes: tuple[str, ...]) -> None:
    with pytest.raises(RepresentationError) as caught:
        parse_resource(body, "UtilitySubscription")
    assert caught.value.attributes == attributes


def test_children_are_kept_apart() -> None:
    body = {"id": "n1", "attributes": {"a": 1}, "HeartbeatControl": {"id": "h1"}, "X": [{"id": "1"}, {"id": "2"}]}
    parsed = parse_resource(body, "NtfSubscriptionControl")
    assert [(name, child["id"]) for name, child in parsed.children] == [
        ("HeartbeatControl", "h1"),
        ("X", "1"),
        ("X", "2"),
    ]
    assert unwrap(body, "NtfSubscriptionControl") == {"a": 1}
    with pytest.raises(RepresentationError, match="has no id"):
        list(flatten_tree({"id": "n1", "X": [{}]}, CONTROL))
