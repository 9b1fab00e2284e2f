"""What each operator of the demonstration announces: the end of 3G, cities first, as its staff would write it.

An operator plans by its own network, so that the phases are its own cells: those where they stand densest, then those
of the towns, and in the end whatever is left.
"""

import csv
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx

from tieline.platform.errors import Unavailable

REFERENCE = "3G-PHASE-OUT"
STAFF = "network planning"
SQUARE = 0.1
"""Degrees: the size of the squares by which density is told, about 11 by 7 kilometres."""
SHARES = (0.35, 0.75)
"""How much of its 3G cells an operator counts as in cities, and in cities or towns."""
BEGINS_IN, LASTS = 6, 12
_DECEMBER, _LAST_DAY = 12, 28


def months_later(moment: datetime, months: int) -> datetime:
    """The same day some months later at midnight UTC; the 28th at the latest, so that every month has it."""
    month = moment.month - 1 + months
    day = min(moment.day, _LAST_DAY)
    return datetime(moment.year + month // _DECEMBER, month % _DECEMBER + 1, day, tzinfo=UTC)


def phase_out(world: Path, slug: str, now: datetime) -> dict[str, Any]:
    """The notice of an operator, as its back office takes it: from six months on, over twelve months."""
    cities, towns = _dense(world / f"cells-{slug}.csv")
    edges = [months_later(now, BEGINS_IN + LASTS * step // 3) for step in range(4)]
    areas: list[tuple[str, str, Mapping[str, Any]]] = [
        ("cities", "Cities", {"@type": "Cells", "cell": cities}),
        ("towns", "Towns", {"@type": "Cells", "cell": towns}),
        ("countryside", "Everywhere else", {"@type": "WholeNetwork"}),
    ]
    return {
        "kind": "phase-out",
        "title": "The end of 3G",
        "description": "3G (UMTS, bands 1 and 8) is switched off everywhere. It begins where its cells stand densest; "
        "their spectrum is used for 4G and 5G afterwards.\nDevices without 4G will have no service.",
        "technology": "3G",
        "priority": "high",
        "phases": [
            {"id": name, "name": title, "period": _period(begins, ends), "area": area}
            for (name, title, area), (begins, ends) in zip(areas, pairwise(edges), strict=True)
            if area.get("cell") != []
        ],
        "by": STAFF,
    }


def announce(office: httpx.Client, notice: Mapping[str, Any], reference: str = REFERENCE) -> None:
    """Write a notice and publish it, unless there is one of this reference already."""
    if office.get(f"/backoffice/v1/notices/{reference}").status_code == httpx.codes.OK:
        return
    _checked(office.put(f"/backoffice/v1/notices/{reference}", json=dict(notice)))
    step = {"by": STAFF, "reason": "Announced."}
    _checked(office.post(f"/backoffice/v1/notices/{reference}/publish", json=step))


def _period(begins: datetime, ends: datetime) -> dict[str, str]:
    return {"startDateTime": begins.isoformat(), "endDateTime": ends.isoformat()}


def _dense(cells: Path) -> tuple[list[str], list[str]]:
    """An operator's 3G cells in cities, and in towns: by how many stand in the same square."""
    squares: dict[str, tuple[int, int]] = {}
    with cells.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["rat"] == "UTRA" and row["lat"] and row["lon"]:
                squares[row["cell_key"]] = (int(float(row["lat"]) // SQUARE), int(float(row["lon"]) // SQUARE))
    crowd = Counter(squares.values())
    ranked = sorted(squares, key=lambda cell: (-crowd[squares[cell]], squares[cell], cell))
    first, second = (round(len(ranked) * share) for share in SHARES)
    return sorted(ranked[:first]), sorted(ranked[first:second])


def _checked(answer: httpx.Response) -> None:
    if not answer.is_success:
        raise Unavailable(f"The notice was answered {answer.status_code}: {answer.text[:400]}")
