"""Query parameters and media types of a read (TS 32.158 clause 6.1, TS 28.532)."""

import pytest

from tieline.standards.mns import jex
from tieline.standards.mns.errors import QueryError
from tieline.standards.mns.scope import (
    BASE_ALL,
    BASE_ONLY,
    FLAT,
    HIERARCHICAL,
    JSON,
    GetQuery,
    Scope,
    ScopeType,
    build_get_query,
    media_type_of,
    negotiate,
    parse_get_query,
)


@pytest.mark.parametrize(
    ("parameters", "scope"),
    [
        ([], BASE_ONLY),
        ([("scope", '{"scopeType":"BASE_ALL"}')], BASE_ALL),
        ([("scopeType", "BASE_ALL")], BASE_ALL),
        ([("scope", '{"scopeType":"BASE_SUBTREE","scopeLevel":2}')], Scope(ScopeType.BASE_SUBTREE, 2)),
        ([("scopeType", "BASE_NTH_LEVEL"), ("scopeLevel", "1")], Scope(ScopeType.BASE_NTH_LEVEL, 1)),
        ([("scope", '{"scopeType":"BASE_ONLY","scopeLevel":9}')], BASE_ONLY),
        ([("scope", "{}")], BASE_ONLY),
    ],
)
def test_both_spellings_of_scope(parameters: list[tuple[str, str]], scope: Scope) -> None:
    assert parse_get_query(parameters).scope == scope


@pytest.mark.parametrize(
    ("scope", "included"),
    [
        (BASE_ONLY, [True, False, False]),
        (BASE_ALL, [True, True, True]),
        (Scope(ScopeType.BASE_NTH_LEVEL, 1), [False, True, False]),
        (Scope(ScopeType.BASE_SUBTREE, 1), [True, True, False]),
    ],
)
def test_levels(scope: Scope, included: list[bool]) -> None:
    assert [scope.includes(depth) for depth in range(3)] == included


def test_selection_and_filter() -> None:
    query = parse_get_query(
        [
            ("filter", 'UtilitySubscription/attributes/apn="x"'),
            ("attributes", "state, apn"),
            ("fields", "/attributes/plmnId/mcc,servingCell/cellId"),
        ]
    )
    assert query.condition == jex.And(
        (
            jex.OfClass((jex.ClassLevel("UtilitySubscription"),), absolute=False),
            jex.equals("attributes/apn", "x"),
        )
    )
    assert query.selection.attributes == frozenset({"state", "apn"})
    assert query.selection.fields == (("plmnId", "mcc"), ("servingCell", "cellId"))
    assert not query.selection.everything
    assert parse_get_query([("attributes", "")]).selection.attributes == frozenset()


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ([("scope", "BASE_ALL")], ("scope",)),
        ([("scope", "[" * 10_000)], ("scope",)),
        ([("scope", '{"scopeType":"ALL"}')], ("scope",)),
        ([("scope", '{"scopeType":"BASE_SUBTREE"}')], ("scopeLevel",)),
        ([("scope", '{"scopeType":"BASE_SUBTREE","scopeLevel":-1}')], ("scopeLevel",)),
        ([("scopeType", "EVERYTHING")], ("scopeType",)),
        ([("scopeLevel", "1")], ("scopeLevel",)),
        ([("scopeType", "BASE_SUBTREE"), ("scopeLevel", "1e9")], ("scopeLevel",)),
        ([("scopeType", "BASE_ALL"), ("scope", "{}")], ("scope",)),
        ([("filter", "a=")], ("filter",)),
        ([("filter", "a"), ("filter", "b")], ("filter",)),
        ([("attributes", "a,,b")], ("attributes",)),
        ([("attributes", ",".join("a" * 101))], ("attributes",)),
        ([("fields", "a//b")], ("fields",)),
        ([("dataNodeSelector", "/A")], ("dataNodeSelector",)),
        ([("limit", "5")], ("limit",)),
    ],
)
def test_names_the_parameter_at_fault(parameters: list[tuple[str, str]], names: tuple[str, ...]) -> None:
    with pytest.raises(QueryError) as caught:
        parse_get_query(parameters)
    assert caught.value.parameters == names


def test_what_a_consumer_writes_a_producer_reads() -> None:
    condition = jex.one_of("attributes/lastPlan", ["p-1", "p-2"])
    parameters = build_get_query(
        scope=Scope(ScopeType.BASE_NTH_LEVEL, 1),
        condition=condition,
        attributes=["state"],
        fields=["servingCell/cellId"],
    )
    query = parse_get_query(parameters)
    assert query.scope == Scope(ScopeType.BASE_NTH_LEVEL, 1)
    assert query.condition == condition
    assert query.selection.attributes == frozenset({"state"})
    assert parse_get_query(build_get_query()) == GetQuery()


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (FLAT, FLAT),
        (f"{FLAT};q=0.5, {HIERARCHICAL}", HIERARCHICAL),
        (f"*/*;q=0.1, {FLAT.upper()}", FLAT),
        (f"{JSON};q=0, */*", HIERARCHICAL),
        ("text/html", None),
        (f"{JSON};q=0", None),
        (f"{FLAT};q=nonsense", None),
    ],
)
def test_negotiation(accept: str | None, chosen: str | None) -> None:
    assert negotiate(accept) == chosen


def test_bare_media_type() -> None:
    assert media_type_of("Application/JSON-Patch+json; charset=utf-8") == "application/json-patch+json"
    assert media_type_of(None) == ""
