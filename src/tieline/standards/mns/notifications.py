"""Notifications of configuration management and the heartbeat (TS 28.532, header of TS 28.623).

The producer builds the structs below and posts them; the consumer gives a body to ``decode``. Who receives
which is in ``subscriptions``.

Ours (INFERRED): in ``moiChanges`` the path of an attribute is the object's URI with ``#/attributes/<name>``,
as in a 3GPP JSON patch; the old value of an attribute that was not set is left out of the second
``attributeListValueChanges`` item, and the new value of one that was removed is null in the first.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

import msgspec

from tieline.standards.mns import jex
from tieline.standards.mns.dn import Dn
from tieline.standards.mns.errors import NotificationError


class SourceIndicator(StrEnum):
    """What caused a change (TS 28.532): MANAGEMENT_OPERATION came over a management interface."""

    RESOURCE_OPERATION = "RESOURCE_OPERATION"
    MANAGEMENT_OPERATION = "MANAGEMENT_OPERATION"
    SON_OPERATION = "SON_OPERATION"
    UNKNOWN = "UNKNOWN"


CM_NOTIFICATION_TYPES = (
    "notifyMOICreation",
    "notifyMOIDeletion",
    "notifyMOIAttributeValueChanges",
    "notifyEvent",
    "notifyMOIChanges",
    "notifyPotentialFaultyDataNodeTree",
    "notifyDataNodeTreeSyncRecommended",
)
"""``CmNotificationTypes`` of TS 28.532."""

NOTIFICATION_TYPES = frozenset(
    {
        *CM_NOTIFICATION_TYPES,
        "notifyHeartbeat",
        "notifyThresholdCrossing",
        "notifyFileReady",
        "notifyFilePreparationError",
        "notifyNewAlarm",
        "notifyChangedAlarmGeneral",
        "notifyAckStateChanged",
        "notifyCorrelatedNotificationChanged",
        "notifyComments",
        "notifyClearedAlarm",
        "notifyAlarmListRebuilt",
        "notifyPotentialFaultyAlarmList",
    }
)
"""Every value of ``NotificationType`` of TS 28.623, whether or not a producer here sends it."""


class CorrelatedNotification(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Notifications of another object that belong to this one."""

    source: str
    notification_ids: list[int]


class _Header(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="notificationType"):
    """``NotificationHeader`` of TS 28.623. The notification's type is the struct's tag."""

    href: str
    notification_id: int = msgspec.field(name="notificationId")
    event_time: datetime = msgspec.field(name="eventTime")
    system_dn: str = msgspec.field(name="systemDN")
    sequence_no: int | None = msgspec.field(name="sequenceNo", default=None)
    subscription_id: str | None = msgspec.field(name="subscriptionId", default=None)

    @property
    def notification_type(self) -> str:
        """The type as it stands on the wire."""
        return str(type(self).__struct_config__.tag)

    @property
    def dn(self) -> Dn:
        """The name of the object that ``href`` leads to.

        Raises:
            DnError: if it leads to none.

        """
        return Dn.from_href(self.href)


