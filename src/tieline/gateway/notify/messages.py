"""From what is to be told to the notifications of the standard. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from msgspec import structs

from tieline.gateway.notify.model import Pending, Recipient
from tieline.standards.mns.dn import Dn
from tieline.standards.mns.notifications import (
    DataNodeTreeSyncRecommended,
    Heartbeat,
    MoiAttributeValueChanges,
    MoiChange,
    MoiChanges,
    MoiCreation,
    MoiDeletion,
    Notification,
    SourceIndicator,
    difference,
    encode,
    moi_changes,
    passes,
    value_changes,
)
from tieline.standards.mns.subscriptions import Subscription

_TYPE_OF = {
    "created": "notifyMOICreation",
    "deleted": "notifyMOIDeletion",
    "changed": "notifyMOIAttributeValueChanges",
    "heartbeat": "notifyHeartbeat",
    "resync": "notifyDataNodeTreeSyncRecommended",
}
_MANY = "notifyMOIChanges"


@dataclass(frozen=True, slots=True)
class Post:
    """One request to a recipient: its body, what it tells, and how often it is sent."""

    body: bytes
    ids: tuple[int, ...]
    copies: int = 1


@dataclass(frozen=True, slots=True)
class Address:
    """What the headers of notifications say about the gateway."""

    root: str
    system_dn: str


def posts(
    recipient: Recipient, subscription: Subscription, pending: Sequence[Pending], address: Address
) -> Iterator[Post]:
    """Give the requests that tell a recipient what is pending, in order; what its filter drops is in none with a body.

    Changes go together into one ``notifyMOIChanges`` where the recipient takes that, else one by one. What is not
    wanted comes as a post with an empty body: there is nothing to send, and it is done with.
    """
    sequence = recipient.delivered
    batches = _MANY in subscription.types
    for (together, copies), group in groupby(pending, lambda item: (batches and item.kind in _BATCHED, item.copies)):
        items = list(group)
        made = [_many(recipient, items, address)] if together else [(_one(recipient, i, address), [i]) for i in items]
        for notification, told in made:
            wanted = _wanted(subscription, notification)
            ids = tuple(item.id for item in (items if together else told))
            if not wanted:
                yield Post(b"", ids)
                continue
            sequence += 1
            yield Post(encode(structs.replace(wanted, sequence_no=sequence)), ids, copies)


_BATCHED = frozenset({"created", "deleted", "changed"})


def _wanted(subscription: Subscription, notification: Notification | None) -> Notification | None:
    """Give what is left of a notification for a subscription.

    A filter is asked about each object of a batch apart, as if its changes came alone under its own address.
    """
    if notification is None or notification.notification_type not in subscription.types:
        return None
    if not isinstance(notification, MoiChanges) or subscription.condition is None:
        return notification if passes(notification, subscription.condition) else None
    kept: list[MoiChange] = []
    for _, group in groupby(notification.moi_changes, lambda change: change.notification_id):
        alone = list(group)
        href = alone[0].path.partition("#")[0]
        if passes(structs.replace(notification, href=href, moi_changes=alone), subscription.condition):
            kept += alone
    return structs.replace(notification, moi_changes=kept) if kept else None


def _many(
    recipient: Recipient, items: Sequence[Pending], address: Address
) -> tuple[Notification | None, list[Pending]]:
    changes = [
        _from(change, item.source)
        for item in items
        for change in moi_changes(
            f"{address.root}{item.dn.uri}", _present(item.before, item), _present(item.after, item), item.id
        )
    ]
    if not changes:
        return None, list(items)
    base = Dn(recipient.dn[:-1])
    return (
        MoiChanges(
            href=f"{address.root}{base.uri}",
            notification_id=items[0].id,
            event_time=items[-1].event_at,
            system_dn=address.system_dn,
            subscription_id=recipient.dn.id,
            moi_changes=changes,
        ),
        list(items),
    )


def _one(recipient: Recipient, item: Pending, address: Address) -> Notification | None:
    header: dict[str, Any] = {
        "href": f"{address.root}{item.dn.uri}",
        "notification_id": item.id,
        "event_time": item.event_at,
        "system_dn": address.system_dn,
        "subscription_id": recipient.dn.id,
    }
    source = SourceIndicator(item.source) if item.source else None
    match item.kind:
        case "created":
            return MoiCreation(**header, source_indicator=source, attribute_list=_set(item.after) or None)
        case "deleted":
            return MoiDeletion(**header, source_indicator=source, attribute_list=_set(item.before) or None)
        case "heartbeat":
            return Heartbeat(**header, heartbeat_ntf_period=recipient.heartbeat_s)
        case "resync":
            return DataNodeTreeSyncRecommended(**header, scope={"scopeType": "BASE_ALL"})
        case _:
            found = difference(_set(item.before), _set(item.after))
            if found is None:
                return None
            return MoiAttributeValueChanges(
                **header, source_indicator=source, attribute_list_value_changes=value_changes(*found)
            )


def _present(side: Mapping[str, Any] | None, item: Pending) -> Mapping[str, Any] | None:
    """Give the attributes of a side that are set; an object that was made or deleted has one side only."""
    if side is None and item.kind == "changed":
        return {}
    return None if side is None else _set(side)


def _set(side: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (side or {}).items() if value is not None}


def _from(change: MoiChange, source: str) -> MoiChange:
    return structs.replace(change, source_indicator=SourceIndicator(source) if source else None)
