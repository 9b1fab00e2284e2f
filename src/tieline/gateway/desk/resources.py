"""From what the gateway keeps to the resources and events of TMF655. Pure."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from tieline.gateway.desk.model import Answer, Kind, Notice, State
from tieline.platform.errors import Invalid, Problem
from tieline.standards.tmf.announcements import (
    BASE,
    PHASE_OUT,
    PLANNED_WORK,
    Announcement,
    Phase,
    Phases,
    PlannedWork,
    TechnologyPhaseOut,
    check_phases,
)
from tieline.standards.tmf.change import Note, RelatedEntity, SpecificationRef, Status, read
from tieline.standards.tmf.errors import TmfError

RADIO = {"2G": "GERAN", "3G": "UTRA", "4G": "EUTRA", "5G": "NR"}
_CLASSES: Mapping[Kind, tuple[str, type[Announcement]]] = {
    Kind.PHASE_OUT: (PHASE_OUT, TechnologyPhaseOut),
    Kind.PLANNED_WORK: (PLANNED_WORK, PlannedWork),
}
DOMAIN = "changeManagement"


def class_of(kind: Kind) -> str:
    """The ``@type`` of a kind of notice."""
    return _CLASSES[kind][0]


def read_phases(phases: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Phases as they are kept, in the form of the wire, in the order of their beginnings.

    Raises:
        Invalid: for what is no phase, naming the member at fault.

    """
    try:
        found: list[Phase] = read(msgspec.json.encode(phases), Phases)
        check_phases(found)
    except TmfError as error:
        place = error.field if error.field.startswith("phase[") else f"phases{error.field}"
        raise Invalid("The phases cannot be read.", [Problem(place, "phase", error.reason)]) from error
    ordered = sorted(found, key=lambda phase: (phase.period.start_date_time, phase.period.end_date_time, phase.id))
    kept: list[dict[str, Any]] = msgspec.to_builtins(ordered)
    return kept


def status_of(notice: Notice, answer: Answer | None) -> Status:
    """The status of a notice as one utility sees it: an answer counts for the revision that it was given to."""
    if notice.state is State.WITHDRAWN:
        return Status.CANCELLED
    if not notice.approval:
        return Status.SCHEDULED
    if answer is None or answer.revision != notice.revision:
        return Status.WAIT_FOR_APPROVAL
    return Status(answer.status)


def resource(notice: Notice, answer: Answer | None, base_url: str) -> dict[str, Any]:
    """A published notice as one utility sees it, with ``base_url`` as the root of TMF655."""
    content = notice.content or {}
    name, made = _CLASSES[notice.kind]
    phases = msgspec.convert(content["phases"], list[Phase])
    technology = content.get("technology")
    changed = max(notice.updated_at, answer.at if answer else notice.updated_at)
    request = made(
        id=notice.ref,
        href=f"{base_url}/changeRequest/{notice.ref}",
        type=name,
        base_type=BASE,
        schema_location=f"{base_url}/schema/{name}.schema.json",
        name=content["title"],
        description=content.get("description") or None,
        request_type=notice.kind.value,
        priority=content.get("priority") or "medium",
        specification=SpecificationRef(id=notice.kind.value),
        planned_start_time=min(phase.period.start_date_time for phase in phases),
        planned_end_time=max(phase.period.end_date_time for phase in phases),
        request_date=notice.published_at,
        last_update_date=changed,
        status=status_of(notice, answer),
        status_change_date=changed,
        status_change_reason=(answer.reason if answer and answer.at == changed else notice.reason) or None,
        target_entity=[_target(technology)],
        note=[msgspec.convert(note, Note) for note in answer.notes] if answer and answer.notes else None,
        technology=technology,
        revision=notice.revision,
        phase=phases,
    )
    shown: dict[str, Any] = msgspec.to_builtins(request)
    return shown


def event(kind: str, shown: Mapping[str, Any], at: datetime, words: str) -> dict[str, Any]:
    """An event with the resource as it is then. Its identifier is given once, and sent however often it is tried."""
    return {
        "eventId": uuid.uuid4().hex,
        "eventTime": msgspec.to_builtins(at),
        "eventType": kind,
        "domain": DOMAIN,
        "title": words,
        "event": {"changeRequest": dict(shown)},
    }


def _target(technology: str | None) -> RelatedEntity:
    if technology is None:
        return RelatedEntity(id="network", name="The network", role="affected", referred_type="Network")
    kind = "RadioAccessTechnology"
    return RelatedEntity(id=RADIO[technology], name=technology, role="affected", referred_type=kind)
