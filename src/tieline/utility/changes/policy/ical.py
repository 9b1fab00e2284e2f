"""iCalendar (RFC 5545): events as a calendar program subscribes to them. Pure: events in, text out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

_OCTETS = 75


@dataclass(frozen=True, slots=True)
class Event:
    """Something in a calendar. ``status``: TENTATIVE, CONFIRMED or CANCELLED. Without an end it lasts a moment."""

    uid: str
    summary: str
    starts_at: datetime
    ends_at: datetime | None = None
    description: str = ""
    url: str = ""
    categories: Sequence[str] = ()
    status: str = "CONFIRMED"


def calendar(events: Iterable[Event], *, name: str, now: datetime) -> str:
    """A calendar as text (§3.4); every line ends with CR and LF, and none is longer than 75 octets (§3.1)."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Tieline//Changes//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_text(name)}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT15M",
    ]
    for event in events:
        lines += _event(event, now)
    lines.append("END:VCALENDAR")
    return "".join(f"{folded}\r\n" for line in lines for folded in fold(line))


def _event(event: Event, now: datetime) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(event.uid)}"
    yield f"DTSTAMP:{_moment(now)}"
    yield f"DTSTART:{_moment(event.starts_at)}"
    if event.ends_at is not None and event.ends_at > event.starts_at:
        yield f"DTEND:{_moment(event.ends_at)}"
    yield f"SUMMARY:{_text(event.summary)}"
    if event.description:
        yield f"DESCRIPTION:{_text(event.description)}"
    if event.url:
        yield f"URL:{event.url}"
    if event.categories:
        yield f"CATEGORIES:{','.join(_text(one) for one in event.categories)}"
    yield f"STATUS:{event.status}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _moment(at: datetime) -> str:
    """A moment in UTC (§3.3.5, form 2)."""
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(text: str) -> str:
    """A value of type TEXT (§3.3.11); control characters have no place in it."""
    plain = text.replace("\r\n", "\n").replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return "".join("\\n" if sign == "\n" else sign for sign in plain if sign == "\n" or sign.isprintable())


def fold(line: str) -> Iterator[str]:
    """A line in pieces of at most 75 octets, no character cut; each but the first begins with a space (§3.1)."""
    piece, size, room = "", 0, _OCTETS
    for sign in line:
        octets = len(sign.encode())
        if size + octets > room:
            yield piece
            piece, size, room = " ", 1, _OCTETS
        piece, size = piece + sign, size + octets
    yield piece
