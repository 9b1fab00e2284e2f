"""Frames of IEC 60870-5-104 against frames that other programs publish, and against anything at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.standards.iec104 import (
    Controlled,
    Frame,
    Function,
    Information,
    Reader,
    Supervisory,
    Unnumbered,
    Unreadable,
    write,
)

PUBLISHED: list[tuple[str, Frame]] = [
    ("68 04 07 00 00 00", Unnumbered(Function.STARTDT_ACT)),
    ("68 04 0B 00 00 00", Unnumbered(Function.STARTDT_CON)),
    ("68 04 13 00 00 00", Unnumbered(Function.STOPDT_ACT)),
    ("68 04 23 00 00 00", Unnumbered(Function.STOPDT_CON)),
    ("68 04 43 00 00 00", Unnumbered(Function.TESTFR_ACT)),
    ("68 04 83 00 00 00", Unnumbered(Function.TESTFR_CON)),
    ("68 04 01 00 02 00", Supervisory(1)),
    # General interrogation, its confirmation, single points with and without time; the numbers by hand: the octets
    # are a little-endian word whose lowest bit is not part of the number, 44A6H / 2 = 8787.
    ("68 0E 00 00 04 00 64 01 06 00 71 00 00 00 00 14", Information(0, 2, bytes.fromhex("64010600710000000014"))),
    ("68 0E 04 00 02 00 64 01 07 71 71 00 00 00 00 14", Information(2, 1, bytes.fromhex("64010771710000000014"))),
    (
        "68 0F A6 44 04 02 01 82 14 00 73 00 FB 01 00 00 01",
        Information(8787, 258, bytes.fromhex("018214007300FB01000001")),
    ),
    (
        "68 15 42 EB D2 01 1E 01 03 00 80 00 B0 36 00 01 AF E1 1D 14 70 06 15",
        Information(30113, 233, bytes.fromhex("1E0103008000B0360001AFE11D14700615")),
    ),
]
NUMBERS = st.integers(0, 2**15 - 1)
FRAMES: st.SearchStrategy[Frame] = st.one_of(
    st.builds(Information, NUMBERS, NUMBERS, st.integers(1, 249).map(bytes)),
    st.builds(Supervisory, NUMBERS),
    st.builds(Unnumbered, st.sampled_from(Function)),
)


@pytest.mark.parametrize(("octets", "frame"), PUBLISHED)
def test_published_frames_are_read_and_written(octets: str, frame: Frame) -> None:
    assert Reader().feed(bytes.fromhex(octets)) == [frame]
    assert write(frame) == bytes.fromhex(octets)


@given(st.lists(FRAMES, max_size=4), st.lists(st.integers(1, 40), max_size=8))
def test_a_stream_is_cut_wherever_it_is_broken(frames: list[Frame], pieces: list[int]) -> None:
    stream = b"".join(map(write, frames))
    reader, found, start = Reader(), [], 0
    for size in (*pieces, len(stream)):
        found += reader.feed(stream[start : start + size])
        start += size
    assert found == frames
    assert reader.waiting == 0


@given(st.lists(st.binary(max_size=64), max_size=20))
def test_anything_at_all_is_refused_or_read_and_never_piles_up(pieces: list[bytes]) -> None:
    reader = Reader()
    station = Controlled()
    for piece in pieces:
        try:
            reader.feed(piece)
        except Unreadable:
            break
        assert reader.waiting < 2 + 253
    for piece in pieces:
        try:
            answer = station.feed(piece)
        except Unreadable:
            break
        Reader().feed(answer)


@pytest.mark.parametrize(
    "octets",
    [
        "00",
        "68 03 00 00 00",
        "68 FE",
        "68 00",
        "68 04 00 00 00 00",
        "68 04 03 00 00 00",
        "68 04 47 00 00 00",
        "68 04 43 00 00 01",
        "68 04 05 00 02 00",
        "68 04 01 00 03 00",
        "68 05 01 00 02 00 00",
        "68 05 00 00 01 00 00",
    ],
)
def test_what_is_no_frame_is_refused_as_soon_as_it_can_be_known(octets: str) -> None:
    with pytest.raises(Unreadable):
        Reader().feed(bytes.fromhex(octets))


@pytest.mark.parametrize("frame", [Information(0, 0, b""), Information(0, 0, bytes(250)), Supervisory(2**15)])
def test_what_cannot_be_sent_is_not_written(frame: Frame) -> None:
    with pytest.raises(ValueError, match=r"ASDU|bits"):
        write(frame)


def test_a_station_confirms_and_acknowledges() -> None:
    station = Controlled()
    assert station.feed(bytes.fromhex("680443000000")) == bytes.fromhex("680483000000")
    assert station.feed(bytes.fromhex("680407000000")) == bytes.fromhex("68040B000000")
    assert station.started
    asked = write(Information(0, 0, b"\x64")) + write(Information(1, 0, b"\x64"))
    assert station.feed(asked) == bytes.fromhex("680401000400")
    assert station.feed(bytes.fromhex("680413000000")) == bytes.fromhex("680423000000")
    with pytest.raises(Unreadable, match="before STARTDT"):
        station.feed(write(Information(2, 0, b"\x64")))


def test_a_gap_ends_the_connection() -> None:
    station = Controlled()
    station.feed(write(Unnumbered(Function.STARTDT_ACT)))
    with pytest.raises(Unreadable, match="frame 1 where 0"):
        station.feed(write(Information(1, 0, b"\x64")))
    with pytest.raises(Unreadable, match="STARTDT_CON"):
        Controlled().feed(write(Unnumbered(Function.STARTDT_CON)))
