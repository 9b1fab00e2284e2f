"""Frames of IEC 60870-5-104 clause 5.1: octets to frames and back.

A frame is the start octet 68H, the number of octets that follow (4 to 253), four octets of control field, and in an I
frame the ASDU. Sequence numbers have 15 bits, the lower ones first.
"""

from dataclasses import dataclass
from enum import IntEnum

PORT = 2404
"""The TCP port that a controlled station listens at (clause 7.1, assigned by IANA)."""
START = 0x68
LEAST_APDU = 4
LONGEST_APDU = 253
"""Octets that may follow the two of the header."""
SEQUENCE = 1 << 15
_HEADER = 2
_S_FORMAT, _U_FORMAT = 0b01, 0b11


class Unreadable(ValueError):
    """Octets that are no frame: the connection is of no more use, since nothing says where the next one begins."""


class Function(IntEnum):
    """What a U frame asks for or confirms, as its first control octet."""

    STARTDT_ACT = 0x07
    STARTDT_CON = 0x0B
    STOPDT_ACT = 0x13
    STOPDT_CON = 0x23
    TESTFR_ACT = 0x43
    TESTFR_CON = 0x83


_FUNCTIONS = frozenset(Function)


@dataclass(frozen=True, slots=True)
class Information:
    """An I frame: an ASDU with the number of this frame, and that of the one expected next from the other side."""

    sent: int
    received: int
    asdu: bytes


@dataclass(frozen=True, slots=True)
class Supervisory:
    """An S frame: which frames were received, without data of one's own."""

    received: int


@dataclass(frozen=True, slots=True)
class Unnumbered:
    """A U frame: start, stop or test."""

    function: Function


Frame = Information | Supervisory | Unnumbered


def write(frame: Frame) -> bytes:
    """Write a frame. Raises ``ValueError`` for a sequence number or an ASDU out of range."""
    match frame:
        case Information(sent, received, asdu):
            if not 1 <= len(asdu) <= LONGEST_APDU - LEAST_APDU:
                raise ValueError(f"an ASDU has 1 to {LONGEST_APDU - LEAST_APDU} octets")
            control = _number(sent) + _number(received)
            return bytes((START, LEAST_APDU + len(asdu))) + control + asdu
        case Supervisory(received):
            return bytes((START, LEAST_APDU, _S_FORMAT, 0)) + _number(received)
        case Unnumbered(function):
            return bytes((START, LEAST_APDU, function, 0, 0, 0))


class Reader:
    """Cuts a stream into frames. It never holds more than one frame that is not whole, whatever length is announced."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, octets: bytes) -> list[Frame]:
        """Take what arrived; give the frames that are now whole.

        Raises:
            Unreadable: for octets that are no frame; nothing more can be read then.

        """
        self._rest += octets
        frames: list[Frame] = []
        while (size := self._whole()) and len(self._rest) >= size:
            frames.append(_read(bytes(self._rest[_HEADER:size])))
            del self._rest[:size]
        return frames

    @property
    def waiting(self) -> int:
        """Octets of a frame that has begun."""
        return len(self._rest)

    def _whole(self) -> int:
        """Give how long the next frame is; 0 while its header is not there. What can be known wrong is refused now."""
        if self._rest and self._rest[0] != START:
            raise Unreadable(f"a frame begins with 68H, not {self._rest[0]:02X}H")
        if len(self._rest) < _HEADER:
            return 0
        length = self._rest[1]
        if not LEAST_APDU <= length <= LONGEST_APDU:
            raise Unreadable(f"a frame of {length} octets: there are {LEAST_APDU} to {LONGEST_APDU}")
        return _HEADER + length


def _read(apdu: bytes) -> Frame:
    """Read the octets behind the header."""
    first = apdu[0]
    if not first & 1:
        if len(apdu) == LEAST_APDU:
            raise Unreadable("an I frame without an ASDU")
        return Information(_read_number(apdu[0:2]), _read_number(apdu[2:4]), apdu[4:])
    if len(apdu) != LEAST_APDU:
        raise Unreadable(f"an S or U frame of {len(apdu)} octets: there are {LEAST_APDU}")
    if first & 0b11 == _S_FORMAT:
        if apdu[:2] != bytes((_S_FORMAT, 0)):
            raise Unreadable("an S frame with more than a received number")
        return Supervisory(_read_number(apdu[2:4]))
    if first not in _FUNCTIONS or any(apdu[1:]):
        raise Unreadable(f"a U frame with none or several functions: {apdu.hex(' ')}")
    return Unnumbered(Function(first))


def _number(number: int) -> bytes:
    if not 0 <= number < SEQUENCE:
        raise ValueError(f"a sequence number has 15 bits, not {number}")
    return (number << 1).to_bytes(2, "little")


def _read_number(octets: bytes) -> int:
    number = int.from_bytes(octets, "little")
    if number & 1:
        raise Unreadable("a control field whose lowest bit is not 0")
    return number >> 1
