"""How numbers, times and identifiers are written. Pure: the present moment and the time zone are passed in."""

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise

from markupsafe import Markup

from tieline.console.components.values import IdentKind

THIN = "\u202f"
"""Narrow no-break space: separates thousands, and a number from its unit."""
NOTHING = "\u2013"
"""What stands where there is no value."""
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_MCC_WITH_THREE_DIGIT_MNC = frozenset({"302", "310", "311", "312", "313", "316", "334", "338", "342", "722", "732"})


def number(value: float | None, decimals: int = 0) -> str:
    """Write 1234567 as 1,234,567, with a true minus sign."""
    if value is None or math.isnan(value):
        return NOTHING
    text = f"{abs(value):,.{decimals}f}"
    is_zero = float(text.replace(",", "")) == 0
    return f"\u2212{text}" if value < 0 and not is_zero else text


def percent(share: float | None, decimals: int = 1) -> str:
    """Write 0.9991 as 99.9 %. Never rounds up to 100 or down to 0: what is not whole does not look whole."""
    if share is None or math.isnan(share):
        return NOTHING
    value = share * 100
    step = 10.0**-decimals
    if 0 < value < step:
        return f"<{THIN}{step:.{decimals}f}{THIN}%"
    if 100 - step < value < 100:  # noqa: PLR2004 - a whole is a hundred hundredths
        value = 100 - step
    return f"{value:.{decimals}f}{THIN}%"


def data_size(octets: float | None) -> str:
    """Write octets with a decimal prefix: 1.5 MB."""
    if octets is None:
        return NOTHING
    size, units = float(octets), ["B", "kB", "MB", "GB", "TB"]
    while size >= 1000 and len(units) > 1:  # noqa: PLR2004 - the step between SI prefixes
        size, units = size / 1000, units[1:]
    decimals = 0 if units[0] == "B" or size >= 100 else 1  # noqa: PLR2004 - three digits say enough
    return f"{number(size, decimals)}{THIN}{units[0]}"


def plural(count: float, one: str, many: str = "") -> str:
    """Write the number with its noun: ``plural(2, "site")`` is "2 sites"."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def pace(rate: float) -> str:
    """Write how many a day or a second, with as many digits as mean something."""
    if 0 < rate < 0.05:  # noqa: PLR2004 - what one decimal would write as nothing
        return "under 0.1"
    return number(rate, 0 if rate >= 10 or rate == int(rate) else 1)  # noqa: PLR2004 - two digits


def duration(seconds: float | None) -> str:
    """Write a length of time in at most two units: 42 s, 12 min, 1 h 07 min, 3 d 4 h."""
    if seconds is None or math.isnan(seconds):
        return NOTHING
    whole = max(0, round(seconds))
    if whole < _MINUTE:
        return f"{whole}{THIN}s"
    minutes = round(whole / _MINUTE)
    if minutes < 60:  # noqa: PLR2004 - minutes in an hour
        return f"{minutes}{THIN}min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:  # noqa: PLR2004 - hours in a day
        return f"{hours}{THIN}h {minutes:02d}{THIN}min" if minutes else f"{hours}{THIN}h"
    days, hours = divmod(round(whole / _HOUR), 24)
    return f"{days}{THIN}d {hours}{THIN}h" if hours else f"{days}{THIN}d"


def duration_range(low: float | None, high: float | None) -> str:
    """Write an honest estimate: 12-15 min; one figure when both ends read the same."""
    if low is None or high is None:
        return "not known yet"
    first, last = duration(min(low, high)), duration(max(low, high))
    if first == last:
        return f"about {first}"
    value, _, unit = first.partition(THIN)
    same_unit = unit and " " not in first + last and last.endswith(THIN + unit)
    return f"{value}\u2013{last}" if same_unit else f"{first} \u2013 {last}"


def age(at: datetime, now: datetime) -> str:
    """Write how long ago, or how soon: "just now", "2 min ago", "in 3 h"."""
    seconds = (_aware(now) - _aware(at)).total_seconds()
    if -5 < seconds < 5:  # noqa: PLR2004 - clocks of two machines differ by as much
        return "just now"
    text = _rough(abs(seconds))
    return f"{text} ago" if seconds > 0 else f"in {text}"


def _rough(seconds: float) -> str:
    """One unit, rounded down: an age is never shown as more than it is."""
    for limit, unit, size in (
        (_MINUTE, "s", 1),
        (_HOUR, "min", _MINUTE),
        (2 * _DAY, "h", _HOUR),
        (60 * _DAY, "d", _DAY),
        (730 * _DAY, "months", 30 * _DAY),
    ):
        if seconds < limit:
            return f"{int(seconds // size)}{THIN}{unit}"
    return f"{int(seconds // (365 * _DAY))}{THIN}years"


def is_stale(at: datetime | None, stale_after: timedelta | None, now: datetime) -> bool:
    """Whether an observation is older than it should be."""
    return at is not None and stale_after is not None and _aware(now) - _aware(at) > stale_after


def local_time(at: datetime, zone: tzinfo, *, seconds: bool = False) -> str:
    """Write a moment in the utility's own time: 21 Nov 2025, 08:31."""
    there = _aware(at).astimezone(zone)
    clock = there.strftime("%H:%M:%S" if seconds else "%H:%M")
    return f"{there.day} {there:%b %Y}, {clock}"


