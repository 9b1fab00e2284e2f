"""Rows, samples and the report: raw samples go to ``bench.json``, the table to the screen and to the docs."""

import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec


@dataclass(frozen=True, slots=True)
class Bar:
    """What a figure must reach: ``at_most`` or ``at_least`` a value."""

    kind: Literal["at_most", "at_least"]
    value: float

    def met(self, figure: float) -> bool:
        """Whether the figure reaches the bar."""
        return figure <= self.value if self.kind == "at_most" else figure >= self.value

    def __str__(self) -> str:
        return f"{'≤' if self.kind == 'at_most' else '≥'} {self.value:g}"


@dataclass(slots=True)
class Figure:
    """One measured quantity: its samples, what stands for them in the table, and its bar if it has one."""

    name: str
    unit: str
    samples: list[float]
    value: float
    bar: Bar | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """``met``, ``missed``, or nothing where there is no bar."""
        if self.bar is None:
            return ""
        return "met" if self.bar.met(self.value) else "missed"


@dataclass(slots=True)
class Report:
    """The figures of one row."""

    row: str
    figures: list[Figure] = field(default_factory=list)

    def add(
        self,
        name: str,
        unit: str,
        samples: Sequence[float],
        *,
        value: float | None = None,
        bar: Bar | None = None,
        note: str = "",
    ) -> None:
        """Add a figure; the median of its samples stands for it unless ``value`` says otherwise."""
        shown = statistics.median(samples) if value is None else value
        self.figures.append(Figure(name, unit, list(samples), shown, bar, note))


Row = Callable[[Report], None]
ROWS: dict[str, tuple[str, Row]] = {}


def row(name: str, what: str) -> Callable[[Row], Row]:
    """Register a row of the benchmark under a name that ``ROW=`` takes."""

    def register(run: Row) -> Row:
        ROWS[name] = (what, run)
        return run

    return register


@contextmanager
def timed(samples: list[float], scale: float = 1.0) -> Iterator[None]:
    """Append how long the block took, in seconds times ``scale``."""
    start = time.perf_counter()
    yield
    samples.append((time.perf_counter() - start) * scale)


def percentile(samples: Sequence[float], share: float) -> float:
    """The nearest-rank percentile; ``share`` 0.99 is p99."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // 1024 // 1024
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": memory,
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_at_start": os.getloadavg()[0],
    }


def save(reports: Sequence[Report], where: Path) -> None:
    """Write the raw samples, keeping those of rows that were not run this time."""
    old = msgspec.json.decode(where.read_bytes()) if where.exists() else {"rows": {}}
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S607
    for report in reports:
        old["rows"][report.row] = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "commit": commit.stdout.strip(),
            "figures": [msgspec.to_builtins(figure) for figure in report.figures],
        }
    old["machine"] = machine()
    where.write_bytes(msgspec.json.format(msgspec.json.encode(old), indent=1))


def table(reports: Sequence[Report]) -> str:
    """The figures as a Markdown table."""
    lines = ["| Row | What | Figure | Bar | |", "|---|---|---|---|---|"]
    for report in reports:
        for figure in report.figures:
            bar = str(figure.bar) if figure.bar else ""
            note = f" ({figure.note})" if figure.note else ""
            lines.append(
                f"| {report.row} | {figure.name}{note} | {figure.value:,.4g} {figure.unit} | {bar} | {figure.verdict} |"
            )
    return "\n".join(lines)
