"""What can be wrong with a file: with a value, with a line, with the whole."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import overload

from tieline.platform.errors import Invalid, Problem

MAX_KEPT = 100_000
"""So many problems of an import are kept in words; further ones are counted only."""
_SHOWN = 80
_LISTED = 30


class Bad(Exception):
    """A value breaks a rule; ``message`` completes the report's line."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message


class FileRefused(Invalid):
    """Nothing of the file can be taken."""

    code = "file-refused"
    title = "The file cannot be imported"


@dataclass(slots=True)
class Problems:
    """The problems of one import: counted all, kept up to a bound, and the lines they are in."""

    kept: list[Problem] = field(default_factory=list)
    count: int = 0
    bad_lines: int = 0
    rules: dict[str, int] = field(default_factory=dict)

    def add(self, line: int, name: str, rule: str, value: str | None, message: str) -> None:
        """Take note of one problem."""
        self.count += 1
        self.rules[rule] = self.rules.get(rule, 0) + 1
        if self.count <= MAX_KEPT:
            self.kept.append(Problem(name, rule, message, shown(value), line))


@overload
def shown(value: str) -> str: ...
@overload
def shown(value: None) -> None: ...
@overload
def shown(value: str | None) -> str | None: ...
def shown(value: str | None) -> str | None:
    """A value as a report shows it: short, and without characters that do something."""
    if value is None:
        return None
    return plain(value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…")


def plain(text: str) -> str:
    """A text without characters that do something, or that the database cannot hold."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def listed(names: Iterable[str]) -> str:
    """The first of some names from a file, as a sentence about it shows them."""
    return ", ".join(filter(None, map(shown, islice(names, _LISTED))))
