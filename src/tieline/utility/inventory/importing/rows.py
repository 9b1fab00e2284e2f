"""Converts the rows of a table to values by a mapping, and says of each bad one what is wrong with it."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from tieline.utility.inventory.importing.kinds import KINDS, FieldSpec
from tieline.utility.inventory.importing.mapping import Column, FileMapping, texts, value_text
from tieline.utility.inventory.importing.problems import Bad, FileRefused, Problems, listed, shown
from tieline.utility.inventory.importing.transforms import TRANSFORMS
from tieline.utility.inventory.model import Kind

Cells = Sequence[str]
Getter = Callable[[Cells], str]


@dataclass(frozen=True, slots=True)
class Known:
    """What rows are checked against while they are read: the operators (code → networks) and regions in scope.

    ``regions`` None: all.
    """

    operators: Mapping[str, Sequence[str]] = field(default_factory=dict)
    regions: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    place: int
    spec: FieldSpec
    get: Getter
    prepare: Callable[[str], str] | None
    default: str


class Rows:
    """Converts rows of one file: made for its header, its mapping and what is known.

    ``mapped`` are the fields that the file gives; the others are left alone. Raises ``FileRefused`` when the file lacks
    a column that a required field comes from, or has a column twice that the mapping reads.
    """

    def __init__(self, mapping: FileMapping, header: Sequence[str], known: Known) -> None:
        self.specs = KINDS[mapping.kind]
        self._mapping = mapping
        self._sources = frozenset(mapping.sources)
        self.problems = Problems()
        self.skipped = 0
        places = {name: place for place, name in enumerate(header)}
        self.unknown = [name for name in places if name not in self._sources]
        self.only(places)
        _refuse_missing(mapping, self.specs, self.missing, header)
        _refuse_doubled(header, self._sources)
        self._steps = [
            _step(place, spec, mapping.column(spec.name) or Column(), places)
            for place, spec in enumerate(self.specs)
            if spec.name in mapping.columns
        ]
        self._filters = [(_getter((name,), "", places), _wanted(value)) for name, value in mapping.where.items()]
        self._rules = _RULES.get(mapping.kind, ())
        self._places = {spec.name: place for place, spec in enumerate(self.specs)}
        self._known = known

    def only(self, found: Collection[str]) -> None:
        """Say which columns the file has: of JSON lines that is known after the last one only.

        A column that a file lacks altogether says nothing of its field, and must not empty it in all that is there.
        """
        self.missing = [name for name in self._mapping.sources if name not in found]
        lacking = frozenset(self.missing)
        self.mapped = [
            spec.name
            for spec in self.specs
            if (column := self._mapping.column(spec.name)) and lacking.isdisjoint(column.sources)
        ]

    def convert(self, line: int, cells: Cells) -> tuple[Any, ...] | None:
        """The row's values in the order of the kind's fields, the line first; None if it is bad or passed over."""
        if any(get(cells) not in wanted for get, wanted in self._filters):
            self.skipped += 1
            return None
        before = self.problems.count
        values: list[Any] = [None] * len(self.specs)
        for step in self._steps:
            values[step.place] = self._value(line, step, cells)
        if self.problems.count == before:
            for rule in self._rules:
                self._apply(rule, line, values)
        if self.problems.count != before:
            self.problems.bad_lines += 1
            return None
        return (line, *values)

    def refuse(self, line: int, rule: str, message: str) -> None:
        """Take note of a line that is no row."""
        self.problems.add(line, "", rule, None, message)
        self.problems.bad_lines += 1

    def _value(self, line: int, step: _Step, cells: Cells) -> Any:
        raw = step.get(cells).strip(" ")
        try:
            ready = step.prepare(raw) if step.prepare and raw else raw
            ready = ready or step.default
            if ready:
                return step.spec.convert(ready)
        except Bad as bad:
            self.problems.add(line, step.spec.name, bad.rule, raw, bad.message)
            return None
        if step.spec.required:
            self.problems.add(line, step.spec.name, "required", None, "it must not be empty")
        return None

    def _apply(self, rule: "Rule", line: int, values: list[Any]) -> None:
        row = {name: values[place] for name, place in self._places.items()}
        try:
            rule.check(row, self._known)
        except Bad as bad:
            value = row[rule.field]
            self.problems.add(line, rule.field, bad.rule, None if value is None else str(value), bad.message)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule about several fields of a row, or about what is known; its problems are named after ``field``."""

    field: str
    check: Callable[[Mapping[str, Any], Known], None]


