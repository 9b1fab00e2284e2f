"""When a change may send: windows that recur, in the local time of a place, correct over summer time.

A window is open at the moments whose wall-clock time lies between its beginning and its end, on the days of its rule:

- In the hour that is missing in spring, the beginning or end of a window is the moment of the jump. A window that lies
  wholly within the missing hour does not open on that day.
- In the hour that is there twice in autumn, the first one counts, for the beginning and for the end: no window is open
  twice in a night, and none is longer than it was agreed to be by a clock that was never put back.

RFC 5545 §3.3.5 reads a beginning in the missing hour by the offset before the jump, which puts it up to an hour after;
here the window is open as soon as the wall clock has passed its beginning.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from tieline.utility.changes.model import Recurring, Window
from tieline.utility.changes.policy import recurrence

MOST_RULES, MOST_EXCEPTIONS = 10, 20
_HORIZONS = (timedelta(days=9), timedelta(days=70), timedelta(days=800))
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
EVER = datetime.max.replace(tzinfo=UTC)
NEVER = datetime.min.replace(tzinfo=UTC)
Rules = Sequence[Recurring]


@dataclass(frozen=True, slots=True)
class Span:
    """From a moment to another; the last one is not within."""

    opens: datetime
    closes: datetime

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return (self.closes - self.opens).total_seconds()


def problems(rules: Rules) -> list[tuple[str, str]]:
    """What is wrong with rules: (field, sentence)."""
    if len(rules) > MOST_RULES:
        return [("rules", f"At most {MOST_RULES} windows.")]
    return [found for rule in rules for found in _problems(rule)]


def _problems(rule: Recurring) -> Iterator[tuple[str, str]]:
    if rule.zone not in available_timezones():
        yield "zone", "The name of a time zone, for example Europe/London."
    for field, text in (("starts", rule.starts), ("ends", rule.ends)):
        if _clock(text) is None:
            yield field, "A time of day, for example 22:00."
    if len(rule.but_not) > MOST_EXCEPTIONS:
        yield "but_not", f"At most {MOST_EXCEPTIONS} exceptions."
    for field, text in (("days", rule.days), *(("but_not", one) for one in rule.but_not[:MOST_EXCEPTIONS])):
        try:
            recurrence.parse(text)
        except ValueError as error:
            yield field, str(error)


def _clock(text: str) -> time | None:
    hours, sign, minutes = text.partition(":")
    if not (sign and len(hours) == len(minutes) == 2 and (hours + minutes).isascii() and (hours + minutes).isdigit()):  # noqa: PLR2004 - HH:MM
        return None
    if text == "24:00":
        return time()
    try:
        return time(int(hours), int(minutes))
    except ValueError:
        return None


def clock(text: str) -> time:
    """A time of day as HH:MM, where 24:00 is the next midnight; raises ``ValueError``."""
    found = _clock(text)
    if found is None:
        raise ValueError(f"{text} is no time of day.")
    return found


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The moment at which clocks first show a time on a day, or the jump where they do not show it at all."""
    local = datetime.combine(day, at, zone)
    there = local.astimezone(UTC)
    if there.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return there
    early = local.replace(fold=1).astimezone(UTC)
    before = early.astimezone(zone).utcoffset()
    while there - early > _SECOND:
        middle = early + (there - early) // 2
        early, there = (middle, there) if middle.astimezone(zone).utcoffset() == before else (early, middle)
    return there.replace(microsecond=0)


@lru_cache(maxsize=1 << 15)
def _on(rule: Recurring, day: date) -> Span | None:
    """When a rule opens on a day, if it does. Kept: a forecast asks of a year of days, a calendar for many changes."""
    if not recurrence.parse(rule.days).hits(day) or any(recurrence.parse(one).hits(day) for one in rule.but_not):
        return None
    zone, starts, ends = ZoneInfo(rule.zone), clock(rule.starts), clock(rule.ends)
    opens = instant(day, starts, zone)
    closes = instant(day if ends > starts else day + _DAY, ends, zone)
    return Span(opens, closes) if closes > opens else None


