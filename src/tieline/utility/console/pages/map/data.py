"""The sites of a map as columns, and which of them are in view: what the map draws and the list beside it agree.

The sites of one filter are kept for half a minute, since moving the map asks again and again.
"""

import asyncio
import gzip
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from tieline.console.components.mapping import DEGREES, Dimension, Kind, Place, Points, pack, state_kind
from tieline.console.components.values import Tone
from tieline.platform.db import Tx
from tieline.utility import inventory
from tieline.utility.console.filters import filter_query, fleet_filter
from tieline.utility.console.http import Page

FRESH = timedelta(seconds=30)
_PACK = 5
Box = tuple[float, float, float, float]
"""West, south, east, north, in degrees."""

_STANDINGS = {
    "up": state_kind("up", "All links attached", Tone.OK),
    "reserve_lost": state_kind("reserve_lost", "Reserve lost", Tone.WARN),
    "down": state_kind("down", "None attached", Tone.BAD),
    "unknown": state_kind("unknown", "Never reported", Tone.UNKNOWN),
    "no_link": state_kind("no_link", "No link", Tone.HELD),
}
_TECHNOLOGIES = {
    "2G": Kind("2G", "2G at best", "ramp1", 4),
    "3G": Kind("3G", "3G at best", "ramp2", 3),
    "4G": Kind("4G", "4G at best", "ramp3", 2),
    "5G": Kind("5G", "5G", "ramp5", 1),
    "unknown": Kind("unknown", "Never reported", "unknown", 0),
}
_CRITICALITIES = {
    "normal": Kind("normal", "Normal", "ramp1", 0),
    "high": Kind("high", "High", "ramp3", 1),
    "critical": Kind("critical", "Critical", "ramp5", 2),
}
_DIMENSIONS: Sequence[tuple[str, str, str, Mapping[str, Kind]]] = (
    ("standing", "Links", "state", _STANDINGS),
    ("best", "Technology", "technology", _TECHNOLOGIES),
    ("weight", "Criticality", "criticality", _CRITICALITIES),
)
"""Key in the list's URL, label, column of the inventory's map, and its kinds."""


class Region(msgspec.Struct):
    """A region, in the middle of its sites."""

    name: str
    lon: float
    lat: float
    sites: int


class Columns(msgspec.Struct):
    """The inventory's map, as it comes."""

    count: int
    legend: dict[str, list[str | None]]
    regions: list[Region]
    ids: list[int]
    lon: list[float]
    lat: list[float]
    state: list[int]
    technology: list[int]
    criticality: list[int]


@dataclass(frozen=True, slots=True)
class Sites:
    """The sites of one filter at one moment: ``columns`` for the list, ``packed`` with gzip for the map's script.

    Both bear the same ``version``, by which the list knows a map that was drawn from others.
    """

    columns: Columns
    packed: bytes
    version: str


async def sites(page: Page) -> Sites:
    """The sites that fit the URL's filters."""
    query = filter_query(page.request.url.query)

    async def make(tx: Tx) -> Sites:
        content = await inventory.site_map(tx, page.scope, fleet_filter(query))
        return await asyncio.to_thread(_made, content, page.now)

    return (await page.always(f"map?{query}", make, fresh=FRESH)).value


def _made(content: bytes, at: datetime) -> Sites:
    found = msgspec.json.decode(content, type=Columns)
    version = hashlib.blake2b(content, digest_size=8).hexdigest()
    return Sites(found, gzip.compress(pack(points(found, at, version)), _PACK), version)


def points(found: Columns, at: datetime, version: str) -> Points:
    """The columns as the map's script reads them. Names are left out: a site's own page or sheet has it."""
    return Points(
        [str(one) for one in found.ids],
        [""] * len(found.ids),
        [round(one * DEGREES) for one in found.lon],
        [round(one * DEGREES) for one in found.lat],
        [
            Dimension(key, label, [kinds[str(word)] for word in found.legend[column]], getattr(found, column))
            for key, label, column, kinds in _DIMENSIONS
        ],
        at.isoformat(timespec="seconds"),
        places=[Place(one.name, round(one.lon * DEGREES), round(one.lat * DEGREES)) for one in found.regions],
        version=version,
    )


def in_view(found: Columns, box: Box | None, chosen: Mapping[str, Sequence[str]]) -> list[int]:
    """Ids of the sites within the box and the legend's choices, those that matter most first."""
    west, south, east, north = box or (-180.0, -90.0, 180.0, 90.0)
    wanted = []
    for key, _, column, _ in _DIMENSIONS:
        words = found.legend[column]
        allowed = {place for place, word in enumerate(words) if not chosen.get(key) or word in chosen[key]}
        wanted.append((getattr(found, column), allowed))
    (states, of_state), (bests, of_best), (weights, of_weight) = wanted
    kept = [
        place
        for place, (x, y) in enumerate(zip(found.lon, found.lat, strict=True))
        if west <= x <= east
        and south <= y <= north
        and states[place] in of_state
        and bests[place] in of_best
        and weights[place] in of_weight
    ]
    kept.sort(key=lambda place: -weights[place])
    return [found.ids[place] for place in kept]


def box_of(text: str) -> Box | None:
    """A box as the map's script sends it; None for anything else."""
    parts = text.split(",")
    try:
        west, south, east, north = (float(part) for part in parts)
    except ValueError:
        return None
    return west, south, east, north
