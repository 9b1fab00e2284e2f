"""Jex conditions (TS 32.161 clause 7.6): reading, deciding, and what is refused."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.standards.mns import jex
from tieline.standards.mns.dn import Dn
from tieline.standards.mns.errors import JexError

DN = Dn.parse("SubNetwork=U,UtilitySubscription=7")
RESOURCE: dict[str, Any] = {
    "id": "7",
    "objectClass": "UtilitySubscription",
    "objectInstance": str(DN),
    "attributes": {
        "state": "ACTIVE",
        "apn": "grid.example",
        "attached": True,
        "imeiLock": None,
        "priority": 5,
        "lastSeen": "2026-01-02T03:04:05Z",
        "ratRestriction": ["GERA", "UTRA"],
        "one": ["only"],
        "levels": [{"level": 1, "value": 10}, {"level": 2, "value": 20}],
        "operational": {"state": "SUSPENDED"},
    },
}


def holds(expression: str) -> bool:
    return jex.evaluate(jex.for_resource(jex.parse(expression)), RESOURCE, DN)


@pytest.mark.parametrize(
    "expression",
    [
        'attributes/state="ACTIVE"',
        "attributes/state = 'ACTIVE'",
        '"ACTIVE" = attributes/state',
        'attributes/state != "RETIRED"',
        "attributes/attached = true",
        "attributes/attached = true()",
        "attributes/imeiLock = null",
        "attributes/imeiLock",
        "attributes/priority >= 5 and attributes/priority < 5.5",
        "attributes/priority != -1e3",
        'attributes/lastSeen > "2026-01-01T00:00:00Z"',
        'attributes/state="X" or attributes/apn="grid.example" and attributes/priority=5',
        '(attributes/state="X" or attributes/apn="grid.example") and not(attributes/priority=6)',
        'contains(attributes/apn, "rid.")',
        'starts-with(attributes/apn, "grid")',
        'UtilitySubscription/attributes/apn="grid.example"',
        'SubNetwork/UtilitySubscription/attributes/apn="grid.example"',
        '/SubNetwork/UtilitySubscription[attributes/state="ACTIVE"]',
        '/SubNetwork[id="U"]/UtilitySubscription[attributes/state="ACTIVE"]/attributes/priority = 5',
        '/SubNetwork/*[id="7"]',
        "/*/UtilitySubscription",
        "UtilitySubscription",
        'objectClass="UtilitySubscription" and id="7"',
        "attributes/operational/state != attributes/state",
        "attributes/levels[level=2]/value = 20",
        "attributes/levels[1]/value = 10",
        'attributes/one = "only"',
        'attributes/ratRestriction[.="UTRA"]',
        "attributes/*/state",
        r'"a\u0062" = "ab"',
        "true",
        "not(false)",
        "attributes/apn != 5",
    ],
)
def test_true(expression: str) -> None:
    assert holds(expression)


@pytest.mark.parametrize(
    "expression",
    [
        'attributes/state="active"',
        "attributes/missing",
        'attributes/missing = "x"',
        'attributes/missing != "x"',
        "attributes/missing = null",
        'attributes/ratRestriction = "GERA"',
        'attributes/ratRestriction != "GERA"',
        'attributes/operational = "SUSPENDED"',
        "attributes = null",
        'attributes/priority = "5"',
        'attributes/priority < "9"',
        "attributes/attached = 1",
        "attributes/attached > false",
        "attributes/imeiLock < 1",
        'contains(attributes/priority, "5")',
        'starts-with(attributes/apn, "rid")',
        "UtilityCard",
        'UtilityCard/attributes/apn="grid.example"',
        "/UtilitySubscription",
        '/SubNetwork[id="V"]/UtilitySubscription',
        "/SubNetwork/SubNetwork/UtilitySubscription",
        "attributes/levels[3]",
        "attributes/levels[level=3]",
        "false",
        "attributes/state/deeper",
    ],
)
def test_false(expression: str) -> None:
    assert not holds(expression)


def test_a_notification_is_filtered_by_its_top_level_parameters() -> None:
    notification = {
        "notificationType": "notifyMOIAttributeValueChanges",
        "href": "https://host/ProvMnS/v1/SubNetwork=U/UtilitySubscription=7",
        "attributeListValueChanges": [{"state": "ACTIVE"}, {"state": "SUSPENDED"}],
    }
    wanted = jex.parse(
        'notificationType="notifyMOIAttributeValueChanges" and contains(href, "/UtilitySubscription=")'
        ' and /attributeListValueChanges[1]/state="ACTIVE"'
    )
    assert jex.evaluate(wanted, notification)
    assert not jex.evaluate(jex.parse('notificationType="notifyHeartbeat"'), notification)


@pytest.mark.parametrize(
    ("expression", "position"),
    [
        ("", 0),
        ("attributes/", 11),
        ("attributes/apn =", 16),
        ('attributes/apn = "open', 17),
        ('"alone"', 0),
        ("5", 0),
        ("a and", 5),
        ("a b", 2),
        ("(a", 2),
        ("a)", 1),
        ("a = 5x", 5),
        ("count(a) = 1", 0),
        ("not a", 4),
        ('contains(a "b")', 11),
        ("a[1][2]", 4),
        ("a[0]", 2),
        ("//a", 1),
        ("a | b", 2),
        ("= a", 0),
        ('"bad \\q" = a', 0),
        ("a = 01", 5),
        ("a == 1", 3),
        ("a <> 1", 3),
    ],
)
def test_refuses_with_the_position(expression: str, position: int) -> None:
    with pytest.raises(JexError) as caught:
        jex.parse(expression)
    assert caught.value.position == position


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ('a="' + "x" * jex.MAX_LENGTH + '"', "characters"),
        ("not(" * 40 + "a" + ")" * 40, "deep"),
        ("a[" * 40 + "b" + "]" * 40, "deep"),
        (" or ".join(["a/b=1"] * 400), "parts"),
    ],
)
def test_bounds(expression: str, says: str) -> None:
    with pytest.raises(JexError, match=says):
        jex.parse(expression)


@pytest.mark.parametrize(
    "expression",
    ['/SubNetwork[attributes/userLabel="x"]/UtilitySubscription', "/SubNetwork[1]/UtilitySubscription"],
)
def test_a_condition_on_another_object_is_refused(expression: str) -> None:
    with pytest.raises(JexError, match="id"):
        jex.for_resource(jex.parse(expression))


def test_what_an_sql_store_sees() -> None:
    lowered = jex.for_resource(jex.parse('/SubNetwork/UtilitySubscription[attributes/state="ACTIVE"]'))
    assert lowered == jex.And(
        (
            jex.OfClass((jex.ClassLevel("SubNetwork"), jex.ClassLevel("UtilitySubscription")), absolute=True),
            jex.equals("attributes/state", "ACTIVE"),
        )
    )
    assert jex.Path((jex.Step("attributes"), jex.Step("state"))).plain == ("attributes", "state")
    assert jex.Path((jex.Step("attributes"), jex.Step("*"))).plain is None


def test_builders() -> None:
    condition = jex.one_of("attributes/lastPlan", ["p1", 'p"2'])
    assert jex.text(condition) == r'attributes/lastPlan = "p1" or attributes/lastPlan = "p\"2"'
    assert jex.parse(jex.text(condition)) == condition
    assert jex.one_of("id", ["7"]) == jex.equals("id", "7")
    assert not jex.evaluate(jex.one_of("id", []), RESOURCE)
    with pytest.raises(ValueError, match="no text"):
        jex.text(jex.OfClass((jex.ClassLevel("A"),), absolute=False))


names = st.from_regex(r"[a-zA-Z][a-zA-Z0-9]{0,6}", fullmatch=True).filter(
    lambda name: name not in {"true", "false", "null", "or", "and"}
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | (st.text(st.characters(exclude_categories=["Cs"]), max_size=6))
)
literals = scalars.map(jex.Literal)
paths = st.builds(
    lambda parts, absolute: jex.Path(tuple(jex.Step(part) for part in parts), absolute),
    st.lists(names, min_size=1, max_size=3),
    st.booleans(),
)
operands = paths | literals
leaves: st.SearchStrategy[jex.Condition] = (
    st.builds(jex.Compare, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), operands, operands)
    | st.builds(jex.TextTest, st.sampled_from(["contains", "starts-with"]), operands, operands)
    | st.builds(jex.Exists, paths)
    | st.booleans().map(jex.Literal)
)


def _several(make: Callable[[tuple[jex.Condition, ...]], jex.Condition]) -> Callable[..., Any]:
    return lambda inner: st.lists(inner, min_size=2, max_size=3).map(lambda items: make(tuple(items)))


conditions = st.recursive(
    leaves,
    lambda inner: _several(jex.And)(inner) | _several(jex.Or)(inner) | st.builds(jex.Not, inner),
    max_leaves=6,
)


@given(conditions)
def test_text_reads_back_as_the_same_tree(condition: jex.Condition) -> None:
    assert jex.parse(jex.text(condition)) == condition


@given(conditions)
def test_de_morgan(condition: jex.Condition) -> None:
    document = {"a": 1, "b": {"c": "x"}}
    other = jex.parse("b/c = 'x'")
    both = jex.Not(jex.And((condition, other)))
    either = jex.Or((jex.Not(condition), jex.Not(other)))
    assert jex.evaluate(both, document) == jex.evaluate(either, document)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(source: str) -> None:
    try:
        condition = jex.parse(source)
    except JexError as error:
        assert 0 <= error.position <= len(source)  # noqa: PT017
    else:
        assert jex.evaluate(condition, {}) in {True, False}


def test_a_number_beyond_a_double_is_refused_where_it_stands() -> None:
    with pytest.raises(JexError, match="number is out of range at position 4"):
        jex.parse("a = 1e400")
