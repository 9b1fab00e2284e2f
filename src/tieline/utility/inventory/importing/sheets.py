"""Reads a small table of known fields, a delivery note say, with the care of an import and without its mapping.

Columns are found by the fields' names and by what others call them. Everything is bounded: bytes packed and unpacked,
the shape of a workbook, lines, and the problems that are kept.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tieline.platform.errors import Problem
from tieline.utility.inventory.importing.kinds import FieldSpec
from tieline.utility.inventory.importing.mapping import FileMapping
from tieline.utility.inventory.importing.problems import Bad, FileRefused, Problems, listed
from tieline.utility.inventory.importing.readers import Line, Table, open_table
from tieline.utility.inventory.model import Kind

_NOT_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A good row: its line in the file, and its values by field."""

    line: int
    values: Mapping[str, Any]


@dataclass(slots=True)
class Sheet:
    """What a file says: the good rows, and what is wrong with the others."""

    rows: list[SheetRow] = field(default_factory=list)
    read: int = 0
    bad: int = 0
    problems: Sequence[Problem] = ()
    unknown: Sequence[str] = ()


def read_sheet(path: Path, name: str, fields: Sequence[FieldSpec], *, unpacked_megabytes: int, most_rows: int) -> Sheet:
    """Read a file called ``name``. Raises ``FileRefused`` when nothing of it can be taken."""
    aliases = [alias for spec in fields for alias in (spec.name, *spec.known_as)]
    mapping = FileMapping(Kind.DEVICE, "sheet", {alias: alias for alias in aliases})
    table = open_table(path, name, mapping, unpacked_megabytes=unpacked_megabytes)
    try:
        return _read(table, fields, most_rows)
    finally:
        table.close()


def _read(table: Table, fields: Sequence[FieldSpec], most_rows: int) -> Sheet:
    places = _places(table.header, fields, named=table.form == "jsonl")
    problems = Problems()
    used = {place for at in places.values() for place in at}
    sheet = Sheet(unknown=[name for place, name in enumerate(table.header) if place not in used])
    for line in table.lines:
        sheet.read += 1
        if sheet.read > most_rows:
            raise FileRefused(f"The file has more than {most_rows:,} rows.", advice="Send it in parts.")
        values = _convert(line, fields, places, problems)
        if values is None:
            sheet.bad += 1
        else:
            sheet.rows.append(SheetRow(line.number, values))
    sheet.problems = problems.kept
    return sheet


def _convert(
    line: Line, fields: Sequence[FieldSpec], places: Mapping[str, Sequence[int]], problems: Problems
) -> dict[str, Any] | None:
    if line.cells is None:
        problems.add(line.number, "", line.rule, None, line.message)
        return None
    before = problems.count
    values: dict[str, Any] = {}
    for spec in fields:
        raw = next(filter(None, (line.cells[place].strip(" ") for place in places.get(spec.name, ()))), "")
        if not raw:
            if spec.required:
                problems.add(line.number, spec.name, "required", None, "it must not be empty")
            continue
        try:
            values[spec.name] = spec.convert(raw)
        except Bad as bad:
            problems.add(line.number, spec.name, bad.rule, raw, bad.message)
    return values if problems.count == before else None


def _places(header: Sequence[str], fields: Sequence[FieldSpec], *, named: bool) -> dict[str, list[int]]:
    """Which columns each field may stand in: one; any that it is known by where every line names its own (``named``).

    Raises ``FileRefused`` when a required one has none, or one stands there twice.
    """
    plain = [_NOT_WORD.sub("_", name.casefold()).strip("_") for name in header]
    found: dict[str, list[int]] = {}
    for spec in fields:
        names = (spec.name, *spec.known_as)
        matches = ([place for place, name in enumerate(plain) if name == alias] for alias in names)
        columns = [at for at in matches if at]
        if named:
            found[spec.name] = [place for at in columns for place in at]
        elif columns and len(columns[0]) > 1:
            raise FileRefused(f"The file has the column {listed([header[columns[0][0]]])} twice.", advice="Leave one.")
        elif columns:
            found[spec.name] = columns[0]
        elif spec.required:
            raise FileRefused(
                f"The file has no column {spec.name}.",
                advice=f"It has: {listed(header) or 'none'}. Call it one of: {', '.join(names)}.",
            )
    return found
