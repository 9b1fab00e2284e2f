"""Mappings: which column of a file means which field, and what is done to its values.

Written in TOML or sent as JSON of the same shape::

    kind = "site"
    name = "Substations"

    [columns]
    external_id = "id"                                       # a column as it is
    name = { from = "name", transform = "title" }            # changed on the way
    kind = { from = "level", map = { bsp = "bulk_supply_point" }, default = "other" }
    stand_in = { const = false }                             # the same in every row
    cell_key = { join = ["radio", "cell"], with = "-" }      # several columns

    [where]                                                  # other rows are passed over
    mcc = "234"

    [format]                                                 # only where it cannot be told from the file
    encoding = "cp1252"
"""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import msgspec

from tieline.platform.errors import Invalid, Problem
from tieline.utility.inventory.importing.kinds import KINDS
from tieline.utility.inventory.importing.transforms import TRANSFORMS
from tieline.utility.inventory.model import Kind

_MAX_JOINED = 20
_JOINT = 20
ENCODINGS = ("utf-8", "utf-16", "cp1252", "cp1250", "cp850", "iso-8859-1", "iso-8859-15")
_NO_DELIMITER = ('"', "\r", "\n", "\0")
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_Value = str | int | float | bool | None


class Column(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where a field's values come from: a column, several joined, or a constant; and what is done to them.

    ``transform`` is applied first, then ``map``. ``default`` stands for an empty value, and for one that ``map`` does
    not have; without it such a value is refused.
    """

    from_: _Name | None = msgspec.field(default=None, name="from")
    join: Annotated[tuple[_Name, ...], msgspec.Meta(max_length=_MAX_JOINED)] | None = None
    with_: Annotated[str, msgspec.Meta(max_length=_JOINT)] = msgspec.field(default="", name="with")
    transform: str | None = None
    map: dict[str, _Value] | None = None
    default: _Value = None
    const: _Value = None

    @property
    def sources(self) -> tuple[str, ...]:
        """The file's columns that it reads."""
        return self.join or ((self.from_,) if self.from_ else ())


class Format(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What cannot be told from a file by looking at it."""

    encoding: str | None = None
    delimiter: Annotated[str, msgspec.Meta(min_length=1, max_length=1)] | None = None
    sheet: str | None = None


class FileMapping(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A mapping for files of one sort; :func:`checked` says whether it makes sense."""

    kind: Kind
    name: _Name
    columns: dict[str, _Name | Column]
    where: dict[_Name, str | list[str]] = {}
    format: Format = Format()

    def column(self, field: str) -> Column | None:
        """Where a field comes from; None when the mapping leaves it alone."""
        column = self.columns.get(field)
        return Column(from_=column) if isinstance(column, str) else column

    @property
    def sources(self) -> list[str]:
        """All columns of the file that it reads."""
        mapped = [source for field in self.columns for source in _sources(self.column(field))]
        return list(dict.fromkeys([*mapped, *self.where]))


def from_toml(text: str) -> FileMapping:
    """Read a mapping file. Raises ``Invalid``, saying where it is wrong."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"The mapping is not TOML: {error}.") from error
    return from_object(raw)


def from_object(raw: Any) -> FileMapping:
    """Read a mapping from parsed JSON or TOML. Raises ``Invalid``, saying where it is wrong."""
    try:
        mapping = msgspec.convert(raw, FileMapping)
    except msgspec.ValidationError as error:
        raise Invalid("The mapping is not one.", [Problem("mapping", "shape", str(error))]) from error
    return checked(mapping)


def to_object(mapping: FileMapping) -> dict[str, Any]:
    """A mapping as JSON of the shape that :func:`from_object` reads."""
    built: dict[str, Any] = msgspec.to_builtins(mapping)
    return built


def checked(mapping: FileMapping) -> FileMapping:
    """The mapping itself. Raises ``Invalid`` when a field or transform is unknown, or a required field is missing."""
    problems = list(_problems(mapping))
    if problems:
        raise Invalid(f"The mapping {mapping.name} does not fit its kind, {mapping.kind}.", problems)
    return mapping


def _problems(mapping: FileMapping) -> Iterator[Problem]:
    if mapping.kind not in KINDS:
        yield Problem("kind", "choice", f"What can be imported: {', '.join(KINDS)}.")
        return
    specs = {spec.name: spec for spec in KINDS[mapping.kind]}
    for name in mapping.columns:
        if name not in specs:
            yield Problem(name, "field", f"There is no such field; there are {', '.join(specs)}.")
        yield from _column_problems(name, mapping.column(name))
    for name, spec in specs.items():
        if spec.required and name not in mapping.columns:
            yield Problem(name, "required", "The mapping has to say where it comes from.")
    if mapping.format.encoding not in (None, *ENCODINGS):
        yield Problem("format.encoding", "choice", f"One of {', '.join(ENCODINGS)}.")
    if mapping.format.delimiter in _NO_DELIMITER:
        yield Problem("format.delimiter", "choice", "A quotation mark or the end of a line separates no values.")


def _column_problems(name: str, column: Column | None) -> Iterator[Problem]:
    if column is None:
        return
    given = [column.from_ is not None, bool(column.join), column.const is not None]
    if sum(given) != 1:
        yield Problem(name, "source", "It comes from one of: from, join, const.")
    if column.transform is not None and column.transform not in TRANSFORMS:
        yield Problem(name, "transform", f"There is no such transform; there are {', '.join(TRANSFORMS)}.")


def _sources(column: Column | None) -> tuple[str, ...]:
    return column.sources if column else ()


def value_text(value: _Value) -> str:
    """A value given in a mapping, as the text that a file would have."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def texts(values: Mapping[str, _Value]) -> dict[str, str]:
    """The values of a ``map`` as texts."""
    return {key: value_text(value) for key, value in values.items()}
