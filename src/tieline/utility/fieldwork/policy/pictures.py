"""Looks at a picture by its content and keeps of it what makes the picture, and nothing that tells of the phone.

JPEG (ITU-T T.81, JFIF) and PNG (W3C PNG, third edition). What EXIF, XMP, IPTC, maker notes, comments or a second
picture behind the end say (where it was taken, with which phone, by whom) is left out.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from tieline.platform.errors import Invalid, Problem, TooLarge

MOST_OCTETS = 2_000_000
MOST_PIXELS = 50_000_000
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEPT_CHUNKS = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB"})
_KEPT_APPS = frozenset({0xE0, 0xEE})  # JFIF says how it is to be drawn, Adobe which colours it means
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_REFUSED_FRAMES = frozenset(range(0xC0, 0xD0)) - _FRAMES - {0xC4, 0xC8, 0xCC}
_SOI, _EOI, _SOS, _COMMENT, _FIRST_APP, _LAST_APP, _APP0 = 0xD8, 0xD9, 0xDA, 0xFE, 0xE0, 0xEF, 0xE0
_RESTARTS = range(0xD0, 0xD8)
_PNG_HEADER = 13
_LONGEST_APP = 64


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that may be kept: its octets without what tells of the phone."""

    content: bytes
    media_type: str
    width: int
    height: int


def cleaned(content: bytes) -> Picture:
    """The picture that is in the octets.

    Raises ``TooLarge`` beyond two megabytes or fifty million pixels, ``Invalid`` for whatever is no whole JPEG or PNG.
    """
    if len(content) > MOST_OCTETS:
        raise TooLarge("The picture is larger than 2 MB.", advice="Take it with a lower resolution.")
    try:
        if content.startswith(_SIGNATURE):
            picture = _png(content)
        elif content.startswith(b"\xff\xd8\xff"):
            picture = _jpeg(content)
        else:
            raise _wrong("It is neither a JPEG nor a PNG.")
    except (struct.error, IndexError) as error:
        raise _wrong("It ends too early.") from error
    if not picture.width or not picture.height:
        raise _wrong("It has no size.")
    if picture.width * picture.height > MOST_PIXELS:
        raise TooLarge("The picture has more than 50 million pixels.", advice="Take it with a lower resolution.")
    return picture


def _wrong(why: str) -> Invalid:
    return Invalid(
        f"The picture cannot be kept. {why}", [Problem("body", "picture", why)], advice="Take the picture again."
    )


def _png(content: bytes) -> Picture:
    kept, names = [_SIGNATURE], []
    for name, data in _chunks(content):
        names.append(name)
        if name in _KEPT_CHUNKS:
            kept.append(_chunk(name, data))
        elif not name[0] & 0x20:
            raise _wrong("It has a part that nobody knows.")
    header = content[16 : 16 + _PNG_HEADER]
    if names[0] != b"IHDR" or names[-1] != b"IEND" or b"IDAT" not in names or names.count(b"IHDR") != 1:
        raise _wrong("It is not whole.")
    width, height = struct.unpack(">II", header[:8])
    return Picture(b"".join(kept), "image/png", width, height)


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while True:
        (length,) = struct.unpack_from(">I", content, at)
        name, data = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        (told,) = struct.unpack_from(">I", content, at + 8 + length)
        if zlib.crc32(name + data) != told:
            raise _wrong("It was damaged on its way.")
        yield name, data
        at += 12 + length
        if name == b"IEND":
            return


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _jpeg(content: bytes) -> Picture:
    kept, at, size, scanned = [b"\xff\xd8"], 2, (0, 0), False
    while True:
        at, marker = _marker(content, at)
        if marker == _EOI:
            kept.append(b"\xff\xd9")
            break
        (length,) = struct.unpack_from(">H", content, at)
        if length < 2 or at + length > len(content):  # noqa: PLR2004 - the length counts its own two octets
            raise _wrong("It ends too early.")
        segment = content[at : at + length]
        at += length
        if marker in _REFUSED_FRAMES:
            raise _wrong("It is a JPEG of a kind that browsers do not draw.")
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", segment, 3)
            size = (width, height)
        if _kept(marker, segment):
            kept.append(bytes((0xFF, marker)) + segment)
        if marker == _SOS:
            end = _scan_end(content, at)
            kept.append(content[at:end])
            at, scanned = end, True
    if not scanned:
        raise _wrong("It holds no picture.")
    return Picture(b"".join(kept), "image/jpeg", *size)


def _marker(content: bytes, at: int) -> tuple[int, int]:
    """The next marker and where what follows it begins; octets FF may fill the space before it (T.81, B.1.1.2)."""
    if content[at] != 0xFF:  # noqa: PLR2004 - the octet every marker begins with
        raise _wrong("It is damaged.")
    while content[at] == 0xFF:  # noqa: PLR2004
        at += 1
    marker = content[at]
    if marker in {0x00, 0x01, _SOI} or marker in _RESTARTS:
        raise _wrong("It is damaged.")
    return at + 1, marker


def _kept(marker: int, segment: bytes) -> bool:
    if marker == _COMMENT:
        return False
    if _FIRST_APP <= marker <= _LAST_APP:  # a thumbnail in the JFIF segment makes it longer than it needs to be
        return marker in _KEPT_APPS and len(segment) <= _LONGEST_APP and segment[2:7] in {b"JFIF\0", b"Adobe"}
    return True


def _scan_end(content: bytes, at: int) -> int:
    """Where the entropy-coded data of a scan ends: at a marker that is no restart and no stuffed zero."""
    while True:
        at = content.find(b"\xff", at)
        if at < 0:
            raise _wrong("It ends too early.")
        following = content[at + 1]
        if following != 0x00 and following not in _RESTARTS and following != 0xFF:  # noqa: PLR2004
            return at
        at += 1 if following == 0xFF else 2  # noqa: PLR2004
