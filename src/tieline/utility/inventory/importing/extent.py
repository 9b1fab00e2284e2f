"""How far a workbook's sheets reach, seen before anybody lays them out.

A sheet is laid out in memory from its first cell to its last: two cells at opposite corners would take 17 billion, and
the process with them. Cells and rows may say where they stand or just follow one another (ECMA-376 part 1, clauses
18.3.1.4 and 18.3.1.73), so that their places are counted as a reader of the sheet counts them.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NoReturn
from xml.parsers import expat

from tieline.utility.inventory.importing.problems import FileRefused

MARK = b"sheetData"
"""What every sheet has in its XML, and no name can hide: names are in no entity."""
_MAX_CELLS = 50_000_000
_OWN_NAMES = frozenset({"c", "row", "v", "is", "t"})
_PLACE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
_ROW = re.compile(r"[0-9]{1,7}")


class Extent:
    """The outermost row and column of a sheet whose XML is fed piece by piece."""

    def __init__(self) -> None:
        self._row = self._column = 0
        self._rows = self._columns = 0
        self._parser = expat.ParserCreate()
        self._parser.ordered_attributes = True
        self._parser.StartElementHandler = self._start
        self._parser.StartDoctypeDeclHandler = _no_doctype

    def feed(self, piece: bytes, *, last: bool = False) -> None:
        """Look at a further piece. Raises ``FileRefused`` for a sheet too large to lay out, or of broken XML."""
        try:
            self._parser.Parse(piece, last)
        except expat.ExpatError as error:
            raise FileRefused(f"The workbook is damaged (a sheet's XML: {error}).") from error
        if self._columns * self._rows > _MAX_CELLS:
            raise FileRefused(
                f"A sheet of the workbook reaches over {self._columns} columns and {self._rows} rows.",
                advice="Delete the cells far beyond the table, or save it as CSV.",
            )

    def _start(self, name: str, attributes: Sequence[str]) -> None:
        kind = name if name in _OWN_NAMES else _local(name)
        if kind == "c":
            self._begin_cell(_place(attributes))
        elif kind == "row":
            self._begin_row(_place(attributes))

    def _begin_row(self, place: str | None) -> None:
        if place is not None and not _ROW.fullmatch(place):
            raise FileRefused(f"The workbook is damaged (a row numbered {place[:20]!r}).")
        self._row = self._row + 1 if place is None else int(place)
        self._rows = max(self._rows, self._row)
        self._column = 0

    def _begin_cell(self, place: str | None) -> None:
        if place is None:
            self._column += 1
        elif found := _PLACE.fullmatch(place):
            self._column = _column_number(found[1])
            row = int(found[2])
            if row > self._row:
                self._row = row
                self._rows = max(self._rows, row)
        else:
            raise FileRefused(f"The workbook is damaged (a cell at {place[:20]!r}).")
        self._columns = max(self._columns, self._column)


def _place(attributes: Sequence[str]) -> str | None:
    if attributes and attributes[0] == "r":  # as everybody writes it
        return attributes[1]
    return next((value for key, value in zip(attributes[::2], attributes[1::2], strict=True) if key == "r"), None)


@lru_cache(1000)
def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _no_doctype(*_: object) -> NoReturn:
    raise FileRefused("The workbook declares a document type, which no spreadsheet does.")


@lru_cache(20_000)
def _column_number(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
