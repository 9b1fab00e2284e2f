"""JSON Pointer, JSON Patch and JSON Merge Patch against the examples of RFC 6901, RFC 6902 and RFC 7396."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.standards.mns.errors import PatchError
from tieline.standards.mns.jsonpatch import (
    PointerOperation,
    apply_json_patch,
    format_pointer,
    inverse_merge,
    merge_patch,
    parse_json_patch,
    parse_pointer,
    read,
    same,
)

RFC_6901_DOCUMENT = {
    "foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, 'k"l': 6, " ": 7, "m~n": 8,
}  # fmt: skip


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", RFC_6901_DOCUMENT), ("/foo", ["bar", "baz"]), ("/foo/0", "bar"), ("/", 0), ("/a~1b", 1), ("/c%d", 2),
        ("/e^f", 3), ("/g|h", 4), ("/i\\j", 5), ('/k"l', 6), ("/ ", 7), ("/m~0n", 8),
    ],
)  # fmt: skip
def test_rfc_6901_clause_5(pointer: str, value: object) -> None:
    assert read(RFC_6901_DOCUMENT, parse_pointer(pointer)) == value


@pytest.mark.parametrize("pointer", ["foo", "/a~", "/a~2b", "/" + "x" * 2000])
def test_broken_pointers(pointer: str) -> None:
    with pytest.raises(ValueError, match="JSON Pointer"):
        parse_pointer(pointer)


@given(st.lists(st.text(max_size=5), max_size=5))
def test_pointers_round_trip(parts: list[str]) -> None:
    assert parse_pointer(format_pointer(parts)) == tuple(parts)


# Appendix A of RFC 6902, in order; A.8, A.9, A.12, A.13 and A.15 are errors.
RFC_6902: list[tuple[str, Any, list[dict[str, Any]], Any]] = [
    ("A.1", {"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux"}], {"baz": "qux", "foo": "bar"}),
    ("A.2", {"foo": ["bar", "baz"]}, [{"op": "add", "path": "/foo/1", "value": "qux"}],
     {"foo": ["bar", "qux", "baz"]}),
    ("A.3", {"baz": "qux", "foo": "bar"}, [{"op": "remove", "path": "/baz"}], {"foo": "bar"}),
    ("A.4", {"foo": ["bar", "qux", "baz"]}, [{"op": "remove", "path": "/foo/1"}], {"foo": ["bar", "baz"]}),
    ("A.5", {"baz": "qux", "foo": "bar"}, [{"op": "replace", "path": "/baz", "value": "boo"}],
     {"baz": "boo", "foo": "bar"}),
    ("A.6", {"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
     [{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}],
     {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}}),
    ("A.7", {"foo": ["all", "grass", "cows", "eat"]}, [{"op": "move", "from": "/foo/1", "path": "/foo/3"}],
     {"foo": ["all", "cows", "eat", "grass"]}),
    ("A.8", {"baz": "qux", "foo": ["a", 2, "c"]},
     [{"op": "test", "path": "/baz", "value": "qux"}, {"op": "test", "path": "/foo/1", "value": 2}],
     {"baz": "qux", "foo": ["a", 2, "c"]}),
    ("A.9", {"baz": "qux"}, [{"op": "test", "path": "/baz", "value": "bar"}], PatchError),
    ("A.10", {"foo": "bar"}, [{"op": "add", "path": "/child", "value": {"grandchild": {}}}],
     {"foo": "bar", "child": {"grandchild": {}}}),
    ("A.11", {"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux", "xyz": 123}],
     {"foo": "bar", "baz": "qux"}),
    ("A.12", {"foo": "bar"}, [{"op": "add", "path": "/baz/bat", "value": "qux"}], PatchError),
    ("A.14", {"/": 9, "~1": 10}, [{"op": "test", "path": "/~01", "value": 10}], {"/": 9, "~1": 10}),
    ("A.15", {"/": 9, "~1": 10}, [{"op": "test", "path": "/~01", "value": "10"}], PatchError),
    ("A.16", {"foo": ["bar"]}, [{"op": "add", "path": "/foo/-", "value": ["abc", "def"]}],
     {"foo": ["bar", ["abc", "def"]]}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "before", "patch", "after"), RFC_6902, ids=[row[0] for row in RFC_6902])
def test_rfc_6902_appendix_a(name: str, before: Any, patch: Any, after: Any) -> None:
    kept = msgspec.json.encode(before)
    operations = parse_json_patch(msgspec.json.encode(patch))
    if after is PatchError:
        with pytest.raises(PatchError, match=" ") as caught:
            apply_json_patch(before, operations)
        assert caught.value.bad_op == "/0", name
    else:
        assert apply_json_patch(before, operations) == after, name
    assert msgspec.json.encode(before) == kept, "the input is never changed"


def test_rfc_6902_appendix_a_13_names_one_operation_twice() -> None:
    """The RFC leaves duplicate members to the JSON parser: ours keeps the last, which has then no value."""
    with pytest.raises(PatchError):
        parse_json_patch(b'[{"op":"add","path":"/baz","value":"qux","op":"move"}]')


@pytest.mark.parametrize(
    ("before", "patch", "bad_op"),
    [
        ({"a": 1}, [{"op": "test", "path": "/a", "value": 1}, {"op": "remove", "path": "/b"}], "/1"),
        ({"a": [1]}, [{"op": "replace", "path": "/a/1", "value": 2}], "/0"),
        ({"a": [1]}, [{"op": "remove", "path": "/a/-"}], "/0"),
        ({"a": [1, 2]}, [{"op": "remove", "path": "/a/01"}], "/0"),
        ({"a": [1]}, [{"op": "add", "path": "/a/99999999999999999999", "value": 2}], "/0"),
        ({"a": {"b": 1}}, [{"op": "move", "from": "/a", "path": "/a/b"}], "/0"),
        ({"a": 1}, [{"op": "copy", "from": "/b", "path": "/c"}], "/0"),
        ({"a": 1}, [{"op": "test", "path": "/a", "value": True}], "/0"),
    ],
)
def test_the_operation_at_fault_is_named(before: Any, patch: Any, bad_op: str) -> None:
    with pytest.raises(PatchError) as caught:
        apply_json_patch(before, parse_json_patch(msgspec.json.encode(patch)))
    assert caught.value.bad_op == bad_op


@pytest.mark.parametrize(
    ("body", "bad_op"),
    [
        (b"{", ""),
        (b"{}", ""),
        (b"[" * 5000, "/0"),
        (b'[{"op":"add","path":"/a","value":' + b"[" * 5000, ""),
        (b'[{"op":"add","path":"/a","value":' + b"[" * 50 + b"]" * 50 + b"}]", "/0"),
        (b'[{"op":"remove","path":"/a"},{"op":"delete","path":"/a"}]', "/1"),
        (b'[{"op":"remove"}]', "/0"),
        (b'[{"op":"add","path":"/a"}]', "/0"),
        (b'[{"op":"move","path":"/a"}]', "/0"),
        (b'[{"op":"remove","path":"a"}]', "/0"),
        (b'[{"op":"copy","path":"/a","from":"b"}]', "/0"),
        (b"[" + b",".join([b'{"op":"remove","path":"/a"}'] * 10_001) + b"]", "/10000"),
    ],
)
def test_documents_that_cannot_be_read(body: bytes, bad_op: str) -> None:
    with pytest.raises(PatchError) as caught:
        parse_json_patch(body)
    assert caught.value.bad_op == bad_op


def test_null_is_a_value() -> None:
    operations = parse_json_patch(b'[{"op":"add","path":"/a","value":null}]')
    assert apply_json_patch({}, operations) == {"a": None}


# Appendix A of RFC 7396.
@pytest.mark.parametrize(
    ("original", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_rfc_7396_appendix_a(original: Any, patch: Any, result: Any) -> None:
    assert merge_patch(original, patch) == result


scalars = st.booleans() | st.integers(0, 3) | st.sampled_from(["x", "y"])
documents = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(scalars, lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_leaves=6),
    max_size=3,
)
patches = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(
        scalars | st.none(), lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_leaves=6
    ),
    max_size=3,
)


@given(documents, patches)
def test_a_merge_is_undone_by_its_inverse(before: dict[str, Any], patch: dict[str, Any]) -> None:
    assert merge_patch(merge_patch(before, patch), inverse_merge(before, patch)) == before


@given(documents, patches)
def test_merging_twice_is_merging_once(before: dict[str, Any], patch: dict[str, Any]) -> None:
    once = merge_patch(before, patch)
    assert merge_patch(once, patch) == once


@given(documents, st.sampled_from("abc"), scalars)
def test_adding_then_removing_changes_nothing(document: dict[str, Any], key: str, value: Any) -> None:
    fresh = key * 2
    operations = [PointerOperation("add", (fresh,), (), value), PointerOperation("remove", (fresh,))]
    assert apply_json_patch(document, operations) == document


def test_equality_is_of_json_not_of_python() -> None:
    assert same({"a": [1, 1.0]}, {"a": [1.0, 1]})
    assert not same(True, 1)  # noqa: FBT003 - the values compared
    assert not same([1], [1, 2])
