"""What can be wrong with a file: with a value, with a line, with the whole."""

from dataclasses import dataclass, field

from tieline.platform.errors import Invalid, Problem

MAX_KEPT = 100_000
"""So many problems of an import are kept in words; further ones are counted only."""
_SHOWN = 80


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


def shown(value: str | None) -> str | None:
    """A value as a report shows it: short, and without characters that do something."""
    if value is None:
        return None
    short = value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…"
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in short)
