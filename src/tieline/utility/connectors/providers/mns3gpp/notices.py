"""Notifications of an operator (TS 28.532), decoded to what they say of subscriptions."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from tieline.standards.mns import notifications as wire
from tieline.standards.mns.dn import Dn
from tieline.standards.mns.errors import DnError, NotificationError
from tieline.standards.mns.profile import SUBSCRIPTION_CLASS, SubscriptionAttributes
from tieline.utility.connectors.errors import Rejected
from tieline.utility.connectors.model import Desired, Field, Notice, Reported
from tieline.utility.connectors.providers.mns3gpp.mapping import NAMES, report_from, settings_of

_FIELDS: Mapping[str, Field] = {name: field for field, name in NAMES.items()}


def read_notices(body: bytes) -> list[Notice]:
    """What a notification says, one notice for each subscription it names; raises ``Rejected`` for what is none."""
    try:
        notification = wire.decode(body)
        return list(_notices(notification))
    except (NotificationError, DnError, msgspec.ValidationError) as error:
        raise Rejected(f"The notification cannot be read: {error}") from error


def _notices(notification: wire.Notification) -> Iterable[Notice]:
    match notification:
        case wire.Heartbeat():
            yield _notice(notification, Reported.HEARTBEAT)
        case wire.DataNodeTreeSyncRecommended():
            yield _notice(notification, Reported.RESYNC)
        case wire.MoiChanges():
            yield from _many(notification)
        case wire.MoiAttributeValueChanges():
            yield _told(notification, Reported.CHANGED, notification.dn, notification.new, notification.old)
        case wire.MoiCreation():
            yield _told(notification, Reported.CREATED, notification.dn, notification.attribute_list or {}, {})
        case wire.MoiDeletion():
            yield _told(notification, Reported.DELETED, notification.dn, {}, notification.attribute_list or {})
        case _:
            yield _notice(notification, Reported.OTHER)


def _many(notification: wire.MoiChanges) -> Iterable[Notice]:
    """The changes of one object stand together, each with the identifier of what made it."""
    found: dict[tuple[int, Dn], tuple[Reported, dict[str, Any], dict[str, Any]]] = {}
    for change in notification.moi_changes:
        href, _, pointer = change.path.partition("#/attributes/")
        key = (change.notification_id, Dn.from_href(href))
        if not pointer:
            kind = Reported.DELETED if change.op == "remove" else Reported.CREATED
            found[key] = (kind, _attributes(change.value), _attributes(change.old_value))
            continue
        _, new, old = found.setdefault(key, (Reported.CHANGED, {}, {}))
        name = pointer.replace("~1", "/").replace("~0", "~")
        new[name] = None if change.value is msgspec.UNSET else change.value
        if change.old_value is not msgspec.UNSET:
            old[name] = change.old_value
    if not found:
        yield _notice(notification, Reported.OTHER)
    for (identifier, dn), (kind, new, old) in found.items():
        yield _told(notification, kind, dn, new, old, identifier=identifier)


def _attributes(value: Any) -> dict[str, Any]:
    inner = value.get("attributes") if isinstance(value, dict) else None
    return dict(inner) if isinstance(inner, dict) else {}


def _notice(notification: wire.Notification, kind: Reported, **more: Any) -> Notice:
    return Notice(
        kind=kind,
        at=notification.event_time,
        subscription=notification.subscription_id or "",
        sequence=notification.sequence_no,
        **{"notification_id": str(notification.notification_id), **more},
    )


def _told(
    notification: wire.Notification,
    kind: Reported,
    dn: Dn,
    new: Mapping[str, Any],
    old: Mapping[str, Any],
    *,
    identifier: int | None = None,
) -> Notice:
    number = notification.notification_id if identifier is None else identifier
    if dn.class_name != SUBSCRIPTION_CLASS:
        return _notice(notification, Reported.OTHER, notification_id=str(number))
    attributes = _convert(new)
    return _notice(
        notification,
        kind,
        ref=dn.id,
        notification_id=str(number),
        report=report_from(
            dn.id,
            attributes,
            _some(attributes, new),
            notification.event_time,
            lan_groups=(attributes.lan_groups or []) if "lanGroups" in new else None,
        ),
        previous=_some(_convert(old), old) or None,
        by=attributes.last_modified_by or "",
        plan=attributes.last_plan or "",
    )


def _convert(values: Mapping[str, Any]) -> SubscriptionAttributes:
    return msgspec.convert(values, SubscriptionAttributes)


def _some(attributes: SubscriptionAttributes, told: Mapping[str, Any]) -> Desired:
    """Only the desired values that the notification tells."""
    every = settings_of(attributes)
    return {field: every[field] for name, field in _FIELDS.items() if name in told}
