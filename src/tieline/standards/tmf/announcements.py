"""What an operator announces: classes of ``ChangeRequest`` after TMF630's rules for extension.

No published standard has a notice that a radio technology ends. A ``TechnologyPhaseOut`` is a ``ChangeRequest`` with
``@type``, ``@baseType`` and ``@schemaLocation``, so that whoever does not know it reads it as one; added to it are the
technology, the phases (when, where), and a revision that grows by one whenever any of that, or the words, change.
``PlannedWork`` has the same phases. ``docs/reference/operator-profile.md`` has the tables.
"""

import itertools
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from tieline.standards.tmf.change import ChangeRequest, Moment, Text, Word, in_utc, read
from tieline.standards.tmf.errors import TmfError

PHASE_OUT = "TechnologyPhaseOut"
PLANNED_WORK = "PlannedWork"
BASE = "ChangeRequest"
MAX_PHASES = 100
MAX_NAMES = 20_000
MAX_POINTS = 5000
_RING = 4
_HALF, _QUARTER = 180, 90

Technology = Literal["2G", "3G", "4G", "5G"]
Names = Annotated[list[Word], Meta(min_length=1, max_length=MAX_NAMES)]


class TimePeriod(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """``TimePeriod`` of TMF: from a moment until before another one."""

    start_date_time: Moment
    end_date_time: Moment


class WholeNetwork(msgspec.Struct, frozen=True, kw_only=True, tag_field="@type", tag="WholeNetwork"):
    """Everywhere that the operator serves."""


class Regions(msgspec.Struct, frozen=True, kw_only=True, tag_field="@type", tag="Regions", rename="camel"):
    """Regions by name, as both sides write them."""

    region: Names


class PostcodeAreas(msgspec.Struct, frozen=True, kw_only=True, tag_field="@type", tag="PostcodeAreas", rename="camel"):
    """The beginnings of postcodes.

    Letters alone (``CF``) are an area, with digits (``CF10``) a district; digits alone (``10``): whatever begins so.
    """

    postcode_area: Names


class GeoJson(msgspec.Struct, frozen=True, kw_only=True):
    """A ``Polygon`` of RFC 7946: one ring, longitude before latitude, its last point the first."""

    type: Literal["Polygon"]
    coordinates: Annotated[list[list[Annotated[list[float], Meta(min_length=2, max_length=3)]]], Meta(max_length=1)]


class GeoJsonPolygon(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="@type", tag="GeoJsonPolygon", rename="camel"
):
    """A polygon, named as in TMF675."""

    geo_json: GeoJson


class Cells(msgspec.Struct, frozen=True, kw_only=True, tag_field="@type", tag="Cells", rename="camel"):
    """The operator's own names of cells, as in its cell list."""

    cell: Names


Area = WholeNetwork | Regions | PostcodeAreas | GeoJsonPolygon | Cells


class Phase(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A part of the whole. ``id`` stays the same over revisions; the technology is gone in ``area`` at the end."""

    id: Word
    name: Word
    period: TimePeriod
    area: Area


Phases = Annotated[list[Phase], Meta(min_length=1, max_length=MAX_PHASES)]


class Announcement(ChangeRequest, frozen=True, kw_only=True):
    """A change request with phases and a revision. Its words are ``name`` and ``description``."""

    name: Word
    revision: Annotated[int, Meta(ge=1, le=1_000_000)]
    phase: Phases
    technology: Technology | None = None


class TechnologyPhaseOut(Announcement, frozen=True, kw_only=True):
    """A radio technology ends."""

    technology: Technology


class PlannedWork(Announcement, frozen=True, kw_only=True):
    """Work during which service may be down, of one technology or (none given) of all."""


CLASSES: dict[str, type[Announcement]] = {PHASE_OUT: TechnologyPhaseOut, PLANNED_WORK: PlannedWork}


class _Typed(msgspec.Struct):
    type: str | None = msgspec.field(name="@type", default=None)


def read_change(body: bytes | msgspec.Raw) -> ChangeRequest:
    """Decode a change request as the class that its ``@type`` names; one that is not known, as ``ChangeRequest``.

    Raises:
        TmfError: 400, naming the member at fault.

    """
    typed: _Typed = read(body, _Typed)
    found: ChangeRequest = read(body, CLASSES.get(typed.type or "", ChangeRequest))
    if isinstance(found, Announcement):
        check_phases(found.phase)
    return found


def read_changes(body: bytes) -> list[ChangeRequest | TmfError]:
    """Decode a list of change requests; one that cannot be read stands for itself as an error.

    Raises:
        TmfError: when it is no list at all.

    """
    found: list[ChangeRequest | TmfError] = []
    for one in read(body, list[msgspec.Raw]):
        try:
            found.append(read_change(one))
        except TmfError as error:
            found.append(error)
    return found


def check_phases(phases: list[Phase]) -> None:
    """Hold phases to what their types do not say.

    Raises:
        TmfError: for two of one identifier, an end that is not after the beginning, a moment that is too far off, a
            ring that is none.

    """
    seen: set[str] = set()
    for position, phase in enumerate(phases):
        if phase.id in seen:
            raise TmfError(f"Two phases are called {phase.id}.", field=f"phase[{position}].id")
        seen.add(phase.id)
        for name, moment in (("start", phase.period.start_date_time), ("end", phase.period.end_date_time)):
            in_utc(moment, f"phase[{position}].period.{name}DateTime")
        if phase.period.end_date_time <= phase.period.start_date_time:
            raise TmfError("A phase ends after it begins.", field=f"phase[{position}].period")
        if isinstance(phase.area, GeoJsonPolygon):
            _check_ring(phase.area.geo_json.coordinates, f"phase[{position}].area.geoJson")


def _check_ring(rings: list[list[list[float]]], field: str) -> None:
    ring = rings[0] if rings else []
    if not _RING <= len(ring) <= MAX_POINTS or ring[0][:2] != ring[-1][:2]:
        raise TmfError(f"A ring has {_RING} to {MAX_POINTS} points, the last one being the first.", field=field)
    if any(abs(lon) > _HALF or abs(lat) > _QUARTER for lon, lat, *_ in ring):
        raise TmfError("Longitude lies within 180 degrees, latitude within 90; longitude comes first.", field=field)
    if any(abs(one[0] - other[0]) > _HALF for one, other in itertools.pairwise(ring)):
        raise TmfError("A ring does not cross the 180th meridian; give two phases.", field=field)


def schema_of(name: str) -> dict[str, Any] | None:
    """The JSON Schema that ``@schemaLocation`` of a class leads to; None for a class that is not one of ours."""
    found = CLASSES.get(name)
    return None if found is None else msgspec.json.schema(found)


__all__ = [
    "BASE",
    "CLASSES",
    "PHASE_OUT",
    "PLANNED_WORK",
    "Announcement",
    "Area",
    "Cells",
    "GeoJson",
    "GeoJsonPolygon",
    "Phase",
    "PlannedWork",
    "PostcodeAreas",
    "Regions",
    "Technology",
    "TechnologyPhaseOut",
    "Text",
    "TimePeriod",
    "WholeNetwork",
    "check_phases",
    "read_change",
    "read_changes",
    "schema_of",
]
