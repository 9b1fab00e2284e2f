"""TMF655 v4 Change Management: change requests, their events, and the hub.

Members of a change request that Tieline has no use for are left out and not kept. ``targetEntity`` is the one member
that the schema requires, of an update too: a PATCH repeats it.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tieline.standards.tmf.errors import TmfError

BASE_PATH = "/tmf-api/ChangeManagement/v4"
"""``basePath`` of the published interface. TMF630 would have it begin small; a server does well to take both."""

Text = Annotated[str, Meta(max_length=4000)]
Word = Annotated[str, Meta(min_length=1, max_length=200)]
Moment = Annotated[datetime, Meta(tz=True)]
"""A date and time with its offset from UTC: without one it would mean another moment to each side."""

FIRST_YEAR, LAST_YEAR = 1970, 2199


class Status(StrEnum):
    """``ChangeRequestStatusType``."""

    ACKNOWLEDGED = "acknowledged"
    REQUEST_FOR_AUTHORIZATION = "requestForAuthorization"
    WAIT_FOR_APPROVAL = "waitForApproval"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    POST_IMPLEMENTATION_REVIEW = "postImplementationReview"
    FALLBACK_EXECUTION = "fallbackExecution"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    IN_PROGRESS = "inProgress"
    FAILED = "failed"
    COMPLETED = "completed"

    @property
    def over(self) -> bool:
        """Whether nothing more comes of it."""
        return self in {Status.CANCELLED, Status.FAILED, Status.COMPLETED}

    @property
    def asks(self) -> bool:
        """Whether the other side is asked for its approval."""
        return self in {Status.WAIT_FOR_APPROVAL, Status.REQUEST_FOR_AUTHORIZATION}


class RelatedEntity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """``RelatedEntity``: what a change is about."""

    id: Word
    role: Word
    referred_type: Word = msgspec.field(name="@referredType")
    name: Word | None = None


class SpecificationRef(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """``EntitySpecificationRef``: the sort of change."""

    id: Word
    name: Word | None = None
    version: Word | None = None


class Note(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """``Note``: what somebody said."""

    text: Text
    id: Word | None = None
    author: Word | None = None
    date: Moment | None = None


class ChangeRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """``ChangeRequest``. ``type``, ``base_type`` and ``schema_location`` are those of TMF630's rules for extension."""

    target_entity: Annotated[list[RelatedEntity], Meta(min_length=1, max_length=100)]
    id: Word | None = None
    href: Text | None = None
    description: Text | None = None
    request_type: Word | None = None
    priority: Word | None = None
    specification: SpecificationRef | None = None
    planned_start_time: Moment | None = None
    planned_end_time: Moment | None = None
    request_date: Moment | None = None
    last_update_date: Moment | None = None
    status: Status | None = None
    status_change_date: Moment | None = None
    status_change_reason: Text | None = None
    note: Annotated[list[Note], Meta(max_length=1000)] | None = None
    type: Word | None = msgspec.field(name="@type", default=None)
    base_type: Word | None = msgspec.field(name="@baseType", default=None)
    schema_location: Text | None = msgspec.field(name="@schemaLocation", default=None)


class Update(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", forbid_unknown_fields=True):
    """What a utility may say of a change request: its answer and a note. ``revision`` is the one that it answers to."""

    status: Status
    target_entity: list[RelatedEntity] | None = None
    status_change_reason: Text | None = None
    note: Annotated[list[Note], Meta(max_length=1)] | None = None
    revision: Annotated[int, Meta(ge=1)] | None = None


class EventType(StrEnum):
    """The events of TMF655."""

    CREATE = "ChangeRequestCreateEvent"
    STATUS_CHANGE = "ChangeRequestStatusChangeEvent"
    DELETE = "ChangeRequestDeleteEvent"
    ATTRIBUTE_VALUE_CHANGE = "ChangeRequestAttributeValueChangeEvent"
    APPROVAL_REQUIRED = "ChangeRequestApprovalRequiredEvent"


class Payload(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """``…EventPayload``; the resource as it was when the event happened, not decoded yet."""

    change_request: msgspec.Raw


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Any event of TMF655. ``event_id`` stays the same however often the event is sent."""

    event: Payload
    event_id: Word
    event_type: EventType
    event_time: Moment | None = None
    domain: Text | None = None
    title: Text | None = None
    description: Text | None = None
    correlation_id: Text | None = None


class SubscriptionRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """``EventSubscriptionInput``: where events are to be sent; ``query`` narrows them."""

    callback: Annotated[str, Meta(min_length=1, max_length=2000)]
    query: Annotated[str, Meta(max_length=1000)] | None = None


class Subscription(SubscriptionRequest, frozen=True, kw_only=True):
    """``EventSubscription``."""

    id: Word


def read(body: bytes | msgspec.Raw, kind: Any) -> Any:
    """Decode a body of a type; its text holds no NUL, which no database would keep.

    Raises:
        TmfError: 400, naming the member at fault where that is known.

    """
    try:
        found = msgspec.json.decode(body, type=kind, strict=True)
        if _has_nul(msgspec.json.decode(body)):
            raise TmfError("Text must not hold the character NUL.", code="invalidBody")
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$")
        field = place.rstrip("`").lstrip(".")
        raise TmfError(f"{reason}.".replace("..", "."), code="invalidValue", field=field) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise TmfError("The body is not the JSON that is expected.", code="invalidBody") from error
    return found


def in_utc(moment: datetime, field: str) -> datetime:
    """A moment in UTC.

    Raises:
        TmfError: 400 for one so far off that no calendar or picture could hold it.

    """
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise TmfError(f"A moment lies between the years {FIRST_YEAR} and {LAST_YEAR}.", field=field)
    return moment.astimezone(UTC)


def read_event(body: bytes) -> Event:
    """Decode an event. Raises ``TmfError``."""
    event: Event = read(body, Event)
    return event


def encode_event(event: Event) -> bytes:
    """Give an event as it goes over the wire."""
    return msgspec.json.encode(event)


def wanted_events(query: str | None) -> frozenset[EventType]:
    """The events that a subscription's ``query`` lets through: ``eventType=A,B``; all without one.

    Raises:
        TmfError: 400 for a query of another kind, rather than sending what nobody asked for.

    """
    if not query:
        return frozenset(EventType)
    name, _, values = query.partition("=")
    asked = frozenset(value.strip() for value in values.split(","))
    if name.strip() != "eventType" or not asked <= frozenset(EventType):
        known = ", ".join(EventType)
        raise TmfError(f"A query is eventType=… with some of {known}.", code="invalidQuery", field="query")
    return frozenset(EventType(value) for value in asked)


def _has_nul(found: Any) -> bool:
    if isinstance(found, str):
        return "\x00" in found
    if isinstance(found, dict):
        return any("\x00" in name or _has_nul(value) for name, value in found.items())
    return isinstance(found, list) and any(_has_nul(value) for value in found)
