"""Files made to do harm: bombs, documents that reach outside, bytes that are not what they are called."""

import io
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tieline.platform.errors import Invalid
from tieline.utility.inventory.importing.extent import Extent
from tieline.utility.inventory.importing.mapping import FileMapping, from_object
from tieline.utility.inventory.importing.problems import FileRefused
from tieline.utility.inventory.importing.readers import Line, open_table
from tieline.utility.inventory.importing.suggest import preview

SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def mapping(**more: object) -> FileMapping:
    return from_object({"kind": "site", "name": "m", "columns": {"external_id": "id", "name": "name"}, **more})


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., list[Line]]:
    def lines(content: bytes, described: FileMapping | None = None) -> list[Line]:
        path = tmp_path / "upload"
        path.write_bytes(content)
        table = open_table(path, "x", described or mapping(), unpacked_megabytes=100)
        try:
            return list(table.lines)
        finally:
            table.close()

    return lines


@pytest.fixture
def refused(read: Callable[..., list[Line]]) -> Callable[..., str]:
    def said(content: bytes, described: FileMapping | None = None) -> str:
        with pytest.raises(FileRefused) as caught:
            read(content, described)
        return f"{caught.value.detail} {caught.value.advice or ''}"

    return said


def workbook(*rows: list[Any], **parts: bytes | str) -> bytes:
    """A workbook with some of its parts replaced: ``sheet`` or ``strings``."""
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows or (["id", "name"], ["1", "a"]):
        book.active.append(row)
    made = io.BytesIO()
    book.save(made)
    names = {"sheet": SHEET, "strings": STRINGS}
    return repacked(made.getvalue(), {names[part]: text for part, text in parts.items()})


