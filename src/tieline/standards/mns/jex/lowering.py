"""From a condition about the tree of managed objects to one about a single object."""

from tieline.standards.mns.errors import JexError
from tieline.standards.mns.jex.tree import (
    And,
    ClassLevel,
    Compare,
    Condition,
    Exists,
    Literal,
    Not,
    OfClass,
    Or,
    Path,
    Step,
    TextTest,
)

_OWN_ID = Path((Step("id"),))


def for_resource(condition: Condition) -> Condition:  # noqa: PLR0911 - one return a kind of node
    """Rewrite the class steps of every path as ``OfClass`` beside paths within one object's representation.

    What is left: ``OfClass`` for the object's name, and relative paths that begin with ``id``,
    ``objectClass``, ``objectInstance`` or ``attributes`` (or, for a class written flat, an attribute).

    Raises:
        JexError: for a predicate, other than ``[id="…"]``, on a class above the object's own.

    """
    match condition:
        case And(items):
            return And(tuple(map(for_resource, items)))
        case Or(items):
            return Or(tuple(map(for_resource, items)))
        case Not(item):
            return Not(for_resource(item))
        case Compare(operator, left, right):
            left_needs, left = _operand(left)
            right_needs, right = _operand(right)
            return _all((*left_needs, *right_needs, Compare(operator, left, right)))
        case TextTest(function, whole, part):
            whole_needs, whole = _operand(whole)
            part_needs, part = _operand(part)
            return _all((*whole_needs, *part_needs, TextTest(function, whole, part)))
        case Exists(path):
            needs, rest = _split(path)
            return _all(needs if needs and not rest.steps else (*needs, Exists(rest)))
        case _:
            return condition


def _all(items: tuple[Condition, ...]) -> Condition:
    return items[0] if len(items) == 1 else And(items)


def _operand(node: Path | Literal) -> tuple[tuple[Condition, ...], Path | Literal]:
    return ((), node) if isinstance(node, Literal) else _split(node)


def _split(path: Path) -> tuple[tuple[Condition, ...], Path]:
    """Give the conditions that the class steps of a path stand for, and the rest of the path."""
    count = 0
    for step in path.steps:
        if not (step.name[0].isupper() or (step.name == "*" and (count or path.absolute))):
            break
        count += 1
    rest = Path(path.steps[count:])
    if not count:
        return (), rest
    classes = path.steps[:count]
    if any(step.position is not None for step in classes):
        raise JexError("a class is chosen by its id, not by a position", 0)
    levels = [ClassLevel(step.name, _required_id(step)) for step in classes[:-1]]
    needs: tuple[Condition, ...] = (OfClass((*levels, ClassLevel(classes[-1].name)), path.absolute),)
    if classes[-1].predicate is not None:
        needs = (*needs, for_resource(classes[-1].predicate))
    return needs, rest


def _required_id(step: Step) -> str | None:
    match step.predicate:
        case None:
            return None
        case Compare("=", left, Literal(str(identifier))) if left == _OWN_ID:
            return identifier
        case _:
            raise JexError(f"{step.name}, above the object's own class, can only be chosen by its id", 0)
