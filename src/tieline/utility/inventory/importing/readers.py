"""Opens CSV, JSON lines and XLSX as what they have in common: a header, and lines of texts.

What a file is shows in its first bytes. Its delimiter is the one with which the mapping's columns are found. Its
encoding is UTF-8 unless the mapping says otherwise: a wrong guess would quietly spoil names, so none is made.
"""

import codecs
import csv
import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from tieline.utility.inventory.importing.mapping import FileMapping
from tieline.utility.inventory.importing.problems import FileRefused
from tieline.utility.inventory.importing.unpack import ZIP_MAGIC, check_zip, open_bounded
from tieline.utility.inventory.importing.workbook import sheet_rows

DELIMITERS = (",", ";", "\t", "|")
_MAX_LINE = 1_000_000
_MAX_COLUMNS = 2000
_FIRST = 64
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_MEGABYTE = 1_000_000
_MAX_WORKBOOK = 250 * _MEGABYTE
"""A workbook is held in memory as a whole, several times its unpacked size."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table; without cells when it is none, and then ``rule`` and ``message`` say why."""

    number: int
    cells: Sequence[str] | None
    rule: str = ""
    message: str = ""


@dataclass(slots=True)
class Table:
    """A file as a table.

    ``lines`` may be gone through once; ``read`` says how many bytes of the file that took so far, before it is closed.
    ``found`` are the columns seen so far; ``extra`` collects names beyond the header, where lines have names of their
    own.
    """

    form: str
    header: Sequence[str]
    lines: Iterator[Line]
    read: Callable[[], int]
    close: Callable[[], None]
    found: set[str] = field(default_factory=set)
    extra: dict[str, None] = field(default_factory=dict)