def repacked(content: bytes, parts: dict[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            if item.filename not in parts:
                new.writestr(item, old.read(item))
        for name, text in parts.items():
            new.writestr(name, text)
    return out.getvalue()


PLAIN = workbook()


def sheet(rows: str, *, before: str = "") -> str:
    return f'<?xml version="1.0"?>{before}<worksheet xmlns="{SPREADSHEET}"><sheetData>{rows}</sheetData></worksheet>'


def cell(text: str, place: str = "") -> str:
    return f'<c{place} t="inlineStr"><is><t>{text}</t></is></c>'


HEADER = f'<row r="1">{cell("id")}{cell("name")}</row>'


@pytest.mark.parametrize(
    "rows",
    [
        # Cells that do not say where they stand, over a row that does: 17 billion places in a few kilobytes.
        f'<row r="1">{cell("x") * 16_384}</row><row r="1048576">{cell("1")}</row>',
        f'<row r="1">{cell("x") * 300}</row><row r="1048576">{cell("1")}</row>',
        # A place that is torn apart wherever the file is read in pieces, or written with a character reference.
        HEADER + f'<row r="2"><c r{" " * (1 << 20)}="XFD1048576"><v>1</v></c></row>',
        HEADER + '<row r="2"><c r="&#88;FD1048576"><v>1</v></c></row>',
        f'<x:row xmlns:x="{SPREADSHEET}" r="1048576"><x:c r="XFD1048576"><x:v>1</x:v></x:c></x:row>',
    ],
    ids=["unplaced", "narrower", "torn", "written otherwise", "prefixed"],
)
def test_a_sheet_that_reaches_too_far_is_refused_before_it_is_laid_out(refused: Callable[..., str], rows: str) -> None:
    assert "1048576 rows" in refused(workbook(sheet=sheet(rows)))


@pytest.mark.parametrize(
    ("row", "place"), [("r='x'", ""), ("r='99999999'", ""), ("", " r='7'"), ("", " r='AAAA1'"), ("", " r=''")]
)
def test_a_place_that_is_none_is_damage(refused: Callable[..., str], row: str, place: str) -> None:
    assert "damaged" in refused(workbook(sheet=sheet(HEADER + f"<row {row}>{cell('1')}{cell('a', place)}</row>")))


@pytest.mark.parametrize("place", ["", " r='B2'", " r='b2'"])
def test_cells_need_not_say_where_they_stand(read: Callable[..., list[Line]], place: str) -> None:
    lines = read(workbook(sheet=sheet(HEADER + f"<row>{cell('1')}{cell('a', place)}</row>")))
    assert [(line.number, line.cells) for line in lines] == [(2, ["1", "a"])]


def fed(text: bytes, piece: int) -> None:
    extent = Extent()
    for start in range(0, len(text), piece):
        extent.feed(text[start : start + piece])


@given(st.integers(1, 400))
def test_an_extent_does_not_depend_on_how_the_file_is_cut(piece: int) -> None:
    text = sheet('<row r="1"><c r="BA1"/><c/></row><row r="925925"/><row><c/></row>').encode()
    # BA is the 53rd column; one more, of each, makes it 50,000,004 places: just too many.
    with pytest.raises(FileRefused, match="54 columns and 925926 rows"):
        fed(text, piece)


def test_entities_reach_no_file_and_multiply_nothing(refused: Callable[..., str], tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret", encoding="utf-8")
    outside = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{escape(secret.as_uri())}">]>'
    rows = HEADER + f'<row r="2">{cell("1")}{cell("&e;")}</row>'
    assert "document type" in refused(workbook(sheet=sheet(rows, before=outside)))
    laughs = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9))
    billion = f'<!DOCTYPE x [<!ENTITY e0 "ha">{laughs}<!ENTITY e "&e8;">]>'
    assert "document type" in refused(workbook(sheet=sheet(rows, before=billion)))
    for declared in (outside, billion):
        strings = f'<?xml version="1.0"?>{declared}<sst xmlns="{SPREADSHEET}"><si><t>&e;</t></si></sst>'
        assert "cannot be read" in refused(workbook(strings=strings))


def test_a_formula_is_not_run(read: Callable[..., list[Line]]) -> None:
    lines = read(workbook(["id", "name"], ["1", "=1+1"], ["2", '=HYPERLINK("http://example.org","x")'], ["3", "=cmd"]))
    assert [line.cells for line in lines] == [["1", ""], ["2", ""], ["3", ""]]


def test_a_workbook_is_xlsx_only(refused: Callable[..., str]) -> None:
    opened = io.BytesIO()
    with zipfile.ZipFile(opened, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", '<table:table-cell table:number-columns-repeated="16000"/>')
    assert "no XLSX" in refused(opened.getvalue())
    assert "no XLSX" in refused(repacked(workbook(), {"xl/Workbook.BIN": b"x"}))


def test_an_archive_of_countless_files_is_refused_before_its_directory_is_read(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for n in range(2001):
            archive.writestr(str(n), b"")
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("the directory was read"))
    assert "2001 files" in refused(made.getvalue())


def test_a_duration_beyond_all_time_names_its_line(refused: Callable[..., str]) -> None:
    styled = workbook(["id", "name"], [timedelta(hours=1), "a"])
    with zipfile.ZipFile(io.BytesIO(styled)) as archive:
        text = archive.read(SHEET)
    start = text.index(b"<v>", text.index(b'r="A2"'))
    endless = text[:start] + b"<v>1e300" + text[text.index(b"</v>", start) :]
    assert "Line 2" in refused(repacked(styled, {SHEET: endless}))


@given(st.data())
@settings(max_examples=60)
def test_a_damaged_workbook_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    content = bytearray(PLAIN)
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=6)):
        content[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / "upload"
    path.write_bytes(content)
    with suppress(FileRefused):
        table = open_table(path, "x.xlsx", mapping(), unpacked_megabytes=10)
        assert all(line.number >= 1 for line in table.lines)


@pytest.mark.parametrize(
    ("content", "form", "said"),
    [
        (b"id,name\n1,a\n", {"encoding": "utf-16"}, "not UTF-16"),
        ("id,name\n1,a".encode("utf-16") + b"\n", {"encoding": "utf-16"}, "not UTF-16"),
        (b"id,name\n1,\x81\n", {"encoding": "cp1252"}, "not CP1252: byte 0x81"),
        (b"x" * 200_000 + b"\n", {}, "broken from line 1"),
        (b"id;" + b"x" * 200_000 + b"\n", {}, "broken from line 1"),
        (b'id,"name\n' + b"1,a\n" * 50_000, {}, "broken from line 1"),
    ],
)
def test_bytes_that_are_not_what_they_are_called(
    refused: Callable[..., str], content: bytes, form: dict[str, str], said: str
) -> None:
    assert said in refused(content, mapping(format=form))


@pytest.mark.parametrize("depth", [10, 900, 3000, 100_000])
def test_json_nested_without_end_is_one_bad_line(read: Callable[..., list[Line]], depth: int) -> None:
    lines = read(b'{"id": ' + b"[" * depth + b"]" * depth + b', "name": "a"}\n{"id": 2, "name": "b"}\n')
    assert [line.rule for line in lines] == ["json" if depth > 100 else "", ""]
    assert lines[1].cells == ["2", "b"]


@pytest.mark.parametrize("encoding", ["nonsense", "rot13", "idna", "unicode_escape", "utf-8\0"])
def test_a_preview_takes_the_encodings_that_an_import_takes(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "upload"
    path.write_bytes(b"id,name\n1,a\n")
    with pytest.raises(Invalid, match="no encoding"):
        preview(path, "x.csv", kind=None, encoding=encoding, unpacked_megabytes=1)


@pytest.mark.parametrize("delimiter", ['"', "\n", "\r", "\0"])
def test_some_characters_separate_nothing(delimiter: str) -> None:
    with pytest.raises(Invalid) as caught:
        mapping(format={"delimiter": delimiter})
    assert [problem.field for problem in caught.value.problems] == ["format.delimiter"]


def test_a_join_is_bounded() -> None:
    for joined in ({"join": ["id"] * 21}, {"join": ["id", "name"], "with": "-" * 21}):
        with pytest.raises(Invalid) as caught:
            from_object({"kind": "site", "name": "m", "columns": {"external_id": joined, "name": "name"}})
        assert [problem.rule for problem in caught.value.problems] == ["shape"]
