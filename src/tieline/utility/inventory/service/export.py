"""Exports: the whole of a list, as it goes."""

import asyncio
import csv
import io
import re
import tempfile
from collections.abc import AsyncIterator, Sequence
from enum import StrEnum
from typing import Any

import msgspec
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from tieline.platform.db import Database, Tx
from tieline.platform.errors import TooLarge
from tieline.platform.scope import Permission, Scope
from tieline.utility.inventory.model import FleetFilter, Kind
from tieline.utility.inventory.policy.export import cell, csv_row
from tieline.utility.inventory.store import imports, lists

_SHEET_ROWS = 100_000
"""A sheet could hold a million rows; writing so many takes minutes, and memory that others need."""
_CHUNK = 1 << 16
_XML_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
Pieces = AsyncIterator[tuple[Sequence[str], Sequence[Sequence[Any]]]]


class ExportForm(StrEnum):
    """In which form a list leaves."""

    CSV = "csv"
    XLSX = "xlsx"
    JSONL = "jsonl"

    @property
    def media_type(self) -> str:
        """What HTTP calls it."""
        return _MEDIA_TYPES[self]


_MEDIA_TYPES = {
    ExportForm.CSV: "text/csv; charset=utf-8",
    ExportForm.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ExportForm.JSONL: "application/x-ndjson",
}


async def export(db: Database, scope: Scope, kind: Kind, wanted: FleetFilter, form: ExportForm) -> AsyncIterator[bytes]:
    """All things of a kind that fit within the scope, in pieces of a file, as of one moment.

    Opens a snapshot of its own, since it lasts as long as the client reads. Texts that a spreadsheet would run as a
    formula are made harmless in CSV; XLSX says of each text that it is one; JSON lines have them as they are. Raises
    ``TooLarge`` for more rows than are put into a sheet.
    """
    scope.require(Permission.INVENTORY_READ)
    async with db.snapshot() as tx:
        pieces = lists.stream(tx, scope, kind, wanted)
        if form is ExportForm.XLSX and await lists.count(tx, scope, kind, wanted) > _SHEET_ROWS:
            raise TooLarge(
                f"At most {_SHEET_ROWS} rows are put into a sheet.", advice="Export as CSV, or narrow the filter."
            )
        async for piece in _FORMS[form](pieces):
            yield piece


async def report(tx: Tx, identity: int) -> AsyncIterator[bytes]:
    """The problems of an import as a CSV file."""
    async for piece in _csv(_problems(tx, identity)):
        yield piece


_REPORT = ("line", "field", "rule", "value", "message")


async def _problems(tx: Tx, identity: int) -> Pieces:
    after = 0
    while rows := await imports.problems(tx, identity, after=after, limit=5000):
        yield _REPORT, [[row[name] for name in _REPORT] for row in rows]
        after = rows[-1]["id"]
    yield _REPORT, []


# What takes time is done in threads, so that a large export does not hold up other requests.


async def _csv(pieces: Pieces) -> AsyncIterator[bytes]:
    first = True
    async for names, rows in pieces:
        yield await asyncio.to_thread(_csv_lines, [names, *rows] if first else rows)
        first = False


def _csv_lines(rows: Sequence[Sequence[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(map(csv_row, rows))
    return out.getvalue().encode()


async def _json_lines(pieces: Pieces) -> AsyncIterator[bytes]:
    encoder = msgspec.json.Encoder()
    async for names, rows in pieces:
        yield encoder.encode_lines([dict(zip(names, row, strict=True)) for row in rows])


async def _xlsx(pieces: Pieces) -> AsyncIterator[bytes]:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("export")
    first = True
    async for names, rows in pieces:
        await asyncio.to_thread(_append, sheet, [names, *rows] if first else rows)
        first = False
    with tempfile.TemporaryFile() as file:
        await asyncio.to_thread(book.save, file)
        file.seek(0)
        while chunk := file.read(_CHUNK):
            yield chunk


def _append(sheet: Any, rows: Sequence[Sequence[Any]]) -> None:
    for row in rows:
        sheet.append([_sheet_cell(sheet, value) for value in map(cell, row)])


def _sheet_cell(sheet: Any, value: Any) -> Any:
    """Texts are marked as such: openpyxl takes those that begin with = for formulas otherwise."""
    if not isinstance(value, str):
        return value
    made = WriteOnlyCell(sheet, _XML_FORBIDDEN.sub("\ufffd", value))
    made.data_type = "s"
    return made


_FORMS = {ExportForm.CSV: _csv, ExportForm.JSONL: _json_lines, ExportForm.XLSX: _xlsx}