def _known_operator(row: Mapping[str, Any], known: Known) -> None:
    if row["operator"] not in known.operators:
        raise Bad("unknown_reference", "there is no such operator")


def _own_network(row: Mapping[str, Any], known: Known) -> None:
    plmns = known.operators.get(row["operator"])
    if row["imsi"] and plmns and not row["imsi"].startswith(tuple(plmns)):
        said = ", ".join(f"{plmn[:3]}-{plmn[3:]}" for plmn in plmns)
        raise Bad("plmn", f"the IMSI is not of a network of operator {row['operator']}: {said}")


def _own_region(row: Mapping[str, Any], known: Known) -> None:
    if known.regions is not None and row["region"] not in known.regions:
        raise Bad("scope", "you may import sites of your own regions only")


def _no_loop(row: Mapping[str, Any], _: Known) -> None:
    if row["parent_external_id"] == row["external_id"]:
        raise Bad("loop", "a site does not feed itself")


def _whole_position(row: Mapping[str, Any], _: Known) -> None:
    if (row["lat"] is None) != (row["lon"] is None):
        raise Bad("position", "latitude and longitude come together")


_RULES: Mapping[Kind, tuple[Rule, ...]] = {
    Kind.SITE: (Rule("region", _own_region), Rule("parent_external_id", _no_loop), Rule("lat", _whole_position)),
    Kind.CELL: (Rule("operator", _known_operator), Rule("lat", _whole_position)),
    Kind.SUBSCRIPTION: (Rule("operator", _known_operator), Rule("imsi", _own_network)),
    Kind.ADDRESS_POOL: (Rule("operator", _known_operator),),
}


def _refuse_missing(
    mapping: FileMapping, specs: Sequence[FieldSpec], missing: Sequence[str], header: Sequence[str]
) -> None:
    has = listed(header) or "none"
    if missing and len(missing) == len(mapping.sources):
        raise FileRefused(
            "None of the columns that the mapping reads is in the file.",
            advice=f"The file has: {has}. The mapping {mapping.name} reads: {listed(mapping.sources)}.",
        )
    for spec in specs:
        column = mapping.column(spec.name)
        lacking = [name for name in column.sources if name in missing] if column else []
        if spec.required and lacking and column and column.default is None:
            raise FileRefused(
                f"The file has no column {lacking[0]}, from which {spec.name} comes.", advice=f"It has: {has}."
            )
    for name in mapping.where:
        if name in missing:
            raise FileRefused(
                f"The file has no column {name}, by which the mapping chooses rows.", advice=f"It has: {has}."
            )


def _refuse_doubled(header: Sequence[str], sources: Collection[str]) -> None:
    doubled = [name for name, count in Counter(header).items() if count > 1 and name in sources]
    if doubled:
        raise FileRefused(
            f"The file has the column {shown(doubled[0])} more than once.", advice="Leave one, or rename the other."
        )


def _step(place: int, spec: FieldSpec, column: Column, places: Mapping[str, int]) -> _Step:
    if column.const is not None:
        constant = value_text(column.const)
        return _Step(place, spec, lambda _: constant, None, "")
    return _Step(
        place,
        spec,
        _getter(column.sources, column.with_, places),
        _prepare(column),
        value_text(column.default),
    )


def _getter(sources: Sequence[str], joint: str, places: Mapping[str, int]) -> Getter:
    at = [places[name] for name in sources if name in places]
    if len(at) < len(sources):
        return lambda _: ""
    if len(at) == 1:
        return itemgetter(at[0])

    def joined(cells: Cells) -> str:
        parts = [cells[place] for place in at]
        return joint.join(parts) if all(parts) else ""

    return joined


def _prepare(column: Column) -> Callable[[str], str] | None:
    transform = TRANSFORMS[column.transform] if column.transform else None
    if column.map is None:
        return transform
    known = texts(column.map)
    has_default = column.default is not None
    said = f"the mapping knows only {listed(known)}"

    def prepare(raw: str) -> str:
        raw = transform(raw) if transform else raw
        if raw in known:
            return known[raw]
        if has_default:
            return ""
        raise Bad("choice", said)

    return prepare


def _wanted(value: str | list[str]) -> frozenset[str]:
    return frozenset([value] if isinstance(value, str) else value)
