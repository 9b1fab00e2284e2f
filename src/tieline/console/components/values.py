"""The small values that tables, lists and cards are filled with, each knowing how it wants to be shown.

``ui.value(x)`` in a template shows any of them, and plain strings, numbers, times and ``None`` too.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar


class Tone(StrEnum):
    """What a state means to the person who looks, whatever the state is called."""

    OK = "ok"
    BUSY = "busy"
    WARN = "warn"
    BAD = "bad"
    HELD = "held"
    OFF = "off"
    UNKNOWN = "unknown"

    @property
    def icon(self) -> str:
        """The icon that carries the tone beside its colour."""
        return _ICONS[self]

    @property
    def rank(self) -> int:
        """How much it matters, 0 (least) to 6; the worst of several states is the one that ranks highest."""
        return _RANKS.index(self)


_ICONS = {
    Tone.OK: "circle-check",
    Tone.BUSY: "circle-dot",
    Tone.WARN: "triangle-alert",
    Tone.BAD: "octagon-alert",
    Tone.HELD: "circle-pause",
    Tone.OFF: "circle-minus",
    Tone.UNKNOWN: "circle-help",
}
_RANKS = (Tone.OFF, Tone.OK, Tone.BUSY, Tone.UNKNOWN, Tone.HELD, Tone.WARN, Tone.BAD)
RAMP = ("ramp1", "ramp2", "ramp3", "ramp4", "ramp5")
"""Tones for kinds that are no state (technologies, say), older to newer, in one hue."""


def worst(tones: list[Tone]) -> Tone:
    """The tone that matters most; ``UNKNOWN`` when there is none."""
    return max(tones, key=lambda tone: tone.rank, default=Tone.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Badge:
    """A state: icon, word and colour together. ``icon`` overrides the tone's own."""

    part: ClassVar[str] = "badge"
    word: str
    tone: Tone = Tone.UNKNOWN
    icon: str = ""
    tip: str = ""


@dataclass(frozen=True, slots=True)
class Age:
    """How old a value is: when it was observed and by whom; older than ``stale_after`` is marked.

    ``at`` None means that nothing was ever observed. Times are aware; naive ones are refused when shown.
    """

    part: ClassVar[str] = "age"
    at: datetime | None
    source: str = ""
    stale_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """A value from outside together with its age: "4G, band 20 · 2 min ago"."""

    part: ClassVar[str] = "observed"
    value: str
    age: Age


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead somewhere. ``sheet`` opens it beside the list instead of leaving the page."""

    part: ClassVar[str] = "link"
    text: str
    href: str
    sheet: bool = False
    hint: str = ""


class IdentKind(StrEnum):
    """Which identifier, hence how its digits are grouped for the eye; copying gives them ungrouped."""

    ICCID = "iccid"
    IMSI = "imsi"
    MSISDN = "msisdn"
    IMEI = "imei"
    EID = "eid"
    HASH = "hash"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Ident:
    """An identifier: grouped, monospaced, with a button that copies it."""

    part: ClassVar[str] = "ident"
    value: str
    kind: IdentKind = IdentKind.PLAIN
    href: str = ""
    copy: bool = True


@dataclass(frozen=True, slots=True)
class Count:
    """A number that leads to the list behind it. ``unit`` follows the number when the column does not name it."""

    part: ClassVar[str] = "count"
    value: int | float | None
    href: str = ""
    unit: str = ""
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole from 0 to 1, shown as a percentage with a bar when ``bar``."""

    part: ClassVar[str] = "share"
    value: float | None
    tone: Tone = Tone.OK
    bar: bool = True
    decimals: int = 1


@dataclass(frozen=True, slots=True)
class Several:
    """Several values one after another, or one above another when ``stacked``."""

    part: ClassVar[str] = "several"
    values: tuple[object, ...]
    stacked: bool = False
