"""Rules of identity: how long a sign-in waits, when a session ends, what a password must be. Pure."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from tieline.platform.errors import Problem

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256
ADDRESS_FACTOR = 5  # a shared address gets so many times the failures of one account
_LONGEST_WAIT = timedelta(minutes=15)
_FORGIVEN_AFTER = timedelta(hours=12)
_TOUCH_EVERY = timedelta(seconds=30)

# Those of at least twelve characters that top the published lists, and what people make of this product's name.
_WORST = frozenset(
    {
        "123456789012",
        "1234567890123",
        "111111111111",
        "000000000000",
        "qwertyuiop12",
        "qwertyuiop123",
        "qwertyuiopas",
        "1q2w3e4r5t6y",
        "1qaz2wsx3edc",
        "password1234",
        "password12345",
        "password123!",
        "passwordpassword",
        "adminadminadmin",
        "administrator",
        "administrator1",
        "letmeinletmein",
        "iloveyouiloveyou",
        "welcome12345",
        "welcome123456",
        "changemechangeme",
        "changeme1234",
        "correcthorsebatterystaple",
        "tielinetieline",
        "tieline12345",
        "tieline123456",
    }
)


@dataclass(frozen=True, slots=True)
class Failures:
    """Failed sign-ins in a row of one account or one address."""

    count: int
    last_at: datetime


def wait_until(failures: Failures | None, free: int, now: datetime) -> datetime | None:
    """Until when no sign-in is tried, or None.

    The first ``free`` failures cost nothing; each further one doubles the wait, from one second to fifteen minutes.
    After twelve hours without a failure all is forgiven.
    """
    if failures is None or failures.count < free or forgiven(failures, now):
        return None
    wait = min(timedelta(seconds=float(1 << min(failures.count - free, 30))), _LONGEST_WAIT)
    until = failures.last_at + wait
    return until if until > now else None


def forgiven(failures: Failures, now: datetime) -> bool:
    """Whether the failures are so old that they no longer count."""
    return now - failures.last_at >= _FORGIVEN_AFTER


def forgiven_before(now: datetime) -> datetime:
    """Failures last seen before this moment no longer count."""
    return now - _FORGIVEN_AFTER


def session_ends(created_at: datetime, hours: float) -> datetime:
    """When a session ends whatever happens."""
    return created_at + timedelta(hours=hours)


def session_lives(seen_at: datetime, expires_at: datetime, idle_minutes: float, now: datetime) -> bool:
    """Whether a session is neither over nor left idle for too long."""
    return now < expires_at and now - seen_at < timedelta(minutes=idle_minutes)


def worth_touching(seen_at: datetime, now: datetime) -> bool:
    """Whether the moment of last use should be written again; not at every request."""
    return now - seen_at >= _TOUCH_EVERY


def normal_name(name: str) -> str:
    """An account's name as it is stored and compared."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def normal_password(password: str) -> str:
    """A password as it is hashed: the same whichever keyboard composed it (RFC 8265, section 4.2)."""
    return unicodedata.normalize("NFC", password)


def password_problems(password: str, name: str, field: str = "password") -> list[Problem]:
    """The rules that a new password breaks."""
    folded = password.casefold()
    problems = []
    if len(password) < SHORTEST_PASSWORD:
        problems.append(Problem(field, "too_short", f"Take at least {SHORTEST_PASSWORD} characters."))
    if len(password) > LONGEST_PASSWORD:
        problems.append(Problem(field, "too_long", f"Take at most {LONGEST_PASSWORD} characters."))
    if name and (folded.strip("0123456789!?.-_") == name.casefold() or folded in {name * 2, name * 3}):
        problems.append(Problem(field, "is_name", "Do not take your name."))
    if folded in _WORST or len(set(folded)) < 4:  # noqa: PLR2004 - three different characters are a pattern
        problems.append(Problem(field, "too_common", "Everybody tries this one first."))
    return problems
