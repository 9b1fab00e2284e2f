"""Events of subscribers: ``MonitoringEvent`` of TS 29.122 (clause 5.3), for the change of the IMSI–IMEI association.

A report of Release 17 says that the association changed, and not to which device. Release 19 adds ``pei`` (the device's
identity, TS 29.571), which is sent and read here; ``previousPei`` beside it is an extension of ours, of the same form.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from tieline.standards.northbound.common import (
    Cause,
    NorthboundError,
    SupportedFeatures,
    Text,
    check_group_id,
    read,
    wrong,
)

IMEI_CHANGE = "CHANGE_OF_IMSI_IMEI_ASSOCIATION"
"""The one ``MonitoringType`` that Tieline speaks."""
MAX_DESTINATION = 2048

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Pei = Annotated[str, msgspec.Meta(pattern=r"^(imei-[0-9]{15}|imeisv-[0-9]{16})$")]


class AssociationType(StrEnum):
    """Whether the software version of a device counts."""

    IMEI = "IMEI"
    IMEISV = "IMEISV"


class EventReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """``MonitoringEventReport``: one subscriber is used with another device since ``event_time``."""

    monitoring_type: str
    imei_change: AssociationType | None = None
    external_id: Text | None = None
    msisdn: Text | None = None
    event_time: Moment | None = None
    pei: Pei | None = None
    previous_pei: Pei | None = None


class EventReports(msgspec.Struct, frozen=True, rename="camel"):
    """``MonitoringEventReports``."""

    monitoring_event_reports: Annotated[tuple[EventReport, ...], msgspec.Meta(min_length=1)]


class EventSubscription(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """``MonitoringEventSubscription``: whom to tell of what, until when or how often.

    Exactly one of ``external_id``, ``msisdn`` and ``external_group_id`` says about whom.
    """

    notification_destination: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_DESTINATION)]
    monitoring_type: str
    self_link: str | None = msgspec.field(name="self", default=None)
    supported_features: SupportedFeatures | None = None
    mtc_provider_id: Text | None = None
    external_id: Text | None = None
    msisdn: Text | None = None
    external_group_id: Text | None = None
    maximum_number_of_reports: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] | None = None
    monitor_expire_time: datetime | None = None
    association_type: AssociationType | None = None
    immediate_rep: bool | None = None
    request_test_notification: bool | None = None
    monitoring_event_report: EventReport | None = None


class Notification(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """``MonitoringNotification``; without reports, and nothing cancelled, it is a test (``TestNotification``)."""

    subscription: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_DESTINATION)]
    monitoring_event_reports: Annotated[tuple[EventReport, ...], msgspec.Meta(min_length=1)] | None = None
    cancel_ind: bool | None = None


def read_event_subscription(body: bytes | Any) -> EventSubscription:
    """Read the body of a POST or PUT.

    Raises:
        NorthboundError: 400 naming what is wrong, 403 for an event that is not spoken here.

    """
    found = read(body, EventSubscription)
    if found.monitoring_type != IMEI_CHANGE:
        raise NorthboundError(
            f"The only event that can be monitored is {IMEI_CHANGE}.", status=403, cause=Cause.EVENT_NOT_SUPPORTED
        )
    if found.maximum_number_of_reports is None and found.monitor_expire_time is None:
        raise NorthboundError(
            "Say how many reports are wanted, or until when (maximumNumberOfReports, monitorExpireTime).",
            cause=Cause.MANDATORY_IE_MISSING,
        )
    if found.monitor_expire_time is not None:
        _check_moment(found.monitor_expire_time)
    if sum(name is not None for name in (found.external_id, found.msisdn, found.external_group_id)) != 1:
        raise NorthboundError(
            "Say about whom: one of externalId, msisdn, externalGroupId.", cause=Cause.MANDATORY_IE_MISSING
        )
    if found.external_group_id is not None:
        check_group_id(found.external_group_id, "/externalGroupId")
    return found


def _check_moment(expires: datetime) -> None:
    if expires.tzinfo is None:
        raise NorthboundError("monitorExpireTime needs a time zone.", cause=Cause.OPTIONAL_IE_INCORRECT)
    try:
        expires.astimezone(UTC)
    except OverflowError as error:
        raise wrong(
            "/monitorExpireTime", "lies within the years 1 to 9999 of UTC", cause=Cause.OPTIONAL_IE_INCORRECT
        ) from error


def read_notification(body: bytes | Any) -> Notification:
    """Read what an operator sends. Raises ``NorthboundError`` (400)."""
    return read(body, Notification)


def pei_of(imei: str) -> str:
    """Write an IMEI as a permanent equipment identifier (TS 29.571)."""
    return f"imei-{imei}"
