"""Files: what can be opened, and in which words the rest is refused."""

import gzip
import io
import struct
import zipfile
from contextlib import suppress
from pathlib import Path

import msgspec
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.utility.inventory.importing.mapping import FileMapping, from_object
from tieline.utility.inventory.importing.problems import FileRefused
from tieline.utility.inventory.importing.readers import Line, Table, open_table
from tieline.utility.inventory.importing.suggest import preview, suggest
from tieline.utility.inventory.model import Kind

MEGABYTE = 1_000_000


def mapping(**more: object) -> FileMapping:
    return from_object({"kind": "site", "name": "m", "columns": {"external_id": "id", "name": "name"}, **more})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "upload"


def read(
    path: Path, content: bytes, name: str = "x", limit: int = 10, described: FileMapping | None = None
) -> list[Line]:
    path.write_bytes(content)
    table = open_table(path, name, described or mapping(), unpacked_megabytes=limit)
    try:
        return list(table.lines)
    finally:
        table.close()


def refused(path: Path, content: bytes, name: str = "x", limit: int = 10) -> str:
    with pytest.raises(FileRefused) as caught:
        read(path, content, name, limit)
    return f"{caught.value.detail} {caught.value.advice or ''}"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_csv_as_people_have_it(path: Path, delimiter: str, end: str) -> None:
    text = end.join([delimiter.join(row) for row in (["id", "name"], ["1", "a"], [], ["2", '"b""c"'])]) + end
    lines = read(path, text.encode("utf-8-sig"))
    assert [(line.number, line.cells) for line in lines] == [(2, ["1", "a"]), (4, ["2", 'b"c'])]


def test_values_with_line_breaks_are_numbered_by_their_first_line(path: Path) -> None:
    lines = read(path, b'id,name\n1,"a\nb"\n2,c\n')
    assert [(line.number, line.cells) for line in lines] == [(2, ["1", "a\nb"]), (4, ["2", "c"])]


def test_ragged_lines_are_named(path: Path) -> None:
    lines = read(path, b"id,name\n1\n2,b\n3,c,d\n")
    assert [(line.number, line.rule) for line in lines] == [(2, "columns"), (3, ""), (4, "columns")]


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "x.csv", "empty"),
        (b"\n\n", "x.csv", "no header"),
        ("id,name\n1,ü\n".encode("cp1252"), "x.csv", "0xFC"),
        ("id,name\n".encode("utf-16"), "x.csv", "UTF-16"),
        (b"id,name\n1,\0\n", "x.csv", "zero byte in line 2"),
        (b'id,name\n1,"a\n', "x.csv", "broken from line 2"),
        (b'id,name\n1,"a"b\n', "x.csv", "broken from line 2"),
        (b"id,name\n" + b"x" * 1_100_000, "x.csv", "longer than"),
        (b"id,name\n", "x.csv.gz", "not a gzip"),
        (gzip.compress(b"id,name\n" * 99, mtime=0)[:-9], "x.csv.gz", "cut short"),
        (b",".join(b"c%d" % n for n in range(3000)), "x.csv", "3000 columns"),
        (b"PK\x03\x04garbage", "x.xlsx", "damaged"),
    ],
)
def test_what_cannot_be_read_is_said_plainly(path: Path, content: bytes, name: str, said: str) -> None:
    assert said in refused(path, content, name)


def test_another_encoding_has_to_be_named(path: Path) -> None:
    lines = read(path, "id;name\n1;ü\n".encode("cp1252"), described=mapping(format={"encoding": "cp1252"}))
    assert lines[0].cells == ["1", "ü"]
    lines = read(path, "id;name\n1;ü\n".encode("utf-16"), described=mapping(format={"encoding": "utf-16"}))
    assert lines[0].cells == ["1", "ü"]


def test_a_bomb_is_given_up_early(path: Path) -> None:
    row = b"1," + b"x" * 997 + b"\n"
    bomb = gzip.compress(b"id,name\n" + row * 15_000)
    assert "more than 10 MB" in refused(path, bomb)
    many = gzip.compress(b"id,name\n") + gzip.compress(row * 1000) * 90
    assert "200 times" in refused(path, many, limit=1000)


