"""How values leave: neutral for spreadsheets, the same for programs."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec

_FORMULA = frozenset("=+-@\t\r")
"""What a spreadsheet takes as the beginning of a formula (OWASP, CSV injection)."""


def neutral(text: str) -> str:
    """The text with an apostrophe before it if a spreadsheet would run it; numbers never come this way."""
    return f"'{text}" if text and text[0] in _FORMULA else text


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
    for value in map(cell, row):
        if isinstance(value, str):
            shown.append(neutral(value))
        else:
            shown.append(str(value).lower() if isinstance(value, bool) else value)
    return shown
