"""Errors in words for a person: what happened, what it means, what to do, and the reference to quote."""

from tieline.console.components.frame import Action
from tieline.console.components.work import Problem
from tieline.platform.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Stale,
    TielineError,
    TooLarge,
    TooMany,
    Unavailable,
)

PAGE = "layout/problem.html"
BLANK = "layout/problem-blank.html"
FRAGMENT = "layout/problem-fragment.html"

_ROWS_SHOWN = 50
_WORDS: tuple[tuple[type[TielineError], str, str, str], ...] = (
    (
        NotFound,
        "warn",
        "It may have been removed, or lie outside what you may see.",
        "Search for it by name or number.",
    ),
    (Forbidden, "warn", "Nothing was changed.", "Ask an administrator for a role that allows it."),
    (Stale, "warn", "Nothing was changed.", "Open it again, look at what is new, and decide anew."),
    (Conflict, "warn", "Nothing was changed.", "Open it again to see its present state."),
    (Invalid, "warn", "Nothing was changed.", "Correct what is named below and send it again."),
    (TooLarge, "warn", "Nothing was taken.", "Split it into smaller parts."),
    (TooMany, "warn", "Nothing was changed.", "Wait a moment, then try again."),
    (Unavailable, "bad", "What the page shows depends on it. Nothing was changed.", "Try again in a moment."),
    (
        TielineError,
        "bad",
        "It is not your fault, and it was written down.",
        "Try again; if it stays, report the reference.",
    ),
)


def problem(error: TielineError, reference: str) -> Problem:
    """What to show of an error; its advice comes before the general one."""
    _, tone, means, advice = next(words for words in _WORDS if isinstance(error, words[0]))
    broken = error.problems[:_ROWS_SHOWN] if isinstance(error, Invalid) else ()
    return Problem(
        error.detail,
        means,
        error.advice or advice,
        reference,
        tone,
        (Action("Overview", "/", "layout-dashboard"),) if isinstance(error, NotFound) else (),
        tuple((f"line {one.line}" if one.line else "form", one.field, one.value or "", one.message) for one in broken),
    )
