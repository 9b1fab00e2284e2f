"""Reads a sheet of an XLSX workbook as lines of texts."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any, BinaryIO

from python_calamine import CalamineError, CalamineWorkbook

from tieline.utility.inventory.importing.problems import FileRefused, listed

_EXACT = 2**53


def sheet_rows(file: BinaryIO, sheet: str | None) -> Iterator[tuple[int, list[str]]]:
    """The lines of a sheet that are not empty, with their numbers; the first sheet unless one is named.

    ``file`` has been checked: its archive is whole and within bounds.
    """
    try:
        workbook = CalamineWorkbook.from_filelike(file)
        names = workbook.sheet_names
        if not names or (sheet is not None and sheet not in names):
            raise FileRefused(f"The workbook has no sheet {sheet or ''}.", advice=f"It has: {listed(names)}.")
        opened = workbook.get_sheet_by_name(sheet or names[0])
    except CalamineError as error:
        raise FileRefused(f"The workbook cannot be read: {error}.") from error
    first = opened.start[0] if opened.start else 0
    return _rows(opened.iter_rows(), first + 1)


def _rows(rows: Iterator[list[Any]], first: int) -> Iterator[tuple[int, list[str]]]:
    for number in count(first):
        try:
            row = next(rows, None)
        except (OverflowError, ValueError) as error:
            raise FileRefused(f"Line {number} of the workbook has a date or duration that is none.") from error
        if row is None:
            return
        texts = [cell_text(cell) for cell in row]
        if any(texts):
            yield number, texts


def cell_text(cell: Any) -> str:
    """A cell as text. A number beyond 2^53 has lost digits in the spreadsheet and is shown as it was kept: 8.9E+18."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < _EXACT else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell) if isinstance(cell, int | timedelta) else ""
