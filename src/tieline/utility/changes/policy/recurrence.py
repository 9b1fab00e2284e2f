"""Days by rule: the part of RFC 5545 recurrence rules (§3.3.10) that says on which days something is.

Taken are FREQ (DAILY, WEEKLY, MONTHLY, YEARLY), BYMONTH, BYMONTHDAY, BYDAY (with numbers where the standard has them)
and BYSETPOS. INTERVAL, COUNT and UNTIL are not: they count from a beginning, which the days of a window do not have.
For the same reason a rule names its days itself, and does not take them from a DTSTART.
"""

import calendar
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
LONGEST = 300
_DAY = timedelta(days=1)
_MONTH_DAYS, _YEAR_WEEKS, _YEAR_DAYS, _MONTHS = 31, 53, 366, 12
NthDay = tuple[int, int]
"""A day of the week (Monday is 0) and which of them: 1 the first, -1 the last, 0 each."""


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A rule that was read; ``text`` is how it is written."""

    text: str
    freq: str
    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    days: tuple[NthDay, ...] = ()
    positions: tuple[int, ...] = ()

    def hits(self, day: date) -> bool:
        """Whether the rule names a day."""
        if not self._fits(day):
            return False
        return not self.positions or day in _chosen(self, *_period(self.freq, day))

    def _fits(self, day: date) -> bool:
        return (
            (not self.months or day.month in self.months)
            and (not self.month_days or _in_month(day, self.month_days))
            and (not self.days or any(self._is_nth(day, *one) for one in self.days))
        )

    def _is_nth(self, day: date, number: int, weekday: int) -> bool:
        if day.weekday() != weekday or number == 0:
            return day.weekday() == weekday
        if self.freq == "YEARLY" and not self.months:
            index = (day - date(day.year, 1, 1)).days
            back = (date(day.year, 12, 31) - day).days
        else:
            index, back = day.day - 1, _length(day) - day.day
        return number == (index // 7 + 1 if number > 0 else -(back // 7 + 1))

    def within(self, start: date, end: date) -> list[date]:
        """The days from one to another, the last one included, that fit but for their place among the others."""
        return [day for n in range((end - start).days + 1) if self._fits(day := start + n * _DAY)]


def _length(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _in_month(day: date, wanted: Sequence[int]) -> bool:
    return day.day in wanted or day.day - _length(day) - 1 in wanted


def _period(freq: str, day: date) -> tuple[date, date]:
    """The week (from Monday), month or year that a day lies in."""
    if freq == "WEEKLY":
        monday = day - day.weekday() * _DAY
        return monday, monday + 6 * _DAY
    if freq == "MONTHLY":
        return day.replace(day=1), day.replace(day=_length(day))
    return date(day.year, 1, 1), date(day.year, 12, 31)


@lru_cache(maxsize=1024)
def _chosen(rule: Recurrence, start: date, end: date) -> frozenset[date]:
    """The days of a period that stand at the rule's positions."""
    found = rule.within(start, end)
    places = (n - 1 if n > 0 else len(found) + n for n in rule.positions)
    return frozenset(found[place] for place in places if 0 <= place < len(found))


@lru_cache(maxsize=1024)
def parse(text: str) -> Recurrence:
    """Read a rule; raises ``ValueError`` with what is wrong in plain words."""
    if len(text) > LONGEST:
        raise ValueError(f"A rule has at most {LONGEST} characters.")
    parts = _parts(text)
    freq = parts.pop("FREQ", "")
    if freq not in FREQUENCIES:
        raise ValueError(f"A rule begins with FREQ, one of {', '.join(FREQUENCIES)}.")
    read: dict[str, tuple[int, ...]] = {
        field: _numbers(parts.pop(key), key, most, negative=negative)
        for key, (field, most, negative) in _NUMBERS.items()
        if key in parts
    }
    days = tuple(_nth(one) for one in parts.pop("BYDAY").split(",")) if "BYDAY" in parts else ()
    if parts:
        raise ValueError(f"{next(iter(parts))} is not among what a rule may say here.")
    rule = Recurrence(text.upper(), freq, days=days, **read)
    for wrong, why in _REFUSED:
        if wrong(rule):
            raise ValueError(why)
    return rule


def _parts(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in text.upper().strip().removeprefix("RRULE:").split(";"):
        name, sign, value = part.partition("=")
        if not sign or not value or name in found:
            raise ValueError(f"{part or 'Nothing'} is no part of a rule.")
        found[name] = value
    return found


_NUMBERS: Mapping[str, tuple[str, int, bool]] = {
    "BYMONTH": ("months", _MONTHS, False),
    "BYMONTHDAY": ("month_days", _MONTH_DAYS, True),
    "BYSETPOS": ("positions", _YEAR_DAYS, True),
}


def _numbers(text: str, name: str, most: int, negative: bool) -> tuple[int, ...]:
    found = []
    for part in text.split(","):
        digits = part.removeprefix("+").removeprefix("-")
        number = int(part) if digits.isascii() and digits.isdigit() and len(digits) < 4 else 0  # noqa: PLR2004
        if not 1 <= abs(number) <= most or (number < 0 and not negative):
            raise ValueError(f"{part or 'Nothing'} is no number that {name} takes.")
        found.append(number)
    return tuple(found)


def _nth(text: str) -> NthDay:
    number, day = text[:-2], text[-2:]
    if day not in DAYS:
        raise ValueError(f"{text or 'Nothing'} is no day; days are {', '.join(DAYS)}.")
    return (_numbers(number, "BYDAY", _YEAR_WEEKS, negative=True)[0] if number else 0, DAYS.index(day))


def _numbered(rule: Recurrence) -> bool:
    return any(number for number, _ in rule.days)


_REFUSED: Sequence[tuple[Callable[[Recurrence], bool], str]] = (
    (
        lambda rule: _numbered(rule) and rule.freq in {"DAILY", "WEEKLY"},
        "Only MONTHLY and YEARLY rules number their days.",
    ),
    (lambda rule: rule.freq == "WEEKLY" and bool(rule.month_days), "A WEEKLY rule takes no BYMONTHDAY."),
    (lambda rule: rule.freq == "DAILY" and bool(rule.positions), "A DAILY rule takes no BYSETPOS."),
    (
        lambda rule: rule.freq != "DAILY" and not rule.days and not rule.month_days,
        "A rule that is not DAILY names its days with BYDAY or BYMONTHDAY.",
    ),
)