def local_date(at: datetime, zone: tzinfo) -> str:
    """Write the day of a moment in the utility's own time: 21 Nov 2025."""
    there = _aware(at).astimezone(zone)
    return f"{there.day} {there:%b %Y}"


def utc_time(at: datetime) -> str:
    """Write a moment in UTC to the second: 2025-11-21 08:31:04 UTC."""
    return f"{_aware(at).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def iso(at: datetime) -> str:
    """Write a moment for a ``datetime`` attribute."""
    return _aware(at).astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no time zone; times on pages are aware")
    return at


def groups(value: str, kind: IdentKind) -> tuple[str, ...]:
    """Split an identifier into the groups that people read it in; unknown shapes stay whole."""
    text = value.strip()
    cuts: tuple[int, ...] = ()
    if kind is IdentKind.HASH:
        text, cuts = text[:12], (4, 8)
    elif kind is IdentKind.MSISDN and text.removeprefix("+").isdigit():
        text, cuts = "+" + text.removeprefix("+"), (3, 7)
    elif text.isdigit():
        cuts = _cuts(text, kind)
    edges = [0, *(cut for cut in cuts if cut < len(text)), len(text)]
    return tuple(text[start:end] for start, end in pairwise(edges))


def _cuts(digits: str, kind: IdentKind) -> tuple[int, ...]:
    """Where the groups of an all-digit identifier begin."""
    if kind in {IdentKind.ICCID, IdentKind.EID}:
        return tuple(range(4, len(digits), 4))
    if kind is IdentKind.IMSI:
        return (3, 6 if digits[:3] in _MCC_WITH_THREE_DIGIT_MNC else 5)
    if kind is IdentKind.IMEI and len(digits) in {14, 15, 16}:
        return (2, 8, 14)
    return ()


def ident(value: str, kind: IdentKind | str = IdentKind.PLAIN) -> Markup:
    """Mark an identifier up in its groups. The gaps are drawn, not typed, so that copying gives the bare value."""
    shown = groups(value, IdentKind(kind))
    spans = Markup("<wbr>").join(Markup('<span class="g">{}</span>').format(group) for group in shown)
    shortened = kind == IdentKind.HASH and len(value) > sum(map(len, shown))
    return spans + Markup("\u2026") if shortened else spans


def listed(words: Iterable[str]) -> str:
    """Words in a row: "a, b and c"."""
    found = list(words)
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}" if found else ""
