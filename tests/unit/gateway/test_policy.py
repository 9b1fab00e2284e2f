"""What an operation does to objects, or why it may not."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.gateway.model import Actor, Consumer, Party, dn_of, path_of
from tieline.gateway.objects.model import Effect, Happened, Node, timestamp
from tieline.gateway.objects.policy import Refused, Step, Tree, document, lags, operational_twin
from tieline.standards.mns.dn import Dn
from tieline.standards.mns.errors import ErrorReason, PatchError
from tieline.standards.mns.jsonpatch import PointerOperation, inverse_merge
from tieline.standards.mns.patch import (
    CreateObject,
    DeleteObject,
    EditObject,
    MergeObject,
    Operation,
    ReplaceObject,
)
from tieline.standards.mns.profile import DEFAULT_TRANSITIONS, State

THEN = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 2, tzinfo=UTC)
U = Consumer(1, "U", frozenset({"utility.example", "other.example:8401"}), 10, 100)
ROOT = U.root
SUB = ROOT.child("UtilitySubscription", "7")
NTF = ROOT.child("NtfSubscriptionControl", "n")
UTILITY = Actor(Party.UTILITY, "utility:U", plan="aj-1", job_id=1)
STAFF = Actor(Party.STAFF, "staff:jane")


def node(dn: Dn, attributes: Mapping[str, Any] | None = None, observed: Mapping[str, Any] | None = None) -> Node:
    return Node(dn, dict(attributes or {}), dict(observed or {}), THEN, "staff:load", id=len(dn))


def tree(**attributes: Any) -> Tree:
    own = {"state": "INVENTORY", "apn": "old.example", "imsi": "001010000000001", **attributes}
    return Tree(U, [node(ROOT), node(SUB, own, {"operational": {"state": "INVENTORY"}, "attached": True})])


def merge(dn: Dn = SUB, **changes: Any) -> MergeObject:
    return MergeObject(dn, changes, create_missing=False, bad_op="/0")


def refusal(found: Tree, operation: Operation, actor: Actor = UTILITY) -> Refused:
    before = dict(found.nodes)
    with pytest.raises(Refused) as caught:
        found.apply(operation, Step(actor, NOW))
    assert found.nodes == before
    assert not found.effects
    assert not found.touched
    return caught.value


def test_a_merge_changes_what_differs_and_keeps_the_before_image() -> None:
    found = tree()
    (effect,) = found.apply(merge(apn="new.example", state="INVENTORY", dataPlan="M"), Step(UTILITY, NOW, "c1"))
    assert effect.happened is Happened.CHANGED
    assert effect.before == {"apn": "old.example", "dataPlan": None}
    assert effect.after == {"apn": "new.example", "dataPlan": "M"}
    assert effect.change == "c1"
    new = found.nodes[SUB]
    assert (new.version, new.modified_by, new.last_plan) == (2, "utility:U", "aj-1")
    assert document(new)["lastModifiedAt"] == timestamp(NOW)


def test_null_unsets_and_the_key_is_gone() -> None:
    found = tree(dataPlan="M")
    found.apply(merge(dataPlan=None), Step(UTILITY, NOW))
    assert "dataPlan" not in found.nodes[SUB].attributes


def test_a_change_that_changes_nothing_has_no_effect_but_names_the_plan() -> None:
    found = tree()
    assert found.apply(merge(apn="old.example"), Step(UTILITY, NOW)) == []
    assert (found.nodes[SUB].version, found.nodes[SUB].last_plan) == (1, "aj-1")
    assert found.touched == {SUB}  # so that a network that lags is asked again


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"imsi": "001010000000002"}, ErrorReason.TARGET_DATA_NODE_NOT_WRITABLE),
        ({"msisdn": "99912345678"}, ErrorReason.TARGET_DATA_NODE_NOT_WRITABLE),
        ({"attached": False}, ErrorReason.TARGET_DATA_NODE_NOT_WRITABLE),
        ({"operational": {"state": "ACTIVE"}}, ErrorReason.TARGET_DATA_NODE_NOT_WRITABLE),
        ({"lastPlan": "mine"}, ErrorReason.TARGET_DATA_NODE_NOT_WRITABLE),
        ({"colour": "red"}, ErrorReason.NEW_DATA_NODE_NAME_INVALID),
        ({"apn": "no spaces"}, ErrorReason.NEW_DATA_NODE_VALUE_INVALID),
        ({"ipAddress": "10.0.0.256"}, ErrorReason.NEW_DATA_NODE_VALUE_INVALID),
        ({"state": None}, ErrorReason.NEW_DATA_NODE_VALUE_INVALID),
        ({"state": "SUSPENDED"}, ErrorReason.FINAL_DATA_NODE_VALUE_INVALID),
    ],
)
def test_the_utility_is_refused(changes: dict[str, Any], reason: ErrorReason) -> None:
    error = refusal(tree(), merge(**changes))
    assert error.reason is reason
    assert error.attribute == next(iter(changes))


def test_the_operators_staff_may_write_the_identity_but_not_what_the_network_says() -> None:
    found = tree()
    found.apply(merge(imsi="001010000000002"), Step(STAFF, NOW))
    assert found.nodes[SUB].attributes["imsi"] == "001010000000002"
    assert found.nodes[SUB].last_plan is None
    assert refusal(tree(), merge(attached=False), STAFF).reason is ErrorReason.TARGET_DATA_NODE_NOT_WRITABLE


@pytest.mark.parametrize("before", list(State))
@pytest.mark.parametrize("after", list(State))
def test_states_follow_the_profile(before: State, after: State) -> None:
    found = tree(state=before)
    if before == after or after in DEFAULT_TRANSITIONS[before]:
        found.apply(merge(state=after), Step(UTILITY, NOW))
        assert found.nodes[SUB].attributes["state"] == after
    else:
        assert refusal(found, merge(state=after)).attribute == "state"


def test_a_subscription_is_made_and_deleted_by_the_operator_alone() -> None:
    other = ROOT.child("UtilitySubscription", "8")
    create = CreateObject(other, {"state": "INVENTORY"}, "")
    assert refusal(tree(), create).reason is ErrorReason.TARGET_DATA_NODE_CREATION_NOT_ALLOWED
    assert refusal(tree(), DeleteObject(SUB, "")).reason is ErrorReason.TARGET_DATA_NODE_DELETION_NOT_ALLOWED
    found = tree()
    assert found.apply(create, Step(STAFF, NOW))[0].happened is Happened.CREATED


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        (CreateObject(SUB, {"state": "ACTIVE"}, ""), ErrorReason.TARGET_DATA_NODE_FOUND),
        (merge(ROOT.child("UtilitySubscription", "9"), apn="x"), ErrorReason.TARGET_DATA_NODE_NOT_FOUND),
        (merge(ROOT.child("Antenna", "1"), tilt=1), ErrorReason.NEW_DATA_NODE_NAME_INVALID),
        (
            CreateObject(ROOT.child("HeartbeatControl", "1"), {}, ""),
            ErrorReason.NEW_DATA_NODE_CONTAINMENT_INVALID,
        ),
        (
            CreateObject(NTF.child("HeartbeatControl", "1"), {}, ""),
            ErrorReason.TARGET_DATA_NODE_PARENT_NOT_FOUND,
        ),
        (CreateObject(NTF, {}, ""), ErrorReason.NEW_DATA_NODE_VALUE_INVALID),
    ],
)
def test_what_does_not_fit_into_the_tree(operation: Operation, reason: ErrorReason) -> None:
    assert refusal(tree(), operation).reason is reason


@pytest.mark.parametrize(
    ("address", "taken"),
    [
        ("https://utility.example/3gpp/notifications/a", True),
        ("https://UTILITY.example:9/x", True),
        ("https://other.example:8401/x", True),
        ("https://other.example/x", False),
        ("http://utility.example/x", False),
        ("https://169.254.169.254/latest", False),
        ("https://utility.example.evil.test/x", False),
        ("https://evil.test/?utility.example", False),
    ],
)
def test_recipients_are_on_registered_hosts_only(address: str, taken: bool) -> None:
    create = CreateObject(NTF, {"notificationRecipientAddress": address}, "")
    if taken:
        assert tree().apply(create, Step(UTILITY, NOW))
    else:
        assert refusal(tree(), create).attribute == "notificationRecipientAddress"


def test_there_is_a_bound_to_subscriptions_for_notifications() -> None:
    found = Tree(U, [node(ROOT)], {(ROOT, "NtfSubscriptionControl"): 16})
    create = CreateObject(NTF, {"notificationRecipientAddress": "https://utility.example/"}, "")
    assert refusal(found, create).reason is ErrorReason.FINAL_DATA_NODE_CARDINALITY_INVALID


def test_replacing_keeps_what_is_not_the_utilitys_and_unsets_what_it_left_out() -> None:
    found = tree(dataPlan="M")
    wanted = {"state": "INVENTORY", "apn": "new.example", "imsi": "001010000000001", "attached": True}
    found.apply(ReplaceObject(SUB, wanted, ""), Step(UTILITY, NOW))
    own = found.nodes[SUB].attributes
    assert own == {"state": "INVENTORY", "apn": "new.example", "imsi": "001010000000001"}
    error = refusal(tree(), ReplaceObject(SUB, {**wanted, "imsi": "001010000000009"}, ""))
    assert error.reason is ErrorReason.TARGET_DATA_NODE_NOT_WRITABLE


def test_a_json_patch_may_test_what_it_may_not_write() -> None:
    found = tree()
    test = PointerOperation("test", ("attached",), (), value=True)
    found.apply(EditObject(SUB, test, "/0"), Step(UTILITY, NOW))
    with pytest.raises(PatchError):
        found.apply(EditObject(SUB, test._replace(value=False), "/0"), Step(UTILITY, NOW))
    write = PointerOperation("replace", ("attached",), (), value=False)
    assert refusal(tree(), EditObject(SUB, write, "/0")).reason is ErrorReason.TARGET_DATA_NODE_NOT_WRITABLE


def test_deleting_takes_what_is_below_along_children_first() -> None:
    beat = NTF.child("HeartbeatControl", "1")
    found = Tree(U, [node(ROOT), node(NTF), node(beat)])
    effects = found.apply(DeleteObject(NTF, ""), Step(UTILITY, NOW))
    assert [effect.dn for effect in effects] == [beat, NTF]
    assert set(found.nodes) == {ROOT}


def test_a_trigger_is_acted_upon_and_never_kept() -> None:
    beat = NTF.child("HeartbeatControl", "1")
    found = Tree(U, [node(ROOT), node(NTF), node(beat, {"heartbeatNtfPeriod": 60})])
    (effect,) = found.apply(merge(beat, triggerHeartbeatNtf=True), Step(UTILITY, NOW))
    assert effect == Effect(beat, Happened.CHANGED, {}, {}, 1, None, "heartbeat")
    assert found.nodes[beat].attributes == {"heartbeatNtfPeriod": 60}


def test_a_network_lags_until_every_desired_value_is_operational() -> None:
    found = tree(ratRestriction=["GERAN"]).nodes[SUB]
    assert lags(found)
    caught_up = Node(SUB, found.attributes, {"operational": operational_twin(found, timestamp(NOW))}, THEN, "x", id=1)
    assert not lags(caught_up)


_DESIRED = st.fixed_dictionaries(
    {},
    optional={
        "apn": st.sampled_from(["a.example", "b.example"]) | st.none(),
        "dataPlan": st.sampled_from(["S", "M"]) | st.none(),
        "subscriptionGroup": st.sampled_from(["g"]) | st.none(),
        "ratRestriction": st.sampled_from([["GERAN"], ["GERAN", "UTRA"]]) | st.none(),
    },
)


@given(st.lists(_DESIRED, max_size=6))
def test_before_images_lead_back_in_reverse_order(changes: list[dict[str, Any]]) -> None:
    found = tree()
    start = found.nodes[SUB].attributes
    effects = [effect for change in changes for effect in found.apply(merge(**change), Step(UTILITY, NOW))]
    for effect in reversed(effects):
        assert effect.before is not None
        found.apply(merge(**effect.before), Step(UTILITY, NOW))
    assert found.nodes[SUB].attributes == start


@given(_DESIRED, _DESIRED)
def test_a_merge_does_what_rfc_7396_says(before: dict[str, Any], change: dict[str, Any]) -> None:
    own = {name: value for name, value in before.items() if value is not None}
    found = tree(**own)
    whole = dict(found.nodes[SUB].attributes)
    found.apply(merge(**change), Step(UTILITY, NOW))
    expected = {name: value for name, value in {**whole, **change}.items() if value is not None}
    assert found.nodes[SUB].attributes == expected
    found.apply(merge(**inverse_merge(whole, change)), Step(UTILITY, NOW))
    assert found.nodes[SUB].attributes == whole


_NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=20).filter(
    lambda text: text == text.strip(" ")
)


@given(st.lists(_NAMES, min_size=1, max_size=4))
def test_paths_keep_names_whatever_is_in_them(names: list[str]) -> None:
    dn = Dn.of(*(("UtilityCard", name) for name in names))
    assert dn_of(path_of(dn)) == dn
