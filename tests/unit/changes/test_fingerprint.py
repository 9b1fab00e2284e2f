"""Digests of plans and rows, and what changed between two selections."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from tieline.utility.changes.policy.fingerprint import compare, plan_hash, row_fingerprint
from tieline.utility.changes.policy.undo import conflict, undone


def test_the_hash_is_sha_256_of_canonical_lines() -> None:
    expected = hashlib.sha256(b'{"a":1,"kind":"x"}\n["s1",{"apn":"a","state":"b"}]').hexdigest()
    assert plan_hash({"kind": "x", "a": 1}, [["s1", {"state": "b", "apn": "a"}]]) == expected


@given(st.lists(st.lists(st.text(max_size=5), max_size=3), max_size=5), st.data())
def test_any_difference_in_any_item_changes_the_hash(items: list[list[str]], data: st.DataObject) -> None:
    other = data.draw(st.lists(st.lists(st.text(max_size=5), max_size=3), max_size=5))
    assert (plan_hash({}, items) == plan_hash({}, other)) == (items == other)


def test_selections_are_compared() -> None:
    difference = compare({1: "a", 2: "b", 3: "c"}, {2: "b", 3: "x", 4: "d"})
    assert (difference.added, difference.removed, difference.altered) == (1, 1, 1)
    assert difference.examples == (4, 1, 3)
    assert difference.sentence == "The selection changed since it was planned: 1 added, 1 removed, 1 altered."
    assert not compare({1: "a"}, {1: "a"})


def test_row_fingerprints_differ_by_value_and_place() -> None:
    assert row_fingerprint(1, None, ["x"]) != row_fingerprint(None, 1, ["x"])
    assert row_fingerprint("a") == row_fingerprint("a")


def test_undo_sets_back_exactly_what_was_set() -> None:
    before = {"state": "INVENTORY", "apn": None}
    assert undone(before, {"state": "TEST_READY", "apn": "x"}) == {"state": "INVENTORY", "apn": None}


def test_a_field_changed_since_is_a_conflict_and_others_are_not() -> None:
    desired = {"state": "TEST_READY", "apn": "x"}
    assert conflict(desired, {"state": "TEST_READY", "apn": "x", "data_plan": "changed"}) is None
    reason = conflict(desired, {"state": "TEST_READY", "apn": None})
    assert reason is not None
    assert reason.text == "Somebody changed it since: the APN is now unset, not x. It is left alone."


@given(st.dictionaries(st.sampled_from("abc"), st.integers()), st.dictionaries(st.sampled_from("abc"), st.integers()))
def test_undoing_twice_is_doing_again(before: dict[str, int], desired: dict[str, int]) -> None:
    full_before = {name: before.get(name) for name in desired}
    back = undone(full_before, desired)
    assert undone(desired, back) == desired
