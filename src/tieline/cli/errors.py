"""What a command can end with.

== ============================================================
0  done
1  it ran, and some of it failed (a change with failed items, an import with bad rows)
2  the command line itself is wrong
3  not signed in, or not allowed
4  no such thing
5  its present state does not allow it, or a rule is broken
6  the platform does not answer
== ============================================================
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from rich.text import Text


class Exit(IntEnum):
    """Exit codes, as documented in the module."""

    DONE = 0
    PARTLY = 1
    USAGE = 2
    NOT_ALLOWED = 3
    NOT_FOUND = 4
    REFUSED = 5
    UNREACHABLE = 6


_BY_STATUS = {401: Exit.NOT_ALLOWED, 403: Exit.NOT_ALLOWED, 404: Exit.NOT_FOUND, 503: Exit.UNREACHABLE}


class CommandError(Exception):
    """An expected failure of a command: what happened, what to do, and the exit code."""

    def __init__(
        self, message: str, *, advice: str = "", lines: tuple[str, ...] = (), exit_code: Exit = Exit.REFUSED
    ) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.lines = lines
        self.exit_code = exit_code


def from_problem(status: int, problem: Mapping[str, Any]) -> CommandError:
    """Turn a problem+json answer (RFC 9457) into the error that the person sees."""
    message = str(problem.get("detail") or problem.get("title") or f"The platform answered {status}.")
    lines = tuple(
        f"{p.get('field', '?')}: {p.get('message') or p.get('rule', '')}" for p in problem.get("problems") or ()
    )
    unknown = status == 401  # noqa: PLR2004 - Unauthorized; what the answer advises is for those who write programs
    return CommandError(
        message,
        advice="Run: tieline login" if unknown else str(problem.get("advice") or ""),
        lines=lines,
        exit_code=_BY_STATUS.get(status, Exit.REFUSED),
    )


def explain(error: CommandError) -> Text:
    """Draw the error: the sentence, the rules broken, then what to do."""
    text = Text()
    text.append("✗ ", style="bold red").append(error.message)
    for line in error.lines:
        text.append(f"\n    {line}")
    if error.advice:
        text.append(f"\n  {error.advice}", style="dim")
    return text
