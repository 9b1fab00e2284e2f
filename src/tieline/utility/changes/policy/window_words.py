"""Windows in words: "Mon-Thu 22:00-05:00 Europe/London, not the last working day of the month", read and written."""

import re
from collections.abc import Mapping, Sequence

from tieline.utility.changes.model import Recurring
from tieline.utility.changes.policy import recurrence
from tieline.utility.changes.policy.recurrence import DAYS, Recurrence

_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ORDINALS: Mapping[str, int] = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": -1}
_WORKING = "MO,TU,WE,TH,FR"
_SETS: Mapping[str, str] = {
    "daily": "FREQ=DAILY",
    "every day": "FREQ=DAILY",
    "working days": f"FREQ=WEEKLY;BYDAY={_WORKING}",
    "weekdays": f"FREQ=WEEKLY;BYDAY={_WORKING}",
    "weekends": "FREQ=WEEKLY;BYDAY=SA,SU",
}
_TIMES = re.compile(r"(\d{1,2}:\d{2})\s*(?:-|\u2013|to)\s*(\d{1,2}:\d{2})")
_OF_MONTH = re.compile(r"(?:the )?(\w+) (working day|\w+) of (?:the|each|every) month")
_DATE = re.compile(r"(\d{1,2}) (\w{3})\w*")
ADVICE = "For example: Mon-Thu 22:00-05:00 Europe/London, not the last working day of the month"


def read(text: str, zone: str = "Europe/London") -> Recurring:
    """A window from words; ``zone`` is meant where none is named. Raises ``ValueError`` with what is not understood."""
    first, *rest = [part.strip() for part in text.replace("RRULE:", "").split(",")]
    while rest and not rest[0].lower().startswith("not ") and not _TIMES.search(first):
        first = f"{first},{rest.pop(0)}"
    times = _TIMES.search(first)
    if times is None:
        raise ValueError("There is no time in it, as 22:00-05:00.")
    days, place = first[: times.start()].strip(), first[times.end() :].strip()
    exceptions = _exceptions(rest)
    starts, ends = (one.rjust(5, "0") for one in times.groups())
    return Recurring(place or zone, starts, ends, _days(days or "daily"), exceptions)


def _exceptions(parts: Sequence[str]) -> tuple[str, ...]:
    """What follows "not"; days of one exception may have commas between them."""
    found: list[str] = []
    for part in parts:
        if part.lower().startswith("not "):
            found.append(part[4:])
        elif found:
            found[-1] = f"{found[-1]},{part}"
        else:
            raise ValueError(f"\u201c{part}\u201d is not understood; exceptions begin with \u201cnot\u201d.")
    return tuple(_days(one) for one in found)


def _days(text: str) -> str:
    if text.upper().startswith("FREQ="):
        return recurrence.parse(text).text
    plain = " ".join(text.lower().replace("\u2013", "-").split())
    found = _SETS.get(plain) or _of_month(plain) or _date(plain) or _week(plain)
    if found is None:
        raise ValueError(f"\u201c{text}\u201d names no days that are understood.")
    return found


def _of_month(text: str) -> str | None:
    match = _OF_MONTH.fullmatch(text)
    if match is None:
        return None
    number, what = _ORDINALS.get(match[1]), match[2]
    if number is None:
        return None
    if what == "working day":
        return f"FREQ=MONTHLY;BYDAY={_WORKING};BYSETPOS={number}"
    if what == "day":
        return f"FREQ=MONTHLY;BYMONTHDAY={number}"
    day = _day(what)
    return None if day is None else f"FREQ=MONTHLY;BYDAY={number}{DAYS[day]}"


def _date(text: str) -> str | None:
    match = _DATE.fullmatch(text)
    month = match[2].capitalize() if match else ""
    if match is None or month not in _MONTHS or not 1 <= int(match[1]) <= 31:  # noqa: PLR2004 - days of a month
        return None
    return f"FREQ=YEARLY;BYMONTH={_MONTHS.index(month) + 1};BYMONTHDAY={int(match[1])}"


def _week(text: str) -> str | None:
    chosen: set[int] = set()
    for part in re.split(r"\s*,\s*|\s+and\s+", text):
        begin, dash, end = part.partition("-")
        first, last = _day(begin.strip()), _day((end if dash else begin).strip())
        if first is None or last is None:
            return None
        chosen |= {day % 7 for day in range(first, last + 1 if last >= first else last + 8)}
    return f"FREQ=WEEKLY;BYDAY={','.join(DAYS[day] for day in sorted(chosen))}"


def _day(word: str) -> int | None:
    short = word[:3].capitalize()
    full = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    known = short in _NAMES and len(word) >= 3 and any(name.startswith(word) for name in full)  # noqa: PLR2004 - Mon
    return _NAMES.index(short) if known else None


def words(rule: Recurring) -> str:
    """A window in words; what has none is written as its rule."""
    exceptions = "".join(f", not {_of_rule(one)}" for one in rule.but_not)
    return f"{_of_rule(rule.days)} {rule.starts}\u2013{rule.ends} {rule.zone}{exceptions}"


_SPECIAL: Mapping[str, str] = {
    "FREQ=DAILY": "daily",
    f"FREQ=WEEKLY;BYDAY={_WORKING}": "working days",
    "FREQ=WEEKLY;BYDAY=SA,SU": "weekends",
}


def _of_rule(text: str) -> str:
    rule = recurrence.parse(text)
    return _SPECIAL.get(rule.text) or _named(rule) or rule.text


def _named(rule: Recurrence) -> str:
    """The words for some shapes of rule; empty for any other."""
    parts = dict(part.split("=") for part in rule.text.split(";"))
    shape = (rule.freq, *sorted(set(parts) - {"FREQ"}))
    if shape == ("WEEKLY", "BYDAY"):
        return _row([day for _, day in rule.days])
    if shape == ("MONTHLY", "BYDAY") and len(rule.days) == 1:
        return _ordinal(rule.days[0][0], _FULL[rule.days[0][1]])
    if shape == ("MONTHLY", "BYDAY", "BYSETPOS") and parts["BYDAY"] == _WORKING and len(rule.positions) == 1:
        return _ordinal(rule.positions[0], "working day")
    if shape == ("MONTHLY", "BYMONTHDAY") and rule.month_days in {(1,), (-1,)}:
        return _ordinal(rule.month_days[0], "day")
    if shape == ("YEARLY", "BYMONTH", "BYMONTHDAY") and len(rule.months) == len(rule.month_days) == 1:
        return f"{rule.month_days[0]} {_MONTHS[rule.months[0] - 1]}" if rule.month_days[0] > 0 else ""
    return ""


_FULL = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _ordinal(number: int, what: str) -> str:
    word = next((word for word, value in _ORDINALS.items() if value == number), "")
    return f"the {word} {what} of the month" if word else ""


def _row(days: Sequence[int]) -> str:
    """Days of a week: Mon\u2013Thu where three or more follow one another, else one by one."""
    ordered = sorted(set(days))
    if len(ordered) > 2 and ordered[-1] - ordered[0] == len(ordered) - 1:  # noqa: PLR2004 - two are named
        return f"{_NAMES[ordered[0]]}\u2013{_NAMES[ordered[-1]]}"
    return ", ".join(_NAMES[day] for day in ordered)
