"""Code 128 bar codes (ISO/IEC 15417:2007), as labels of cards carry them: pure, text to bars and spaces.

A symbol is a start character, data characters, a check character and a stop. Code set C packs two digits into a
character, code set B has all printable ASCII characters one by one; digits in a row of four or more are packed.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

QUIET_ZONE: Final = 10
"""Modules that stay empty on each side (clause 4.2.1, a quiet zone of 10 X)."""
_START_B, _START_C, _TO_C, _TO_B, _STOP = 104, 105, 99, 100, 106
_MODULUS = 103
_PRINTABLE: Final = re.compile(r"[\x20-\x7e]+")
_RUNS: Final = re.compile(r"[0-9]{4,}|.", re.DOTALL)

# Widths of bar, space, bar, space, bar, space of each character, in modules (table 1).
_TABLE: Final = (
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222 "
    "123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 "
    "232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 "
    "313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 "
    "111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 "
    "111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113 "
    "114311 411113 411311 113141 114131 311141 411131 211412 211214 211232 2331112"
)
_PATTERNS: Final[Sequence[str]] = tuple(_TABLE.split())


def characters(text: str) -> list[int]:
    """The values of all characters of a symbol, the check character and the stop included.

    Raises ``ValueError`` for a text that is empty or has characters beyond printable ASCII.
    """
    if not _PRINTABLE.fullmatch(text):
        raise ValueError("a bar code holds printable ASCII characters")
    values = list(_data(text))
    check = (values[0] + sum(place * value for place, value in enumerate(values))) % _MODULUS
    return [*values, check, _STOP]


def widths(text: str) -> list[int]:
    """Widths of bars and spaces in turn, in modules, beginning with a bar; without the quiet zones."""
    return [int(width) for value in characters(text) for width in _PATTERNS[value]]


def _data(text: str) -> Iterator[int]:
    in_c: bool | None = None
    for part in _RUNS.findall(text):
        if not part.isdigit() or len(part) == 1:
            if in_c is not False:
                yield _START_B if in_c is None else _TO_B
            in_c = False
            yield ord(part) - ord(" ")
            continue
        odd = len(part) % 2
        if odd and in_c is False:  # the odd digit stays where the set is B already
            yield ord(part[0]) - ord(" ")
            part = part[1:]  # noqa: PLW2901 - the rest of the run
            odd = 0
        if in_c is not True:
            yield _START_C if in_c is None else _TO_C
        in_c = True
        for place in range(0, len(part) - odd, 2):
            yield int(part[place : place + 2])
        if odd:
            yield _TO_B
            in_c = False
            yield ord(part[-1]) - ord(" ")
