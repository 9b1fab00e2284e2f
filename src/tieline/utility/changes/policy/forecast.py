"""When a change can begin, how many openings of its window it takes, and when it will be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tieline.utility.changes.policy.windows import Span

LOOKED_AHEAD = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Filled:
    """Work put into openings: when it begins and ends, and in how many openings it is done."""

    begins: datetime
    ends: datetime
    openings: int


def fill(spans: Sequence[Span], seconds: float, now: datetime) -> Filled | None:
    """Put so many seconds of work into openings from now on; None when they do not suffice."""
    left, begins, used = timedelta(seconds=max(0.0, seconds)), None, 0
    for span in spans:
        opens = max(span.opens, now)
        if span.closes <= opens:
            continue
        begins, used = begins or opens, used + 1
        if opens + left <= span.closes:
            return Filled(begins, opens + left, used)
        left -= span.closes - opens
    return None


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is expected of a change, or its part at one operator, from least to most.

    ``begins``: the first moment at which anything may be sent. ``openings``: of its windows ("nights"). ``done``: least
    None means that it does not fit into the openings of the next year or so. ``windowed``: whether a window bounds it.
    """

    begins: datetime | None
    openings: tuple[int, int] | None
    done: tuple[datetime | None, datetime | None]
    windowed: bool
    why_not: str = ""


def forecast(spans: Sequence[Span], seconds: tuple[float, float], now: datetime, *, windowed: bool) -> Forecast:
    """Work out what is expected of work that takes from least to most seconds."""
    least, most = fill(spans, seconds[0], now), fill(spans, seconds[1], now)
    begins = next((max(span.opens, now) for span in spans if span.closes > now), None)
    if begins is None:
        why_not = "As things are held, it may not begin within the next year."
        return Forecast(None, None, (None, None), windowed, why_not)
    if least is None:
        return Forecast(begins, None, (None, None), windowed, "It does not fit into its windows of the next year.")
    openings = (least.openings, most.openings) if most else None
    why_not = "" if most else "At its slowest it does not fit into its windows of the next year."
    return Forecast(begins, openings, (least.ends, most.ends if most else None), windowed, why_not)


def together(parts: Sequence[Forecast]) -> Forecast | None:
    """A change as a whole: its operators are worked on side by side, and it is done with the last of them."""
    if not parts:
        return None
    begins = [one.begins for one in parts if one.begins is not None]
    troubles = [one.why_not for one in parts if one.why_not]
    known = [one.openings for one in parts if one.openings is not None]
    openings = (max(one[0] for one in known), max(one[1] for one in known)) if len(known) == len(parts) else None
    return Forecast(
        min(begins) if begins else None,
        openings,
        (_latest([one.done[0] for one in parts]), _latest([one.done[1] for one in parts])),
        any(one.windowed for one in parts),
        troubles[0] if troubles else "",
    )


def _latest(moments: Sequence[datetime | None]) -> datetime | None:
    known = [one for one in moments if one is not None]
    return max(known) if len(known) == len(moments) else None
