"""Jex conditions as SQL, as far as SQL can decide them exactly as ``jex.evaluate`` does.

What it cannot (predicates inside arrays, paths on both sides, ``objectInstance``) is left over for evaluation in
memory: ``compile_condition`` gives both parts, to be joined by *and*. Values and names from outside are bound
parameters. A comparison with something absent is NULL, which counts as false; below a negation it is made false.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from psycopg.types.json import Jsonb

from tieline.gateway.model import SEPARATOR
from tieline.gateway.objects.classes import CLASSES, OBSERVED
from tieline.standards.mns import jex

_ARRAYS = frozenset({"ratRestriction", "notificationTypes"})
"""Attributes whose items are several nodes of one name: left to memory."""
_CONSTANT = frozenset({"state"})
"""Attributes written into the statement as they are, so that their index serves."""
_MOMENT = """to_char(m.last_modified_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
_FLIPPED: dict[str, jex.Operator] = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_LEVELS = 16


class Compiled(NamedTuple):
    """A condition's part in SQL, its parameters, and the part that is left over (None: nothing)."""

    sql: str
    params: dict[str, Any]
    rest: jex.Condition | None


class _LeftOver(Exception):
    """SQL cannot decide this part."""


def compile_condition(condition: jex.Condition | None) -> Compiled:
    """Turn a condition made by ``for_resource`` into SQL about ``managed_object AS m`` and what is left over."""
    if condition is None:
        return Compiled("TRUE", {}, None)
    items = condition.items if isinstance(condition, jex.And) else (condition,)
    writer = _Writer()
    texts: list[str] = []
    rest: list[jex.Condition] = []
    for item in items:
        try:
            texts.append(writer.write(item))
        except _LeftOver:
            rest.append(item)
    left = None if not rest else rest[0] if len(rest) == 1 else jex.And(tuple(rest))
    return Compiled(" AND ".join(texts) or "TRUE", writer.params, left)


class _Writer:
    """Writes conditions, collecting parameters under names of its own."""

    def __init__(self) -> None:
        self.params: dict[str, Any] = {}

    def write(self, condition: jex.Condition) -> str:  # noqa: PLR0911 - one return a kind of node
        match condition:
            case jex.And(items):
                return "(" + " AND ".join(map(self.write, items)) + ")"
            case jex.Or(items):
                return self._one_of(items) or "(" + " OR ".join(map(self.write, items)) + ")"
            case jex.Not(item):
                return f"NOT coalesce({self.write(item)}, FALSE)"
            case jex.Literal(value):
                return "TRUE" if value is True else "FALSE"
            case jex.OfClass(levels, absolute):
                return self._of_class(levels, absolute=absolute)
            case jex.Exists(path):
                return self._exists(path)
            case jex.Compare(operator, left, right):
                if isinstance(left, jex.Literal):
                    operator, left, right = _FLIPPED[operator], right, left
                return self._compare(operator, *_path_and_value(left, right))
            case jex.TextTest(function, whole, part):
                return self._text_test(function, *_path_and_value(whole, part))

    def _bind(self, value: Any) -> str:
        name = f"f{len(self.params)}"
        self.params[name] = value
        return f"%({name})s"

    def _one_of(self, items: tuple[jex.Condition, ...]) -> str | None:
        """Write many ids or plans that one column may be equal to as one array."""
        found: dict[str, list[str]] = {}
        for item in items:
            match item:
                case jex.Compare("=", jex.Path() as path, jex.Literal(str(value))):
                    column = _text_column(path.plain or ())
                    if column is None or "\x00" in value:
                        return None
                    found.setdefault(column, []).append(value)
                case _:
                    return None
        return None if len(found) != 1 else "".join(f"{c} = ANY({self._bind(v)})" for c, v in found.items())

    def _compare(self, operator: jex.Operator, path: jex.Path, value: jex.Scalar) -> str:
        names = _names(path)
        column = _text_column(names)
        if column is not None:
            if not isinstance(value, str):
                return f"({column} IS NOT NULL)" if operator == "!=" else "FALSE"
            text = column if operator in {"=", "!="} else f'{column} COLLATE "C"'
            return f"{text} {'<>' if operator == '!=' else operator} {self._bind(value)}"
        found = self._value(names)
        if operator == "=":
            return f"{found} = {self._bind(Jsonb(value))}"
        if operator == "!=":
            scalar = f"jsonb_typeof({found}) NOT IN ('object', 'array')"
            return f"({scalar} AND {found} <> {self._bind(Jsonb(value))})"
        return self._order(operator, found, value)

    def _order(self, operator: jex.Operator, found: str, value: jex.Scalar) -> str:
        if isinstance(value, str):
            return self._if_string(found, lambda text: f'{text} COLLATE "C" {operator} {self._bind(value)}')
        if isinstance(value, int | float) and not isinstance(value, bool):
            number = f"({found})::numeric {operator} {self._bind(value)}::numeric"
            return f"CASE WHEN jsonb_typeof({found}) = 'number' THEN {number} END"
        return "FALSE"

    def _text_test(self, function: str, path: jex.Path, value: jex.Scalar) -> str:
        names = _names(path)
        column = _text_column(names)
        if not isinstance(value, str):
            return "FALSE"

        def test(text: str) -> str:
            bound = self._bind(value)
            return f"strpos({text}, {bound}) > 0" if function == "contains" else f"starts_with({text}, {bound})"

        return test(column) if column is not None else self._if_string(self._value(names), test)

    def _exists(self, path: jex.Path) -> str:
        if path.plain in {(), ("id",), ("objectClass",), ("objectInstance",)}:
            return "TRUE"
        names = _names(path)
        column = _text_column(names)
        return f"({column if column is not None else self._value(names)} IS NOT NULL)"

    def _value(self, names: tuple[str, ...]) -> str:
        """Give the JSON value at a path; NULL where there is none."""
        if len(names) < 2 or names[0] != "attributes":  # noqa: PLR2004 - 'attributes' and a name
            raise _LeftOver
        if _ARRAYS.intersection(names) or any("\x00" in name for name in names):
            raise _LeftOver
        column = "m.observed" if names[1] in OBSERVED else "m.attributes"
        if names[1:] in {(name,) for name in _CONSTANT}:
            return f"({column} -> '{names[1]}')"
        steps = "".join(f" -> {self._bind(name)}::text" for name in names[1:])
        return f"({column}{steps})"

    def _if_string(self, found: str, test: Callable[[str], str]) -> str:
        text = f"({found} #>> '{{}}')"
        return f"CASE WHEN jsonb_typeof({found}) = 'string' THEN {test(text)} END"

    def _of_class(self, levels: tuple[jex.ClassLevel, ...], *, absolute: bool) -> str:
        if len(levels) > _LEVELS:
            return "FALSE"
        parts = [f"m.depth {'=' if absolute else '>='} {len(levels)}"]
        for above, level in enumerate(reversed(levels)):
            if level.name == "*" and level.id is None:
                continue
            if level.name == "*" or any("\x00" in text for text in (level.name, level.id or "")):
                raise _LeftOver
            if above == 0 and level.id is None:
                parts.append(f"m.class = {self._bind(level.name)}")
                continue
            place = f"split_part(m.path, {self._bind(SEPARATOR)}, m.depth - {above})"
            if level.id is None:
                parts.append(f"starts_with({place}, {self._bind(level.name + '=')})")
            else:
                parts.append(f"{place} = {self._bind(f'{level.name}={level.id}')}")
        return "(" + " AND ".join(parts) + ")"


def _path_and_value(left: jex.Path | jex.Literal, right: jex.Path | jex.Literal) -> tuple[jex.Path, jex.Scalar]:
    if not isinstance(left, jex.Path) or not isinstance(right, jex.Literal):
        raise _LeftOver
    value = right.value
    if (isinstance(value, str) and "\x00" in value) or (isinstance(value, float) and not math.isfinite(value)):
        raise _LeftOver
    return left, value


def _names(path: jex.Path) -> tuple[str, ...]:
    names = path.plain
    if not names:
        raise _LeftOver
    return names


def _text_column(names: tuple[str, ...]) -> str | None:
    """Give the column of what is kept apart from the attributes, always text or NULL."""
    match names:
        case ("id",):
            return "m.name"
        case ("objectClass",):
            return "m.class"
        case ("attributes", "lastPlan"):
            return "m.last_plan"
        case ("attributes", "lastModifiedBy"):
            return f"CASE WHEN {_WITH_META} THEN m.last_modified_by END"
        case ("attributes", "lastModifiedAt"):
            return f"CASE WHEN {_WITH_META} THEN {_MOMENT} END"
        case _:
            return None


_WITH_META = "m.class IN (" + ", ".join(f"'{name}'" for name, kind in sorted(CLASSES.items()) if kind.meta) + ")"
