"""Bar codes and QR codes: against what the standards print, and read back by a reader that shares nothing with them."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.standards import code128, qr

PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=40)


def read_code128(widths: list[int]) -> str:
    """A reader of its own: characters by their widths, then by the code sets."""
    patterns = {tuple(map(int, one)): value for value, one in enumerate(code128._PATTERNS)}
    *cells, stop = [tuple(widths[place : place + 6]) for place in range(0, len(widths) - 7, 6)] + [tuple(widths[-7:])]
    values = [patterns[one] for one in cells]
    assert patterns[stop] == 106
    *values, check = values
    assert (values[0] + sum(at * one for at, one in enumerate(values))) % 103 == check
    in_c, text = values[0] == 105, ""
    for value in values[1:]:
        if in_c and value == 100:
            in_c = False
        elif not in_c and value == 99:
            in_c = True
        else:
            text += f"{value:02d}" if in_c else chr(value + 32)
    return text


@given(PRINTABLE)
def test_whatever_is_printable_is_read_back(text: str) -> None:
    assert read_code128(code128.widths(text)) == text


def test_a_known_symbol() -> None:
    """The worked example of many descriptions; from start A (103) its check is 54, from B (104) one more."""
    assert code128.characters("PJJ123C") == [104, 48, 42, 42, 17, 18, 19, 35, 55, 106]


def test_an_iccid_is_packed_two_digits_to_a_character() -> None:
    values = code128.characters("8944110000000000017")
    assert values[:10] == [105, 89, 44, 11, 0, 0, 0, 0, 0, 1]
    assert values[10:12] == [100, 23]
    assert len(values) == 14


@pytest.mark.parametrize("text", ["", "é", "a\nb"])
def test_what_no_bar_code_holds(text: str) -> None:
    with pytest.raises(ValueError, match="printable"):
        code128.widths(text)


def test_every_character_is_eleven_modules_wide() -> None:
    assert {sum(map(int, one)) for one in code128._PATTERNS[:-1]} == {11}
    assert sum(map(int, code128._PATTERNS[-1])) == 13
    assert len(set(code128._PATTERNS)) == len(code128._PATTERNS) == 107


def test_check_codewords_of_a_published_example() -> None:
    """The message HELLO WORLD at 1-M, as worked through in thonky.com's QR code tutorial."""
    data = [32, 91, 11, 120, 209, 114, 220, 77, 67, 64, 236, 17, 236, 17, 236, 17]
    assert qr.check_codewords(data, 10) == [196, 35, 39, 119, 235, 215, 231, 226, 93, 23]


def test_format_bits_are_those_of_the_standard() -> None:
    """ISO/IEC 18004:2015, table C.1: level M, masks 0 and 5."""
    assert qr.format_bits(0) == 0b101010000010010
    assert qr.format_bits(5) == 0b100000011001110


def read_qr(found: qr.Matrix) -> str:
    """A reader of its own, of versions 1 to 6 at level M: it knows where patterns lie, not how they were drawn."""
    size = len(found)
    version = (size - 17) // 4
    masked = "".join("01"[found[size - 1 - at][8]] for at in range(7))
    mask = (int(masked[:5], 2) ^ 0b10101) & 0b111
    rules: list[Callable[[int, int], int]] = [
        lambda i, j: (i + j) % 2, lambda i, _: i % 2, lambda _, j: j % 3, lambda i, j: (i + j) % 3,
        lambda i, j: (i // 2 + j // 3) % 2, lambda i, j: i * j % 2 + i * j % 3,
        lambda i, j: (i * j % 2 + i * j % 3) % 2, lambda i, j: ((i + j) % 2 + i * j % 3) % 2,
    ]  # fmt: skip

    def taken(i: int, j: int) -> bool:
        corner = (i < 9 and j < 9) or (i < 9 and j >= size - 8) or (i >= size - 8 and j < 9)
        align = version > 1 and abs(i - (size - 7)) <= 2 and abs(j - (size - 7)) <= 2
        return corner or align or i == 6 or j == 6

    bits, up, column = "", True, size - 1
    while column > 0:
        column -= column == 6
        for i in range(size - 1, -1, -1) if up else range(size):
            for j in (column, column - 1):
                if not taken(i, j):
                    bits += str(int(found[i][j]) ^ (rules[mask](i, j) == 0))
        up, column = not up, column - 2
    words = [int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8)]
    data, blocks = {1: (16, 1), 2: (28, 1), 3: (44, 1), 4: (64, 2), 5: (86, 2), 6: (108, 4)}[version]
    stream = "".join(f"{word:08b}" for block in range(blocks) for word in words[block:data:blocks])
    assert stream[:4] == "0100"
    length = int(stream[4:12], 2)
    return bytes(int(stream[12 + 8 * at : 20 + 8 * at], 2) for at in range(length)).decode()


@given(st.text(min_size=1, max_size=26))
def test_whatever_fits_is_read_back_from_the_matrix(text: str) -> None:
    assert read_qr(qr.matrix(text)) == text


@pytest.mark.parametrize(("length", "size"), [(14, 21), (15, 25), (26, 25), (42, 29), (62, 33), (84, 37), (106, 41)])
def test_the_smallest_symbol_is_taken(length: int, size: int) -> None:
    """Capacities in byte mode at level M of ISO/IEC 18004:2015, table 7."""
    found = qr.matrix("x" * length)
    assert len(found) == size
    assert read_qr(found) == "x" * length


def test_what_no_label_holds() -> None:
    with pytest.raises(ValueError, match="106"):
        qr.matrix("x" * 107)
