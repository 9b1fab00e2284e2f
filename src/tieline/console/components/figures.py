"""Figures: big numbers, bars, sparklines, ribbons, timelines, charts. All carry their facts in text as well."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from tieline.console.components.values import Age, Tone


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar; leads to the list behind it. ``tone`` is a state's, or one of ``values.RAMP``."""

    label: str
    value: float
    tone: str = "ramp3"
    href: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A labelled bar made of segments: an operator by technology, say."""

    label: str
    segments: tuple[Segment, ...]
    href: str = ""

    @property
    def total(self) -> float:
        """What the segments sum to."""
        return sum(segment.value for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment's place in its bar, in per cent of the drawing's width."""

    segment: Segment
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class StackedBars:
    """Bars on one scale, one above another. ``unit`` says what is counted. ``relative`` fills every bar to its end."""

    caption: str
    bars: tuple[Bar, ...]
    unit: str = ""
    relative: bool = False

    def pieces(self, bar: Bar) -> tuple[Piece, ...]:
        """Where each segment lies. One that is not zero is never thinner than half a per cent."""
        scale = bar.total if self.relative else max((one.total for one in self.bars), default=0)
        found, at = [], 0.0
        for segment in bar.segments:
            if segment.value <= 0 or scale <= 0:
                continue
            width = max(0.5, 100 * segment.value / scale)
            found.append(Piece(segment, round(at, 2), round(min(width, 100 - at), 2)))
            at = min(100.0, at + width)
        return tuple(found)

    def kinds(self) -> tuple[Segment, ...]:
        """One entry a label, summed over the bars, in the order of first appearance: the legend."""
        found: dict[str, Segment] = {}
        for bar in self.bars:
            for segment in bar.segments:
                before = found.get(segment.label)
                total = segment.value + (before.value if before else 0)
                found[segment.label] = Segment(segment.label, total, segment.tone)
        return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that matters, what it counts, and what it means. Leads to the list behind it."""

    label: str
    value: float | None
    href: str = ""
    unit: str = ""
    tone: str = ""
    note: str = ""
    decimals: int = 0
    trend: Sequence[float | None] = ()
    age: Age | None = None
    of: float | None = None


@dataclass(frozen=True, slots=True)
class Spark:
    """A sparkline: the shape of a series, with its first, last, lowest and highest value in words."""

    values: Sequence[float | None]
    label: str
    tone: str = "busy"
    width: int = 96
    height: int = 24

    def paths(self) -> tuple[str, ...]:
        """Line pieces as SVG path data; a missing value breaks the line and is not bridged."""
        pieces: list[list[str]] = [[]]
        for index, value in enumerate(self.values):
            if value is None:
                pieces.append([])
                continue
            x, y = self._point(index, value)
            pieces[-1].append(f"{'L' if pieces[-1] else 'M'}{x:.1f} {y:.1f}")
        return tuple(" ".join(piece) if len(piece) > 1 else f"{piece[0]} h1" for piece in pieces if piece)

    @property
    def last(self) -> tuple[float, float] | None:
        """Where the newest value lies, for its dot."""
        for index in range(len(self.values) - 1, -1, -1):
            value = self.values[index]
            if value is not None:
                return self._point(index, value)
        return None

    @property
    def words(self) -> str:
        """What the line shows, for those who do not see it."""
        known = [value for value in self.values if value is not None]
        if not known:
            return f"{self.label}: no values"
        return f"{self.label}: last {known[-1]:g}, lowest {min(known):g}, highest {max(known):g}"

    def _point(self, index: int, value: float) -> tuple[float, float]:
        known = [one for one in self.values if one is not None]
        low, high = min(known), max(known)
        step = (self.width - 6) / max(1, len(self.values) - 1)
        level = 0.5 if high == low else (value - low) / (high - low)
        return 3 + index * step, self.height - 3 - level * (self.height - 6)


@dataclass(frozen=True, slots=True)
class Run:
    """Intervals of one state in a row. ``state`` is a key of the ribbon's ``states``."""

    state: str
    intervals: int


@dataclass(frozen=True, slots=True)
class Ribbon:
    """Availability: one pixel column an interval, unknown ones hatched.

    ``states`` gives each key's word and tone. The words beneath are counted from the runs, so they cannot disagree.
    """

    label: str
    start: datetime
    interval_s: int
    runs: Sequence[Run]
    states: dict[str, tuple[str, Tone]]

    @property
    def encoded(self) -> str:
        """The runs as the script reads them: ``up:1200 down:3``."""
        return " ".join(f"{run.state}:{run.intervals}" for run in self.runs)

    @property
    def legend(self) -> str:
        """The states as the script reads them: ``up|In service|ok;…``."""
        return ";".join(f"{key}|{word}|{tone}" for key, (word, tone) in self.states.items())

    def totals(self) -> tuple[tuple[str, Tone, int, float], ...]:
        """For each state that occurs: word, tone, seconds, share of the whole."""
        whole = sum(run.intervals for run in self.runs)
        found = []
        for key, (word, tone) in self.states.items():
            count = sum(run.intervals for run in self.runs if run.state == key)
            if count:
                found.append((word, tone, count * self.interval_s, count / whole))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Mark:
    """Something on a timeline: a moment, or a span when ``until`` is set (``None`` there and ``open``: still going)."""

    at: datetime
    text: str
    tone: str = "busy"
    until: datetime | None = None
    open: bool = False
    href: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """A row of a timeline: sessions, readings, probes, changes, incidents, power."""

    label: str
    marks: tuple[Mark, ...]
    icon: str = "activity"


@dataclass(frozen=True, slots=True)
class Timeline:
    """Lanes over one span of time. Everything drawn stands in a list beneath as well."""

    label: str
    start: datetime
    end: datetime
    now: datetime
    lanes: tuple[Lane, ...]

    def in_order(self) -> tuple[tuple[Lane, Mark], ...]:
        """Every mark with its lane, newest first."""
        found = [(lane, mark) for lane in self.lanes for mark in lane.marks]
        return tuple(sorted(found, key=lambda pair: pair[1].at, reverse=True))


@dataclass(frozen=True, slots=True)
class Series:
    """A line of a chart; as many values as the chart has times."""

    label: str
    values: Sequence[float | None]
    tone: str = "busy"


@dataclass(frozen=True, slots=True)
class Chart:
    """Values over time; ``times`` are seconds since 1970, rising.

    ``href`` fetches newer data, JSON of the shape that :meth:`data` gives, every ``every_s`` seconds unless that is 0.
    ``limit`` draws a line: a permitted rate, a threshold.
    """

    label: str
    times: Sequence[int]
    series: tuple[Series, ...]
    unit: str = ""
    height: int = 200
    href: str = ""
    every_s: int = 0
    limit: float | None = None
    limit_label: str = ""
    summary: str = field(default="")

    def __post_init__(self) -> None:
        """Refuse what could not be drawn truthfully."""
        if any(len(one.values) != len(self.times) for one in self.series):
            raise ValueError(f"every series of {self.label!r} needs {len(self.times)} values")
        if any(later <= earlier for earlier, later in pairwise(self.times)):
            raise ValueError(f"the times of {self.label!r} do not rise")

    def data(self) -> dict[str, object]:
        """What the script draws."""
        return {
            "times": list(self.times),
            "series": [{"label": one.label, "tone": one.tone, "values": list(one.values)} for one in self.series],
            "unit": self.unit,
            "limit": self.limit,
            "limitLabel": self.limit_label,
        }