def open_table(path: Path, name: str, mapping: FileMapping, *, unpacked_megabytes: int) -> Table:
    """Open a file, called ``name``, by what is in it. Raises ``FileRefused``, and so does going through its lines."""
    limit = unpacked_megabytes * _MEGABYTE
    stream, read = open_bounded(path, name, limit)
    try:
        first = _first_bytes(stream)
        if first.startswith(ZIP_MAGIC):
            rows = _workbook(stream, path.stat().st_size, min(limit, _MAX_WORKBOOK), mapping)
            return _csv_like("xlsx", rows, read, stream.close)
        text = _texts(stream, first, mapping.format.encoding)
        if first.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{"):
            return _json_lines(text, mapping, read, stream.close)
        rows = _csv(text, mapping)
        return _csv_like("csv", rows, read, stream.close)
    except BaseException:
        stream.close()
        raise


def _first_bytes(stream: io.BufferedReader) -> bytes:
    first = stream.peek(_FIRST)[:_FIRST]
    if not first:
        raise FileRefused("The file is empty.")
    return first


def _texts(stream: BinaryIO, first: bytes, encoding: str | None) -> Iterator[tuple[int, str]]:
    if encoding is None:
        if first.startswith(_WIDE):
            raise FileRefused(
                "The file is in UTF-16, as spreadsheets save 'Unicode text'.",
                advice='Save it as CSV UTF-8, or set format.encoding = "utf-16" in the mapping.',
            )
        encoding = "utf-8"
    codec = "utf-8-sig" if encoding == "utf-8" else encoding
    return _lines(io.TextIOWrapper(stream, codec, errors="strict", newline=""), encoding)


def _lines(text: io.TextIOWrapper, encoding: str) -> Iterator[tuple[int, str]]:
    number = 0
    while True:
        number += 1
        try:
            line = text.readline(_MAX_LINE)
        except UnicodeError as error:
            # Not every codec says which byte it was: UTF-16 without a byte order mark is none of them.
            said = f"byte 0x{error.object[error.start]:02X}" if isinstance(error, UnicodeDecodeError) else str(error)
            raise FileRefused(
                f"The file is not {encoding.upper()}: {said}, within 8 kB behind line {number - 1}.",
                advice='Save it as CSV UTF-8, or name its encoding in the mapping (format.encoding = "cp1252").',
            ) from error
        if not line:
            return
        if "\0" in line:
            raise FileRefused(f"The file has a zero byte in line {number}: it is not a text file.")
        if len(line) == _MAX_LINE and not line.endswith(("\n", "\r")):
            raise FileRefused(f"Line {number} is longer than {_MAX_LINE} characters.")
        yield number, line


def _csv(lines: Iterator[tuple[int, str]], mapping: FileMapping) -> Iterator[tuple[int, list[str]]]:
    number, first = next(lines, (0, ""))
    delimiter = mapping.format.delimiter or _delimiter(first, mapping.sources)
    last = number

    def feed() -> Iterator[str]:  # csv asks for several lines where a value has line breaks
        nonlocal last
        yield first
        for current, line in lines:
            last = current
            yield line

    reader = csv.reader(feed(), delimiter=delimiter, strict=True)
    start = number
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise FileRefused(f"The CSV file is broken from line {start} on: {error}.") from error
        if row:
            yield start, row
        start = last + 1


def _delimiter(first: str, wanted: Sequence[str]) -> str:
    def fits(delimiter: str) -> tuple[int, int]:
        try:
            names = [name.strip() for name in next(csv.reader([first], delimiter=delimiter), [])]
        except csv.Error:  # a name longer than csv takes: said of the delimiter that fits best, if all are so
            return 0, 0
        return len(set(wanted) & set(names)), len(names)

    return max(DELIMITERS, key=fits)


def _csv_like(
    form: str, rows: Iterator[tuple[int, list[str]]], read: Callable[[], int], close: Callable[[], None]
) -> Table:
    _, names = next(rows, (0, []))
    header = [name.strip() for name in names]
    if not any(header):
        raise FileRefused("The file has no header line.")
    if len(header) > _MAX_COLUMNS:
        raise FileRefused(f"The file has {len(header)} columns; {_MAX_COLUMNS} are taken at most.")
    return Table(form, header, _as_wide(rows, len(header)), read, close, set(header))


def _as_wide(rows: Iterator[tuple[int, list[str]]], width: int) -> Iterator[Line]:
    for number, row in rows:
        if len(row) == width:
            yield Line(number, row)
        else:
            yield Line(number, None, "columns", f"the header has {width} columns, this line {len(row)}")


def _json_lines(
    lines: Iterator[tuple[int, str]], mapping: FileMapping, read: Callable[[], int], close: Callable[[], None]
) -> Table:
    wanted = mapping.sources
    table = Table("jsonl", wanted, iter(()), read, close)
    places = frozenset(wanted)

    def parsed() -> Iterator[Line]:
        for number, line in lines:
            if not line.strip():
                continue
            try:
                found = msgspec.json.decode(line)
                if not isinstance(found, dict):
                    yield Line(number, None, "json", "the line is not a JSON object")
                    continue
                cells = [json_text(found.get(name)) for name in wanted]
            except (msgspec.DecodeError, RecursionError) as error:
                yield Line(number, None, "json", f"the line is not JSON: {error}")
                continue
            if len(table.found) < len(places):
                table.found.update(places.intersection(found))
            if len(table.extra) < _MAX_COLUMNS:
                new = islice((name for name in found if name not in places), _MAX_COLUMNS)
                table.extra.update(dict.fromkeys(new))
            yield Line(number, cells)

    table.lines = parsed()
    return table


def json_text(value: Any) -> str:
    """A JSON value as the text that a CSV file would have: lists separated by blanks, null as nothing."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return " ".join(map(json_text, value))
    return msgspec.json.encode(value).decode()


def _workbook(stream: BinaryIO, packed: int, limit: int, mapping: FileMapping) -> Iterator[tuple[int, list[str]]]:
    with tempfile.TemporaryFile() as file:
        while chunk := stream.read(1 << 20):
            file.write(chunk)
        file.seek(0)
        check_zip(file, packed, limit)
        return sheet_rows(file, mapping.format.sheet)
