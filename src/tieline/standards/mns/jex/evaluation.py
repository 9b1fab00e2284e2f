"""Deciding a Jex condition for a document: a resource's representation, or a notification."""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tieline.standards.mns.dn import Dn
from tieline.standards.mns.jex.tree import (
    And,
    Compare,
    Condition,
    Exists,
    Literal,
    Not,
    OfClass,
    Operator,
    Or,
    Path,
    TextTest,
)

_NOTHING = object()
_ORDERED: dict[Operator, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def evaluate(condition: Condition, document: Mapping[str, Any], dn: Dn | None = None) -> bool:
    """Decide ``condition`` for ``document``.

    For a resource give its representation (``{"id", "objectClass", "objectInstance", "attributes"}``), its
    name, and a condition that went through ``for_resource``. For a notification give its body and the parsed
    condition.
    """
    return _decide(condition, document, document, dn)


def _decide(condition: Condition, node: object, root: Mapping[str, Any], dn: Dn | None) -> bool:  # noqa: PLR0911 - one return a kind of node
    match condition:
        case And(items):
            return all(_decide(item, node, root, dn) for item in items)
        case Or(items):
            return any(_decide(item, node, root, dn) for item in items)
        case Not(item):
            return not _decide(item, node, root, dn)
        case Compare(comparison, left, right):
            return _compare(comparison, _value(left, node, root), _value(right, node, root))
        case TextTest(function, whole, part):
            return _text_test(function, _value(whole, node, root), _value(part, node, root))
        case Exists(path):
            return bool(_select(path, node, root))
        case OfClass():
            return dn is not None and _of_class(condition, dn)
        case Literal(value):
            return value is True


def _value(operand: Path | Literal, node: object, root: Mapping[str, Any]) -> object:
    if isinstance(operand, Literal):
        return operand.value
    nodes = _select(operand, node, root)
    if len(nodes) != 1 or isinstance(nodes[0], Mapping):
        return _NOTHING
    return nodes[0]


def _select(path: Path, node: object, root: Mapping[str, Any]) -> Sequence[object]:
    nodes: list[object] = [root if path.absolute else node]
    for step in path.steps:
        below: list[object] = []
        for parent in nodes:
            if isinstance(parent, Mapping):
                children = _children(parent, step.name)
                if step.position is not None:
                    children = children[step.position - 1 : step.position]
                below.extend(children)
        if step.predicate is not None:
            below = [child for child in below if _decide(step.predicate, child, root, None)]
        nodes = below
    return nodes


def _children(parent: Mapping[str, Any], name: str) -> list[object]:
    """Give the nodes of that name: the items of an array are nodes of one name (TS 32.161 clause 6)."""
    if name == "*":
        return [child for key in parent for child in _children(parent, key)]
    if name not in parent:
        return []
    value = parent[name]
    return list(value) if isinstance(value, list | tuple) else [value]


def _compare(comparison: Operator, left: object, right: object) -> bool:
    if left is _NOTHING or right is _NOTHING:
        return False
    alike = _kind(left) == _kind(right)
    if comparison == "=":
        return alike and left == right
    if comparison == "!=":
        return not alike or left != right
    return (
        alike
        and isinstance(left, int | float | str)
        and _kind(left) != "boolean"
        and (_ORDERED[comparison](left, right))
    )


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "null"


def _text_test(function: str, whole: object, part: object) -> bool:
    if not isinstance(whole, str) or not isinstance(part, str):
        return False
    return part in whole if function == "contains" else whole.startswith(part)


def _of_class(condition: OfClass, dn: Dn) -> bool:
    levels = condition.levels
    if len(levels) > len(dn) or (condition.absolute and len(levels) != len(dn)):
        return False
    return all(
        level.name in {"*", rdn.class_name} and level.id in {None, rdn.id}
        for level, rdn in zip(levels, dn[-len(levels) :], strict=True)
    )
