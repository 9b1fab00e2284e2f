"""From TMF655 to notices."""

from collections.abc import Sequence
from datetime import UTC, datetime

import structlog

from tieline.standards.tmf.announcements import (
    PHASE_OUT,
    Announcement,
    Cells,
    GeoJsonPolygon,
    PostcodeAreas,
    Regions,
    read_change,
)
from tieline.standards.tmf.announcements import Area as WireArea
from tieline.standards.tmf.announcements import Phase as WirePhase
from tieline.standards.tmf.change import ChangeRequest, Event, EventType, in_utc, read_event
from tieline.standards.tmf.errors import TmfError
from tieline.utility.connectors import Rejected
from tieline.utility.inventory import Area, AreaKind
from tieline.utility.notices.model import CANCELLED, Content, Kind, Phase, Told

_log = structlog.get_logger(__name__)


def read_notice_event(body: bytes, received_at: datetime) -> Told:
    """Decode an event that an operator posted.

    Raises:
        Rejected: for what is no event of TMF655, or no change request in it.

    """
    try:
        event: Event = read_event(body)
        request = read_change(event.event.change_request)
        told = told_of(request, event.event_time or received_at)
    except TmfError as error:
        raise Rejected(f"The event cannot be read: {error.reason} {error.field}".strip()) from error
    if event.event_type is EventType.DELETE:
        return _deleted(told)
    return told


def told_of(request: ChangeRequest, at: datetime) -> Told:
    """What a change request tells; ``at`` is when it was last updated, where it does not say so itself.

    Raises:
        TmfError: for one without an identifier, or with a time of its update that is none.

    """
    if not request.id:
        raise TmfError("A change request without an identifier cannot be kept.", field="id")
    announced = request if isinstance(request, Announcement) else None
    return Told(
        ref=request.id,
        revision=announced.revision if announced else 1,
        updated_at=in_utc(
            request.last_update_date or at, "lastUpdateDate" if request.last_update_date else "eventTime"
        ),
        status=request.status.value if request.status else "scheduled",
        status_reason=request.status_change_reason or "",
        content=_announced(announced) if announced else _other(request),
    )


def _deleted(told: Told) -> Told:
    return Told(told.ref, told.revision, told.updated_at, CANCELLED, told.status_reason or "Deleted.", told.content)


def _announced(request: Announcement) -> Content:
    return Content(
        kind=Kind.PHASE_OUT if request.type == PHASE_OUT else Kind.PLANNED_WORK,
        title=request.name,
        description=request.description or "",
        technology=request.technology,
        phases=tuple(_phase(phase) for phase in request.phase),
    )


def _other(request: ChangeRequest) -> Content:
    """A change request of another class: its words are kept, and its times; phases are not understood."""
    words = (request.description or "").strip()
    title = words.partition("\n")[0][:200] or f"Change request {request.id}"
    starts, ends = _planned(request.planned_start_time), _planned(request.planned_end_time)
    if starts and ends and ends < starts:
        ends = None
    return Content(kind=Kind.OTHER, title=title, description=words, starts_at=starts, ends_at=ends)


def _planned(moment: datetime | None) -> datetime | None:
    """When it is planned for; None also for what only stands for never."""
    try:
        return None if moment is None else in_utc(moment, "plannedTime")
    except TmfError:
        return None


def _phase(phase: WirePhase) -> Phase:
    period = phase.period
    return Phase(
        id=phase.id,
        title=phase.name,
        starts_at=period.start_date_time.astimezone(UTC),
        ends_at=period.end_date_time.astimezone(UTC),
        area=_area(phase.area),
    )


def _area(area: WireArea) -> Area:
    match area:
        case Regions():
            return Area(AreaKind.REGIONS, tuple(area.region))
        case PostcodeAreas():
            return Area(AreaKind.POSTCODES, tuple(area.postcode_area))
        case Cells():
            return Area(AreaKind.CELLS, tuple(area.cell))
        case GeoJsonPolygon():
            return Area(AreaKind.POLYGON, ring=tuple((lon, lat) for lon, lat, *_ in area.geo_json.coordinates[0]))
        case _:
            return Area(AreaKind.ALL)


def readable(found: Sequence[ChangeRequest | TmfError], at: datetime) -> list[Told]:
    """What a list tells; what cannot be read of it is logged, and does not keep the rest from us."""
    told = []
    for one in found:
        try:
            if isinstance(one, TmfError):
                raise one
            told.append(told_of(one, at))
        except TmfError as error:
            _log.warning("notice_unreadable", reason=error.reason, field=error.field)
    return told
