"""Opens uploaded files within bounds: unpacks gzip, and looks into zip archives before anybody else does.

A small file can unpack to an enormous one. What is unpacked is counted as it comes, and given up when it is too much.
"""

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import BinaryIO, Protocol

from tieline.utility.inventory.importing.extent import MARK, Extent
from tieline.utility.inventory.importing.problems import FileRefused

GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGIC = b"PK\x03\x04"
_MEGABYTE = 1_000_000
_CHUNK = 1 << 20
_RATIO = 200
_RATIO_COUNTS_FROM = 50 * _MEGABYTE
"""Beyond this size a file that unpacked to more than _RATIO times its own size is a bomb: tables pack to 3 to 30 %."""
_MAX_MEMBERS = 2000
_ENTRY = b"PK\x01\x02"
"""Begins each entry of an archive's directory (APPNOTE 4.3.12)."""
_ENCRYPTED = 0x1
_NAME_LENGTHS = 26
"""Where a local file header says how long its name and its extra field are (APPNOTE 4.3.7)."""


class _Source(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Bounded(io.RawIOBase):
    """A stream that is read to the end of its bounds and no further."""

    def __init__(self, source: _Source, file: BinaryIO, limit: int, packed: int) -> None:
        self._source = source
        self._file = file
        self._limit = limit
        self._packed = packed
        self._count = 0

    def close(self) -> None:
        """Close the file behind it."""
        self._file.close()
        super().close()

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        """Read some bytes. Raises ``FileRefused`` beyond the bounds, or when they cannot be unpacked."""
        try:
            chunk = self._source.read(min(len(buffer), _CHUNK))
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise FileRefused(f"The gzip file is damaged or cut short ({error}).") from error
        self._count += len(chunk)
        check_size(self._count, self._packed, self._limit)
        buffer[: len(chunk)] = chunk
        return len(chunk)


def check_size(unpacked: int, packed: int, limit: int) -> None:
    """Raise ``FileRefused`` when so much was unpacked from so little, or more than the limit."""
    if unpacked > limit:
        raise FileRefused(f"The file unpacks to more than {limit // _MEGABYTE} MB.", advice="Import it in parts.")
    if unpacked > _RATIO_COUNTS_FROM and unpacked > packed * _RATIO:
        raise FileRefused(f"The file unpacks to more than {_RATIO} times its size: that is no table.")


def open_bounded(path: Path, name: str, limit: int) -> tuple[io.BufferedReader, Callable[[], int]]:
    """Open a file, unpacking it if it is gzip; returns the stream, and what says how much of the file was read.

    ``name`` is what the file was called by whoever sent it.
    """
    packed = path.stat().st_size
    raw = path.open("rb")
    is_gzip = raw.read(2) == GZIP_MAGIC
    raw.seek(0)
    if name.lower().endswith((".gz", ".gzip")) and not is_gzip:
        raw.close()
        raise FileRefused("The file is called .gz, but it is not a gzip file.")
    source: _Source = gzip.GzipFile(fileobj=raw) if is_gzip else raw
    bounded = Bounded(source, raw, limit, packed)
    # Whoever reads to the end may have closed it by then.
    return io.BufferedReader(bounded, _CHUNK), lambda: packed if raw.closed else raw.tell()


def check_zip(file: BinaryIO, packed: int, limit: int) -> None:
    """Raise ``FileRefused`` for an archive that is no XLSX workbook, damaged, encrypted, or beyond the bounds.

    The directory's sizes are added up first; then every member is unpacked and counted, since a directory can lie.
    """
    _check_entries(file)
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            _check_names({member.filename.lower() for member in members})
            check_size(sum(member.file_size for member in members), packed, limit)
            if any(member.flag_bits & _ENCRYPTED for member in members):
                raise FileRefused("The workbook is encrypted.", advice="Save it without a password.")
            total = 0
            for member in members:
                total += _unpacked_size(file, archive, member, limit - total)
                check_size(total, packed, limit)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError) as error:
        raise FileRefused(f"The workbook is damaged ({error}).") from error
    file.seek(0)


def _check_entries(file: BinaryIO) -> None:
    """Count the entries of the directory before it is read: a million of them would take a gigabyte of memory."""
    count, kept = 0, b""
    while chunk := file.read(_CHUNK):
        text = kept + chunk
        count += text.count(_ENTRY)
        kept = text[1 - len(_ENTRY) :]
    if count > _MAX_MEMBERS:
        raise FileRefused(f"The archive has {count} files; a workbook has a few.")
    file.seek(0)


def _check_names(names: AbstractSet[str]) -> None:
    """Other spreadsheets in a zip archive could be read as well, but nobody has bounded how far they reach."""
    if "xl/workbook.xml" not in names or names & {"content.xml", "xl/workbook.bin"}:
        raise FileRefused("The archive is no XLSX workbook.", advice="Save it as XLSX or CSV.")


def _unpacked_size(file: BinaryIO, archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int) -> int:
    """Unpack a member from its own bytes, whatever sizes are claimed; gives up shortly beyond the limit.

    Raises ``FileRefused`` for a sheet that is too large to lay out.
    """
    size, kept, is_sheet = 0, b"", False
    for piece in _pieces(file, archive, member):
        size += len(piece)
        if size > limit:
            return size
        text = kept + piece
        is_sheet = is_sheet or MARK in text
        kept = text[1 - len(MARK) :]
    if is_sheet:
        extent = Extent()
        for piece in _pieces(file, archive, member):
            extent.feed(piece)
        extent.feed(b"", last=True)
    return size


def _pieces(file: BinaryIO, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(member) as opened:  # checks the member's local header
        opened.read(0)
    file.seek(member.header_offset + _NAME_LENGTHS)
    lengths = file.read(4)
    file.seek(int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little"), io.SEEK_CUR)
    return _inflated(file) if member.compress_type == zipfile.ZIP_DEFLATED else _stored(file, member)


def _inflated(file: BinaryIO) -> Iterator[bytes]:
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    pending = file.read(_CHUNK)
    while pending and not inflate.eof:
        yield inflate.decompress(pending, _CHUNK)
        pending = inflate.unconsumed_tail or file.read(_CHUNK)


def _stored(file: BinaryIO, member: zipfile.ZipInfo) -> Iterator[bytes]:
    if member.compress_type != zipfile.ZIP_STORED:
        raise FileRefused("The workbook is packed in an unusual way.")
    left = member.compress_size
    while left > 0 and (piece := file.read(min(left, _CHUNK))):
        left -= len(piece)
        yield piece
