"""Every error that Tieline raises on purpose, as one tree.

::

    TielineError                 500
    ├─ Invalid                   422  what was sent breaks a rule; ``problems`` name field and rule
    │  └─ KeyUsed                422  its Idempotency-Key was used for another request
    ├─ Unauthenticated           401  nobody known asked
    ├─ Forbidden                 403  somebody known asked who may not
    ├─ NotFound                  404  no such thing, or none within the asker's scope
    ├─ Conflict                  409  the thing's state does not allow it
    │  ├─ Stale                  409  it was changed by somebody else meanwhile
    │  └─ UnderWay               409  the first request with its Idempotency-Key is not answered yet
    ├─ TooLarge                  413  more than a bound allows
    ├─ TooMany                   429  too often; ``retry_after`` seconds
    └─ Unavailable               503  something this depends on does not answer; ``retry_after`` seconds

Each carries a sentence for a person (``detail``) and, where it helps, what to do next (``advice``).
The mapping to HTTP (RFC 9457, problem+json) is in ``web/problems.py`` and nowhere else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule: where, which rule, in words, and the value as far as it may be shown."""

    field: str
    rule: str
    message: str
    value: str | None = None
    line: int | None = None


class TielineError(Exception):
    """Root of the tree. ``detail`` is shown to people, so it holds no secret and no internals."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(self, detail: str, *, advice: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.advice = advice


class Invalid(TielineError):
    """What was sent breaks a rule."""

    status = 422
    code = "invalid"
    title = "The request breaks a rule"

    def __init__(self, detail: str, problems: Sequence[Problem] = (), *, advice: str | None = None) -> None:
        super().__init__(detail, advice=advice)
        self.problems = tuple(problems)


class KeyUsed(Invalid):
    """Its Idempotency-Key was used for another request."""

    code = "key-used"
    title = "The key belongs to another request"


class Unauthenticated(TielineError):
    """Nobody known asked."""

    status = 401
    code = "unauthenticated"
    title = "Sign in first"


class Forbidden(TielineError):
    """Somebody known asked who may not."""

    status = 403
    code = "forbidden"
    title = "You may not do this"


class NotFound(TielineError):
    """No such thing, or none that the asker may see."""

    status = 404
    code = "not-found"
    title = "Not found"


class Conflict(TielineError):
    """The thing's state does not allow it."""

    status = 409
    code = "conflict"
    title = "Its present state does not allow this"


class Stale(Conflict):
    """It was changed by somebody else since it was read."""

    code = "stale"
    title = "It was changed meanwhile"


class UnderWay(Conflict):
    """The first request with its Idempotency-Key is not answered yet."""

    code = "under-way"
    title = "It is still being done"


class TooLarge(TielineError):
    """More than a bound allows."""

    status = 413
    code = "too-large"
    title = "Too large"


class TooMany(TielineError):
    """Asked too often. ``retry_after`` is in seconds."""

    status = 429
    code = "too-many"
    title = "Too many requests"

    def __init__(self, detail: str, *, retry_after: float, advice: str | None = None) -> None:
        super().__init__(detail, advice=advice)
        self.retry_after = retry_after


class Unavailable(TielineError):
    """Something that this depends on does not answer. ``retry_after`` is in seconds."""

    status = 503
    code = "unavailable"
    title = "Not available just now"

    def __init__(self, detail: str, *, retry_after: float = 5, advice: str | None = None) -> None:
        super().__init__(detail, advice=advice)
        self.retry_after = retry_after
