"""Pictures: a JPEG put together by hand keeps what draws it and loses what tells of the phone; others are refused."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.platform.errors import Invalid, TielineError
from tieline.utility.fieldwork.policy.pictures import cleaned


def segment(marker: int, data: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data


JFIF = segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
EXIF = segment(0xE1, b"Exif\0\0MM\0*GPS 52.1 N")
COMMENT = segment(0xFE, b"made by a phone")
IPTC = segment(0xED, b"Photoshop 3.0\0author")
FRAME = segment(0xC0, struct.pack(">BHHB", 8, 3, 4, 1) + b"\1\x11\0")
TABLES = segment(0xDB, b"\0" + bytes(64)) + segment(0xC4, b"\0" + bytes(16))
SCAN = segment(0xDA, b"\1\1\0\0\x3f\0") + b"\x12\xff\x00\x34\xff\xd0\x56"
START, END = b"\xff\xd8", b"\xff\xd9"
WHOLE = START + JFIF + EXIF + IPTC + COMMENT + FRAME + TABLES + SCAN + END


def test_a_jpeg_keeps_what_draws_it_alone() -> None:
    picture = cleaned(WHOLE + b"\xff\xd8 a second picture with its own EXIF")
    assert picture.content == START + JFIF + FRAME + TABLES + SCAN + END
    assert (picture.media_type, picture.width, picture.height) == ("image/jpeg", 4, 3)


def test_a_jpeg_in_several_scans_stays_whole() -> None:
    progressive = START + FRAME.replace(b"\xff\xc0", b"\xff\xc2") + TABLES + SCAN + EXIF + SCAN + END
    assert cleaned(progressive).content == progressive.replace(EXIF, b"")


@pytest.mark.parametrize(
    "content",
    [
        WHOLE[:-2],
        START + JFIF + FRAME + END,
        START + JFIF + b"\x00" + FRAME + SCAN + END,
        START + FRAME.replace(b"\xff\xc0", b"\xff\xc3") + SCAN + END,
        START + segment(0xC0, struct.pack(">BHHB", 8, 0, 4, 1) + b"\1\x11\0") + SCAN + END,
        START + b"\xff\xe1\x00\x01" + FRAME + SCAN + END,
        START + b"\xff\xe1\xff\xff" + FRAME + SCAN + END,
        b"%PDF-1.7",
    ],
)
def test_what_is_not_whole_or_of_another_kind_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid):
        cleaned(content)


@given(st.binary(max_size=200), st.sampled_from([b"", START + b"\xff", b"\x89PNG\r\n\x1a\n", WHOLE[:60]]))
def test_no_octets_do_harm(tail: bytes, head: bytes) -> None:
    try:
        picture = cleaned(head + tail)
    except TielineError:
        return
    assert cleaned(picture.content) == picture


@given(st.data())
def test_a_picture_with_octets_changed_is_a_picture_or_refused(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(WHOLE) - 1))
    content = WHOLE[:at] + data.draw(st.binary(min_size=1, max_size=3)) + WHOLE[at + 1 :]
    try:
        picture = cleaned(content)
    except TielineError:
        return
    assert cleaned(picture.content) == picture
