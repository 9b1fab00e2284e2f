"""QR codes (ISO/IEC 18004:2015) of short texts: byte mode, error correction level M, versions 1 to 6. Pure.

Enough for a serial or an address of a page, which is what labels carry. The symbol with the least penalty of the eight
masks is taken (clause 7.8.3).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

QUIET_ZONE: Final = 4
"""Modules that stay empty around a symbol (clause 6.3.8)."""
Matrix = list[list[bool]]


@dataclass(frozen=True, slots=True)
class _Version:
    """How many data codewords a version holds at level M, in how many blocks, with how many check codewords each."""

    number: int
    data: int
    blocks: int
    check: int

    @property
    def size(self) -> int:
        """Modules on a side."""
        return 17 + 4 * self.number


_VERSIONS: Final = (
    _Version(1, 16, 1, 10),
    _Version(2, 28, 1, 16),
    _Version(3, 44, 1, 26),
    _Version(4, 64, 2, 18),
    _Version(5, 86, 2, 24),
    _Version(6, 108, 4, 16),
)
"""Table 9, level M; all blocks of these versions are of one length."""
_BYTE_MODE, _HEADER_BITS = 0b0100, 12
_PADS: Final = (0xEC, 0x11)
_FIELD: Final = 0x11D
_FORMAT_M: Final = 0b00
_FORMAT_GENERATOR, _FORMAT_MASK = 0b10100110111, 0b101010000010010
_MASKS: Final[Sequence[Callable[[int, int], bool]]] = (
    lambda row, column: (row + column) % 2 == 0,
    lambda row, _: row % 2 == 0,
    lambda _, column: column % 3 == 0,
    lambda row, column: (row + column) % 3 == 0,
    lambda row, column: (row // 2 + column // 3) % 2 == 0,
    lambda row, column: row * column % 2 + row * column % 3 == 0,
    lambda row, column: (row * column % 2 + row * column % 3) % 2 == 0,
    lambda row, column: ((row + column) % 2 + row * column % 3) % 2 == 0,
)


def _tables() -> tuple[list[int], list[int]]:
    powers, logs, value = [0] * 512, [0] * 256, 1
    for power in range(255):
        powers[power], logs[value] = value, power
        value = value << 1 ^ (_FIELD if value & 0x80 else 0)
    powers[255:510] = powers[:255]
    return powers, logs


_POWERS, _LOGS = _tables()


def matrix(text: str) -> Matrix:
    """The modules of the symbol row by row, dark ones True, without the quiet zone.

    Raises ``ValueError`` for a text of more than 106 bytes.
    """
    data = text.encode()
    version = next((one for one in _VERSIONS if len(data) * 8 + _HEADER_BITS <= one.data * 8), None)
    if version is None:
        raise ValueError("a label's code holds 106 bytes at most")
    bits = _interleaved(_codewords(data, version), version)
    frame, fixed = _frame(version)
    _place(frame, fixed, bits)
    return min((_masked(frame, fixed, mask) for mask in range(len(_MASKS))), key=_penalty)


def _codewords(data: bytes, version: _Version) -> list[int]:
    """Mode, length, bytes, terminator and pads (clauses 7.4.5 and 7.4.10)."""
    bits = f"{_BYTE_MODE:04b}{len(data):08b}" + "".join(f"{one:08b}" for one in data)
    room = version.data * 8
    bits += "0" * min(4, room - len(bits))
    bits += "0" * (-len(bits) % 8)
    found = [int(bits[place : place + 8], 2) for place in range(0, len(bits), 8)]
    return found + [_PADS[place % 2] for place in range(version.data - len(found))]


def check_codewords(data: Sequence[int], count: int) -> list[int]:
    """Reed-Solomon check codewords over GF(256) with the field polynomial 285 (clause 7.5.2)."""
    generator = [1]
    for power in range(count):
        longer = [*generator, 0]
        for place, value in enumerate(generator):
            if value:
                longer[place + 1] ^= _POWERS[_LOGS[value] + power]
        generator = longer
    rest = [*data, *([0] * count)]
    for place in range(len(data)):
        lead = rest[place]
        if lead:
            for offset, value in enumerate(generator):
                rest[place + offset] ^= _POWERS[_LOGS[value] + _LOGS[lead]] if value else 0
    return rest[len(data) :]


def _interleaved(data: Sequence[int], version: _Version) -> list[int]:
    length = version.data // version.blocks
    blocks = [data[start : start + length] for start in range(0, version.data, length)]
    checks = [check_codewords(block, version.check) for block in blocks]
    words = [block[place] for place in range(length) for block in blocks]
    words += [check[place] for place in range(version.check) for check in checks]
    return [word >> shift & 1 for word in words for shift in range(7, -1, -1)]


@dataclass(slots=True)
class _Frame:
    """A symbol's modules, and which of them belong to function patterns (clause 6.3)."""

    dark: Matrix
    fixed: Matrix

    def put(self, row: int, column: int, *, dark: bool) -> None:
        """Set a module of a function pattern; what lies outside the symbol is left out."""
        if 0 <= row < len(self.dark) and 0 <= column < len(self.dark):
            self.dark[row][column], self.fixed[row][column] = dark, True

    def ring(self, centre: tuple[int, int], radius: int, light: frozenset[int]) -> None:
        """Draw squares around a centre; those at the distances of ``light`` stay light."""
        row, column = centre
        for down in range(-radius, radius + 1):
            for right in range(-radius, radius + 1):
                distance = max(abs(down), abs(right))
                self.put(row + down, column + right, dark=distance not in light)


