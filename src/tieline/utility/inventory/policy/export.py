"""How values leave: neutral for spreadsheets, the same for programs."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

# What a spreadsheet takes as the beginning of a formula (OWASP, CSV injection), also written wide, as East Asian ones
# do; at the beginning of a text, and behind what another country's spreadsheet takes for the end of a value.
_FORMULA = re.compile("(^|[;\t\r\n])(?=[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20])")


def neutral(text: str) -> str:
    """The text with an apostrophe wherever a spreadsheet would run what follows; numbers never come this way."""
    return _FORMULA.sub(r"\1'", text)


def cell(value: Any) -> str | int | float | bool | None:
    """A value as a cell of a table: lists separated by blanks, times in ISO 8601, texts as they are."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
        return " ".join(value)
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return msgspec.json.encode(value).decode()


def csv_row(row: Sequence[Any]) -> list[str | int | float | None]:
    """A row for a CSV file: texts made neutral, booleans as words that an import understands."""
    shown: list[str | int | float | None] = []
    for raw in row:
        if isinstance(raw, Decimal):  # an amount, whose minus begins no formula
            shown.append(f"{raw:f}")
            continue
        value = cell(raw)
        if isinstance(value, str):
            shown.append(neutral(value))
        else:
            shown.append(str(value).lower() if isinstance(value, bool) else value)
    return shown
