"""The tree of a Jex condition, and its text. Nodes are frozen, hashable, and carry no position."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal as Choice

import msgspec

Scalar = str | int | float | bool | None
Operator = Choice["=", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written in the expression."""

    value: Scalar


@dataclass(frozen=True, slots=True)
class Step:
    """One step down a path: a member's name or ``*``, and what its nodes must fulfil.

    ``position`` counts from 1 among the nodes of that name, as in XPath; a step has a predicate, a position,
    or neither.
    """

    name: str
    predicate: "Condition | None" = None
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Path:
    """A way down from the context node, or from the document if ``absolute``. No steps: the node itself."""

    steps: tuple[Step, ...]
    absolute: bool = False

    @property
    def plain(self) -> tuple[str, ...] | None:
        """The members' names if every step is a bare name, else None: what an SQL store can follow."""
        if any(step.predicate or step.position or step.name == "*" for step in self.steps):
            return None
        return tuple(step.name for step in self.steps)


@dataclass(frozen=True, slots=True)
class Compare:
    """A comparison of two scalar values; false when a side is absent, several, or not scalar."""

    operator: Operator
    left: Path | Literal
    right: Path | Literal


@dataclass(frozen=True, slots=True)
class TextTest:
    """Whether a string contains, or starts with, another; false when a side is not one string."""

    function: Choice["contains", "starts-with"]
    text: Path | Literal
    part: Path | Literal


@dataclass(frozen=True, slots=True)
class Exists:
    """Whether the path leads to anything."""

    path: Path


@dataclass(frozen=True, slots=True)
class And:
    """True when every item is."""

    items: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True when an item is."""

    items: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True when the item is not."""

    item: "Condition"


@dataclass(frozen=True, slots=True)
class ClassLevel:
    """A class in a chain of containment, ``*`` for any, and the identifier it must have (None: any)."""

    name: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class OfClass:
    """Whether the object's chain of classes ends with these levels, or is exactly these if ``absolute``.

    Only ``for_resource`` makes this node.
    """

    levels: tuple[ClassLevel, ...]
    absolute: bool


Condition = Compare | TextTest | Exists | And | Or | Not | Literal | OfClass


def equals(path: str, value: Scalar) -> Compare:
    """Give the condition ``path = value``, the path being plain names joined by ``/``."""
    return Compare("=", Path(tuple(Step(name) for name in path.split("/"))), Literal(value))


def one_of(path: str, values: Iterable[Scalar]) -> Condition:
    """Give the condition that the value at ``path`` is one of ``values``; false if there are none."""
    items = tuple(equals(path, value) for value in values)
    if not items:
        return Literal(value=False)
    return items[0] if len(items) == 1 else Or(items)


def text(condition: Condition) -> str:  # noqa: PLR0911 - one return a kind of node
    """Write a condition as a consumer sends it; ``parse`` reads the same tree back.

    Raises:
        ValueError: for an ``OfClass``, which exists only after ``for_resource``.

    """
    match condition:
        case And(items):
            return " and ".join(_grouped(item) for item in items)
        case Or(items):
            return " or ".join(_grouped(item) for item in items)
        case Not(item):
            return f"not({text(item)})"
        case Compare(operator, left, right):
            return f"{_operand(left)} {operator} {_operand(right)}"
        case TextTest(function, whole, part):
            return f"{function}({_operand(whole)}, {_operand(part)})"
        case Exists(path):
            return _operand(path)
        case Literal():
            return _operand(condition)
        case OfClass():
            raise ValueError("a condition made for one resource has no text")


def _grouped(condition: Condition) -> str:
    return f"({text(condition)})" if isinstance(condition, And | Or) else text(condition)


def _operand(node: Path | Literal) -> str:
    if isinstance(node, Literal):
        return msgspec.json.encode(node.value).decode()
    steps = "/".join(_step(step) for step in node.steps) or "."
    return f"/{steps}" if node.absolute else steps


def _step(step: Step) -> str:
    if step.predicate is not None:
        return f"{step.name}[{text(step.predicate)}]"
    return step.name if step.position is None else f"{step.name}[{step.position}]"
