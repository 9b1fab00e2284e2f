"""What a mapping may do to a text before it is converted."""

import re
from collections.abc import Callable, Mapping

from tieline.utility.inventory.importing.problems import Bad

Transform = Callable[[str], str]

_LEADING = re.compile(r"\s*([+-]?[0-9]+(?:[.,][0-9]+)?)")
_NOT_DIGIT = re.compile(r"[^0-9]")
_EXACT = 10**15
_BLANKS = re.compile(r"\s+")


def _leading_number(raw: str) -> str:
    found = _LEADING.match(raw)
    if found is None:
        raise Bad("format", "it does not begin with a number")
    return found[1].replace(",", ".")


def _integer(raw: str) -> str:
    try:
        value = round(float(raw))
    except (ValueError, OverflowError) as error:
        raise Bad("format", "a number is needed") from error
    if abs(value) > _EXACT:  # rounding would quietly make another number of it: an ICCID has 19 digits
        raise Bad("format", "a number of more than 15 digits cannot be rounded")
    return str(value)


TRANSFORMS: Mapping[str, Transform] = {
    "upper": str.upper,
    "lower": str.lower,
    "title": str.title,
    "strip": str.strip,
    "collapse": lambda raw: _BLANKS.sub(" ", raw).strip(),
    "digits": lambda raw: _NOT_DIGIT.sub("", raw),
    "integer": _integer,
    "leading_number": _leading_number,
    "decimal_comma": lambda raw: raw.replace(".", "").replace(",", "."),
}
"""By name: ``upper``, ``lower``, ``title``; ``strip`` and ``collapse`` blanks; ``digits`` only; ``integer`` rounds;
``leading_number`` takes 33 from "33/11 kV"; ``decimal_comma`` reads 1.234,5."""
