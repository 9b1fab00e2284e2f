"""The overview's figures, bars and lists; each number leads to the list behind it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tieline.console.components.figures import Bar, Figure, Segment, StackedBars
from tieline.console.components.formats import plural
from tieline.console.components.frame import PageHead
from tieline.console.components.values import Count
from tieline.utility.console import words
from tieline.utility.console.filters import href
from tieline.utility.inventory import TECHNOLOGIES

SHOWN = (*TECHNOLOGIES, "none")
MOST_BANDS = 8


@dataclass(frozen=True, slots=True)
class Counts:
    """What the overview counts; each within what the person may see."""

    sites: int = 0
    subscriptions: int = 0
    unlinked: int = 0
    lost: int = 0
    shared_mast: int = 0
    hanging_on_3g: int = 0
    stale: int = 0
    drift: int = 0
    unknown: int = 0
    suspended: int = 0


def head(counts: Counts | None) -> PageHead:
    """The state of the fleet in one line."""
    if counts is None:
        return PageHead("Overview")
    if not counts.sites and not counts.subscriptions:
        return PageHead("Overview", "Nothing has been brought in yet.")
    sentence = f"{plural(counts.sites, 'site')}, {plural(counts.subscriptions, 'fitted subscription')}."
    return PageHead("Overview", sentence)


def incidents(rows: Iterable[Mapping[str, Any]]) -> Figure:
    """Open incidents, and how many nobody looks after yet."""
    found = list(rows)
    total = sum(row["count"] for row in found)
    fresh = sum(row["count"] for row in found if row["state"] == "open")
    critical = any(row["severity"] == "critical" for row in found)
    note = f"{fresh:,} that nobody looks after yet" if fresh else "each has somebody" if total else "none is open"
    return Figure(
        "Open incidents", total, "/incidents", tone="bad" if critical else "warn" if total else "ok", note=note
    )


def figures(counts: Counts) -> tuple[Figure, ...]:
    """The four figures of the fleet that matter now."""
    return (
        Figure(
            "Sites with a link down",
            counts.lost,
            href("/sites", attached=False),
            of=counts.sites,
            tone="warn" if counts.lost else "ok",
            note=_down(counts) if counts.lost else "every link is attached",
        ),
        Figure(
            "All links on one mast",
            counts.shared_mast,
            href("/sites", shared_mast=True),
            of=counts.sites,
            tone="warn" if counts.shared_mast else "ok",
            note="two operators, yet one path" if counts.shared_mast else "links stand on different masts",
        ),
        Figure(
            "Sites that hang on 3G",
            counts.hanging_on_3g,
            href("/sites", hanging_on="3G"),
            of=counts.sites,
            tone="warn" if counts.hanging_on_3g else "ok",
            note="all their links are on 3G" if counts.hanging_on_3g else "none depends on 3G alone",
        ),
        Figure(
            "Cells reported over a day ago",
            counts.stale,
            href("/subscriptions", stale=True, linked=True),
            of=counts.subscriptions,
            tone="warn" if counts.stale else "ok",
            note="not confirmed since" if counts.stale else "every serving cell is known",
        ),
    )


def _down(counts: Counts) -> str:
    return "the reserve is gone, or all, or never reported" if counts.unknown else "the reserve is gone, or all"


def also(counts: Counts) -> tuple[tuple[str, Count], ...]:
    """What else is worth a look, each number leading to its list."""

    def fitted(count: int, query: str) -> Count:
        return Count(count, href("/subscriptions", query, linked=True))

    return (
        ("Sites without any link", Count(counts.unlinked, href("/sites", linked=False))),
        ("Links never reported", fitted(counts.unknown, "technology=none")),
        ("Operator reports otherwise than desired", fitted(counts.drift, "drift=1")),
        ("Suspended subscriptions in the field", fitted(counts.suspended, "state=SUSPENDED")),
    )


def technologies(groups: Iterable[Mapping[str, Any]], names: Mapping[str, str]) -> StackedBars:
    """Operator by technology; each segment leads to its subscriptions."""
    totals = _totals(groups, "operator", "technology")
    bars = tuple(
        Bar(
            names.get(code, code),
            tuple(
                Segment(
                    words.NEVER_REPORTED if technology == "none" else technology,
                    totals.get((code, technology), 0),
                    words.TECHNOLOGY_TONES[technology],
                    href("/subscriptions", operator=code, technology=technology, linked=True),
                )
                for technology in SHOWN
            ),
            href("/subscriptions", operator=code, linked=True),
        )
        for code in dict.fromkeys([*names, *(operator for operator, _ in totals)])
    )
    return StackedBars("Fitted subscriptions by operator and technology", bars, "subscriptions")


def bands(groups: Iterable[Mapping[str, Any]]) -> tuple[Segment, ...]:
    """Technology and band, the most frequent first; each leads to its subscriptions."""
    totals = _totals(groups, "technology", "band")
    ranked = sorted(totals.items(), key=lambda one: -one[1])
    return tuple(
        Segment(
            words.serving(TECHNOLOGIES[technology], None if band == "none" else band),
            count,
            words.TECHNOLOGY_TONES[technology],
            href("/subscriptions", technology=technology, band=None if band == "none" else band, linked=True),
        )
        for (technology, band), count in ranked
        if technology != "none"
    )[:MOST_BANDS]


def _totals(groups: Iterable[Mapping[str, Any]], first: str, second: str) -> dict[tuple[str, str], int]:
    """Subscriptions by two of the dimensions; what was never reported counts as "none"."""
    totals: dict[tuple[str, str], int] = {}
    for group in groups:
        key = (str(group[first] or "none"), str(group[second] or "none"))
        totals[key] = totals.get(key, 0) + int(group["subscriptions"])
    return totals
