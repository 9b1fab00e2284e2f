"""The map: what it is asked to show, and the compact columns that carry 50,000 points to it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from tieline.console.components.values import Tone

DEGREES = 100_000
"""Positions travel as whole numbers of a hundred-thousandth of a degree: about a metre."""


class Kind(msgspec.Struct, frozen=True):
    """An entry of a legend. ``rank`` 0 (least) to 6 decides which one rings a cluster."""

    key: str
    word: str
    tone: str
    rank: int = 0


def state_kind(key: str, word: str, tone: Tone) -> Kind:
    """A legend entry of a state: its rank is the tone's."""
    return Kind(key, word, tone.value, tone.rank)


class Dimension(msgspec.Struct, frozen=True):
    """A way to colour and filter the points. ``values`` holds for each point the index of its kind in ``kinds``."""

    key: str
    label: str
    kinds: Sequence[Kind]
    values: Sequence[int]


class Place(msgspec.Struct, frozen=True):
    """A name written on the map, in 1/DEGREES degrees; of two that would touch, the one told first stays."""

    name: str
    lon: int
    lat: int


class Points(msgspec.Struct, frozen=True):
    """Points by column. ``ids`` are what the list's rows are keyed by; ``lon`` and ``lat`` are in 1/DEGREES degrees.

    ``places`` are names for orientation: the base map has coasts and borders only. By ``version`` the list beside it
    tells whether both show the same moment.
    """

    ids: Sequence[str]
    names: Sequence[str]
    lon: Sequence[int]
    lat: Sequence[int]
    dimensions: Sequence[Dimension]
    observed_at: str = ""
    truncated: bool = False
    places: Sequence[Place] = ()
    version: str = ""


class Sectors(msgspec.Struct, frozen=True):
    """Cells: where the mast stands, where each cell looks and how far (degrees from north, degrees wide, metres).

    A ``beam`` of 360 is drawn as a circle; a ``reach`` of 0 only as a dot.
    """

    ids: Sequence[str]
    names: Sequence[str]
    lon: Sequence[int]
    lat: Sequence[int]
    azimuth: Sequence[int]
    beam: Sequence[int]
    reach: Sequence[int]
    dimensions: Sequence[Dimension]


def pack(layer: Points | Sectors) -> bytes:
    """The columns as JSON octets. Raises ``ValueError`` when they differ in length or an index has no kind."""
    expected = len(layer.ids)
    columns: list[Sequence[object]] = [layer.names, layer.lon, layer.lat, *(one.values for one in layer.dimensions)]
    if isinstance(layer, Sectors):
        columns += [layer.azimuth, layer.beam, layer.reach]
    if any(len(column) != expected for column in columns):
        raise ValueError(f"every column of a map layer needs {expected} values")
    for one in layer.dimensions:
        if any(not 0 <= value < len(one.kinds) for value in set(one.values)):
            raise ValueError(f"dimension {one.key!r} has a value without a kind")
    return msgspec.json.encode(layer)


def points(
    rows: Iterable[tuple[str, str, float, float, Mapping[str, str]]],
    dimensions: Sequence[tuple[str, str, Sequence[Kind]]],
    *,
    observed_at: str = "",
    truncated: bool = False,
) -> Points:
    """Turn rows of (id, name, longitude, latitude, {dimension: kind's key}) into columns.

    ``dimensions`` are (key, label, kinds); the first one colours the points until the person chooses another. A key
    that is none of the kinds is a ``KeyError``: a legend that hides something is worse than an error.
    """
    index = {key: {kind.key: at for at, kind in enumerate(kinds)} for key, _, kinds in dimensions}
    columns: dict[str, list[int]] = {key: [] for key in index}
    ids, names, lon, lat = [], [], [], []
    for row_id, name, longitude, latitude, kinds_of in rows:
        ids.append(row_id)
        names.append(name)
        lon.append(round(longitude * DEGREES))
        lat.append(round(latitude * DEGREES))
        for key, places in index.items():
            columns[key].append(places[kinds_of[key]])
    made = [Dimension(key, label, kinds, columns[key]) for key, label, kinds in dimensions]
    return Points(ids, names, lon, lat, made, observed_at, truncated)


@dataclass(frozen=True, slots=True)
class MapView:
    """A map. ``points_href`` answers with points made by :func:`pack`, ``cells_href`` with sectors made by it.

    What holds the list in step listens: ``hx-trigger="tieline:map-bounds from:#<id> delay:300ms"``; with
    ``hx-include="#<id>-fields"`` it then sends ``bbox`` (west,south,east,north), the legend's choices, and as ``drawn``
    the version of the points, if they have one. Where that is no more what the list was made from, the list's answer
    says so (``HX-Trigger: tieline:map-stale``), and the map fetches its points anew.
    ``thing_href`` is the URL of a point with ``{id}`` in it; it opens in the side sheet. ``bounds`` is what is shown at
    first; without it all points are.
    """

    id: str
    label: str
    points_href: str
    noun: str = "site"
    cells_href: str = ""
    cells_shown: bool = False
    districts_href: str = ""
    thing_href: str = ""
    list_href: str = ""
    bounds: tuple[float, float, float, float] | None = None
    attribution: str = "Natural Earth"
    tall: bool = False