def _frame(version: _Version) -> tuple[Matrix, Matrix]:
    """The symbol with its function patterns, and which of its modules those take."""
    size = version.size
    frame = _Frame([[False] * size for _ in range(size)], [[False] * size for _ in range(size)])
    for centre in ((3, 3), (3, size - 4), (size - 4, 3)):
        frame.ring(centre, 4, frozenset({2, 4}))
    for place in range(8, size - 8):
        frame.put(6, place, dark=place % 2 == 0)
        frame.put(place, 6, dark=place % 2 == 0)
    if version.number > 1:  # up to version 6 there is one alignment pattern that no finder covers
        frame.ring((size - 7, size - 7), 2, frozenset({1}))
    for place in (*range(6), 7, 8):
        frame.put(8, place, dark=False)
        frame.put(place, 8, dark=False)
    for place in range(size - 8, size):
        frame.put(8, place, dark=False)
        frame.put(place, 8, dark=place == size - 8)
    return frame.dark, frame.fixed


def _path(size: int) -> Iterator[tuple[int, int]]:
    """The modules in the order in which bits are placed: two columns at a time, up and down (clause 7.7.3)."""
    up = True
    for right in (*range(size - 1, 6, -2), *range(5, 0, -2)):
        for step in range(size):
            row = size - 1 - step if up else step
            yield row, right
            yield row, right - 1
        up = not up


def _place(frame: Matrix, fixed: Matrix, bits: Sequence[int]) -> None:
    left = iter(bits)
    for row, column in _path(len(frame)):
        if not fixed[row][column]:
            frame[row][column] = bool(next(left, 0))


def format_bits(mask: int) -> int:
    """The fifteen bits that tell level M and the mask (clause 7.9)."""
    data = _FORMAT_M << 3 | mask
    rest = data << 10
    for shift in range(4, -1, -1):
        if rest >> (shift + 10) & 1:
            rest ^= _FORMAT_GENERATOR << shift
    return (data << 10 | rest) ^ _FORMAT_MASK


def _masked(frame: Matrix, fixed: Matrix, mask: int) -> Matrix:
    size = len(frame)
    found = [
        [value if fixed[row][column] else value != _MASKS[mask](row, column) for column, value in enumerate(line)]
        for row, line in enumerate(frame)
    ]
    bits = format_bits(mask)
    around = [(8, 0), (8, 1), (8, 2), (8, 3), (8, 4), (8, 5), (8, 7), (8, 8), (7, 8), (5, 8), (4, 8), (3, 8), (2, 8),
              (1, 8), (0, 8)]  # fmt: skip
    apart = [(size - 1 - place, 8) for place in range(7)] + [(8, size - 8 + place) for place in range(8)]
    for place in range(15):
        value = bool(bits >> (14 - place) & 1)
        for row, column in (around[place], apart[place]):
            found[row][column] = value
    return found


def _penalty(found: Matrix) -> int:
    """How hard a symbol is to read (clause 7.8.3.1): runs, blocks, what looks like a finder, imbalance."""
    lines = [*found, *(list(column) for column in zip(*found, strict=True))]
    size = len(found)
    total = sum(map(_line_penalty, lines))
    for row in range(size - 1):
        for column in range(size - 1):
            square = {found[row][column], found[row][column + 1], found[row + 1][column], found[row + 1][column + 1]}
            total += 3 * (len(square) == 1)
    dark = sum(map(sum, found))
    return total + 10 * int(abs(dark * 20 - size * size * 10) / (size * size))


_LOOKS_LIKE: Final = ("10111010000", "00001011101")


def _line_penalty(line: Sequence[bool]) -> int:
    text = "".join("1" if one else "0" for one in line)
    total, run = 0, 0
    for place, sign in enumerate(text):
        run = run + 1 if place and sign == text[place - 1] else 1
        total += 3 if run == 5 else 1 if run > 5 else 0  # noqa: PLR2004 - N1 of table 11
    return total + 40 * sum(text.startswith(one, place) for one in _LOOKS_LIKE for place in range(len(text)))