def sheet(*rows: list[object], **more: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    for row in rows:
        first.append(row)
    for title, table in more.items():
        other = book.create_sheet(title)
        for row in table:
            other.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_workbooks(path: Path) -> None:
    content = sheet(["id", "name"], [1, "a"], [None, None], [2.5, True], [8.9441e18, None])
    lines = read(path, content, "x.xlsx")
    assert [(line.number, line.cells) for line in lines] == [
        (2, ["1", "a"]),
        (4, ["2.5", "true"]),
        (5, ["8.9441e+18", ""]),
    ]
    named = sheet(["no", "thing"], data=[["id", "name"], ["7", "b"]])
    lines = read(path, named, described=mapping(format={"sheet": "data"}))
    assert [line.cells for line in lines] == [["7", "b"]]
    with pytest.raises(FileRefused, match="no sheet"):
        read(path, named, described=mapping(format={"sheet": "other"}))
    assert read(path, gzip.compress(content), "x.xlsx.gz")[0].cells == ["1", "a"]


def test_a_workbook_that_reaches_too_far_is_refused(path: Path) -> None:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first["A1"] = "id"
    first["XFD1048576"] = "x"
    out = io.BytesIO()
    book.save(out)
    assert "16384 columns" in refused(path, out.getvalue(), "x.xlsx")


def repacked(content: bytes, name: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            if item.filename != name:
                new.writestr(item, old.read(item))
        new.writestr(name, data)
    return out.getvalue()


def test_zip_bombs_are_refused_whatever_their_directory_says(path: Path) -> None:
    bomb = repacked(sheet(["id", "name"]), "xl/sharedStrings.xml", b" " * 60 * MEGABYTE)
    assert "10 MB" in refused(path, bomb, "x.xlsx")
    assert "200 times" in refused(path, bomb, "x.xlsx", 1000)
    # The same with sizes that lie: in the central directory and in the local header.
    lying = bomb.replace(struct.pack("<L", 60 * MEGABYTE), struct.pack("<L", 1000))
    assert lying != bomb
    assert "200 times" in refused(path, lying, "x.xlsx", 1000)


def test_an_encrypted_workbook_is_refused(path: Path) -> None:
    content = bytearray(sheet(["id", "name"]))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.index(signature)
        content[start + offset] |= 1
    assert "encrypted" in refused(path, bytes(content), "x.xlsx")


def test_json_lines(path: Path) -> None:
    lines = read(path, b'{"id": 1, "name": "a", "more": []}\n\n{"name": ["x", "y"], "id": null}\nnope\n[1]\n')
    assert [(line.number, line.cells, line.rule) for line in lines] == [
        (1, ["1", "a"], ""),
        (3, ["", "x y"], ""),
        (4, None, "json"),
        (5, None, "json"),
    ]


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), max_size=30)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=20))
def test_json_lines_keep_every_text(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> None:
    path = tmp_path_factory.mktemp("json") / "upload"
    content = b"".join(msgspec.json.encode({"id": first, "name": second}) + b"\n" for first, second in rows)
    assert [tuple(line.cells or ()) for line in read(path, content)] == rows


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "upload"
    with suppress(FileRefused):
        assert all(line.cells is None or len(line.cells) >= 1 for line in read(path, content))


def test_a_preview_suggests_a_mapping(path: Path) -> None:
    path.write_bytes(b"ICCID;Line ID;IMSI;Rate Plan;Colour\n8944;L1;234;p;red\n")
    seen = preview(path, "x.csv", kind=None, encoding=None, unpacked_megabytes=10)
    assert (seen.form, seen.rows) == ("csv", [["8944", "L1", "234", "p", "red"]])
    assert seen.suggestion.kind is Kind.SUBSCRIPTION
    assert seen.suggestion.columns == {
        "operator_ref": "Line ID",
        "iccid": "ICCID",
        "imsi": "IMSI",
        "data_plan": "Rate Plan",
    }
    assert (seen.suggestion.missing, seen.suggestion.unused) == (["operator"], ["Colour"])
    path.write_bytes(b'{"id": 1, "name": "a"}\n{"id": 2, "lat": 5}\n')
    seen = preview(path, "x.jsonl", kind=Kind.SITE, encoding=None, unpacked_megabytes=10)
    assert (seen.form, seen.header) == ("jsonl", ["id", "name", "lat"])
    assert seen.rows == [["1", "a", ""], ["2", "", "5"]]


@given(st.lists(st.text(max_size=20), max_size=12))
def test_suggestions_use_a_column_once(header: list[str]) -> None:
    for kind in (None, Kind.LINK):
        found = suggest(header, kind)
        assert len(set(found.columns.values())) == len(found.columns)
        assert set(found.columns.values()) <= set(header)


def test_a_table_is_closed_by_who_opened_it(path: Path) -> None:
    path.write_bytes(b"id,name\n1,a\n")
    table: Table = open_table(path, "x", mapping(), unpacked_megabytes=1)
    assert table.read() == 12
    table.close()