class _Change(_Header, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    correlated_notifications: list[CorrelatedNotification] | None = None
    additional_text: str | None = None
    source_indicator: SourceIndicator | None = None


class MoiCreation(_Change, frozen=True, kw_only=True, omit_defaults=True, rename="camel", tag="notifyMOICreation"):
    """An object was made. ``attribute_list`` must not be empty: leave it out instead."""

    attribute_list: dict[str, Any] | None = None


class MoiDeletion(_Change, frozen=True, kw_only=True, omit_defaults=True, rename="camel", tag="notifyMOIDeletion"):
    """An object was deleted. ``attribute_list`` holds its last values; it must not be empty."""

    attribute_list: dict[str, Any] | None = None


class MoiAttributeValueChanges(
    _Change, frozen=True, kw_only=True, omit_defaults=True, rename="camel", tag="notifyMOIAttributeValueChanges"
):
    """Attributes changed: the new values, then, if known, the old. Neither item may be empty."""

    attribute_list_value_changes: list[dict[str, Any]]

    @property
    def new(self) -> Mapping[str, Any]:
        """The new values; null for an attribute that was removed."""
        return self.attribute_list_value_changes[0]

    @property
    def old(self) -> Mapping[str, Any]:
        """The old values that the producer told."""
        return self.attribute_list_value_changes[1] if len(self.attribute_list_value_changes) > 1 else {}


class MoiChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """One change among many; ``path`` is the URI of the object, or of an attribute with a fragment."""

    notification_id: int
    op: Literal["add", "remove", "replace"]
    path: str
    value: Any = msgspec.UNSET
    old_value: Any = msgspec.UNSET
    source_indicator: SourceIndicator | None = None
    additional_text: str | None = None
    insert: Literal["before", "after"] | None = None
    correlated_notifications: list[CorrelatedNotification] | None = None


class MoiChanges(_Header, frozen=True, kw_only=True, omit_defaults=True, tag="notifyMOIChanges"):
    """Changes of several objects in one notification."""

    moi_changes: list[MoiChange] = msgspec.field(name="moiChanges")


class Event(_Header, frozen=True, kw_only=True, omit_defaults=True, rename="camel", tag="notifyEvent"):
    """Something happened that is neither a change nor an alarm."""

    specific_problem: str | int
    additional_text: str | None = None
    additional_information: dict[str, Any] | None = None


class Heartbeat(_Header, frozen=True, kw_only=True, omit_defaults=True, rename="camel", tag="notifyHeartbeat"):
    """The producer lives. ``heartbeat_ntf_period`` is in seconds; ``href`` is the ``HeartbeatControl``."""

    heartbeat_ntf_period: int | None = None


class DataNodeTreeSyncRecommended(
    _Header, frozen=True, kw_only=True, omit_defaults=True, tag="notifyDataNodeTreeSyncRecommended"
):
    """Notifications may be missing: read the tree again, from ``href`` down."""

    scope: dict[str, Any] | None = None


Notification = (
    MoiCreation | MoiDeletion | MoiAttributeValueChanges | MoiChanges | Event | Heartbeat | DataNodeTreeSyncRecommended
)

_decoder: msgspec.json.Decoder[Notification] = msgspec.json.Decoder(Notification)
_encoder = msgspec.json.Encoder()


def decode(body: bytes) -> Notification:
    """Read a notification that a producer posted.

    Raises:
        NotificationError: for a body that is none, or of a type that is not configuration or heartbeat.

    """
    try:
        notification = _decoder.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise NotificationError(f"the notification cannot be read: {error}") from error
    if isinstance(notification, MoiAttributeValueChanges) and not (
        1 <= len(notification.attribute_list_value_changes) <= 2  # noqa: PLR2004 - new and old
    ):
        raise NotificationError("attributeListValueChanges has one item or two: new and old values")
    if notification.event_time.tzinfo is None:
        raise NotificationError("eventTime has no time zone")
    return notification


def encode(notification: Notification) -> bytes:
    """Write a notification for the wire."""
    return _encoder.encode(notification)


def document(notification: Notification) -> dict[str, Any]:
    """Give a notification as a plain document, as a filter sees it."""
    plain: dict[str, Any] = msgspec.to_builtins(notification)
    return plain


def passes(notification: Notification, condition: jex.Condition | None) -> bool:
    """Tell whether a subscription's ``notificationFilter`` lets a notification through; no filter, all pass."""
    return condition is None or jex.evaluate(condition, document(notification))


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Give the new and the old values of the attributes that differ; None if none does.

    The new value of an attribute that is gone is null; an attribute that was not set has no old value.
    """
    new = {name: value for name, value in after.items() if name not in before or before[name] != value}
    new.update((name, None) for name in before if name not in after)
    if not new:
        return None
    return new, {name: before[name] for name in new if name in before}


def value_changes(new: dict[str, Any], old: dict[str, Any]) -> list[dict[str, Any]]:
    """Give ``attributeListValueChanges``: without the second item when nothing old is known."""
    return [new, old] if old else [new]


def attribute_path(href: str, name: str) -> str:
    """Give the path of an attribute in ``moiChanges``."""
    escaped = name.replace("~", "~0").replace("/", "~1")
    return f"{href}#/attributes/{escaped}"


def moi_changes(
    href: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, notification_id: int
) -> list[MoiChange]:
    """Give the ``moiChanges`` items that take one object from ``before`` to ``after``; None means no object."""
    if before is None or after is None:
        if after is not None:
            value = {"attributes": dict(after)}
            return [MoiChange(notification_id=notification_id, op="add", path=href, value=value)]
        return [MoiChange(notification_id=notification_id, op="remove", path=href)] if before is not None else []
    new, _ = difference(before, after) or ({}, {})
    return [
        MoiChange(
            notification_id=notification_id,
            op="remove" if name not in after else "replace" if name in before else "add",
            path=attribute_path(href, name),
            value=value if name in after else msgspec.UNSET,
            old_value=before.get(name, msgspec.UNSET),
        )
        for name, value in new.items()
    ]