def _of_rule(rule: Recurring, after: datetime, until: datetime) -> Iterator[Span]:
    zone = ZoneInfo(rule.zone)
    first, last = after.astimezone(zone).date() - 2 * _DAY, until.astimezone(zone).date() + _DAY
    for number in range((last - first).days + 1):
        span = _on(rule, first + number * _DAY)
        if span is not None and span.closes > after and span.opens < until:
            yield span


def merged(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, those that touch made into one."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda one: one.opens):
        if found and span.opens <= found[-1].closes:
            found[-1] = Span(found[-1].opens, max(found[-1].closes, span.closes))
        else:
            found.append(span)
    return found


def both(one: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    """Where two orders of spans are open together; within each, spans come one after another."""
    found, left, right = [], list(reversed(one)), list(reversed(other))
    while left and right:
        opens, closes = max(left[-1].opens, right[-1].opens), min(left[-1].closes, right[-1].closes)
        if opens < closes:
            found.append(Span(opens, closes))
        (left if left[-1].closes == closes else right).pop()
    return found


def without(spans: Sequence[Span], held: Sequence[Span]) -> list[Span]:
    """Spans without the time in which something holds."""
    left = list(spans)
    for hold in held:
        cut = (
            part
            for span in left
            for part in (
                Span(span.opens, min(span.closes, hold.opens)),
                Span(max(span.opens, hold.closes), span.closes),
            )
        )
        left = [span for span in cut if span.closes > span.opens]
    return left


def of_rules(rules: Rules, after: datetime, until: datetime) -> list[Span]:
    """When rules are open between two moments, whole spans; no rules: all the time."""
    if not rules:
        return [Span(after, until)]
    return merged(span for rule in rules for span in _of_rule(rule, after, until))


def of_window(window: Window, after: datetime, until: datetime) -> list[Span]:
    """When a window is open between two moments."""
    bounds = Span(window.opens or NEVER, window.closes or EVER)
    return both(of_rules(window.rules, after, until), [bounds])


def together(windows: Sequence[Window | Rules], after: datetime, until: datetime) -> list[Span]:
    """When several windows are all open: a change's own, its policy's, its operator's."""
    found: list[Span] | None = None
    for one in windows:
        mine = of_window(one, after, until) if isinstance(one, Window) else of_rules(one, after, until)
        found = mine if found is None else both(found, mine)
    return [Span(after, until)] if found is None else found


def following(windows: Sequence[Window | Rules], now: datetime) -> Span | None:
    """The opening that lasts now or, if none does, the next one; None: it opens no more within two years."""
    for horizon in _HORIZONS:
        found = [span for span in together(windows, now, now + horizon) if span.closes > now]
        if found:
            return found[0]
    return None


def is_open(windows: Sequence[Window | Rules], now: datetime) -> bool:
    """Whether all windows are open at a moment, worked out anew."""
    if not any(one.rules if isinstance(one, Window) else one for one in windows):
        return all(_between(one, now) for one in windows if isinstance(one, Window))
    return any(span.opens <= now < span.closes for span in together(windows, now, now + _SECOND))


def _between(window: Window, now: datetime) -> bool:
    return (window.opens is None or window.opens <= now) and (window.closes is None or window.closes > now)


@dataclass(frozen=True, slots=True)
class Stored:
    """An opening as it was worked out and kept, and the moment at which that was last looked at."""

    span: Span | None
    seen_at: datetime | None


BELIEVED = timedelta(days=1)
"""A clock that goes back by more than this was wrong before: what it said then counts no more."""


def roll(windows: Sequence[Window | Rules], stored: Stored, now: datetime) -> Stored:
    """The opening to be kept from now on.

    A clock that goes back by up to a day changes nothing: an opening that was over stays over. One that goes back by
    more had been wrong, and the opening is worked out anew.
    """
    if stored.seen_at is not None and now < stored.seen_at <= now + BELIEVED:
        return stored
    wrong = stored.seen_at is not None and stored.seen_at > now
    if stored.span is not None and stored.span.closes > now and not wrong:
        return Stored(stored.span, now)
    return Stored(following(windows, now), now)
