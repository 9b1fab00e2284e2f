"""Who receives notifications: ``NtfSubscriptionControl`` and its ``HeartbeatControl`` (TS 28.623).

The consumer creates an ``NtfSubscriptionControl`` below the object whose subtree it watches; the producer
then posts to ``notificationRecipientAddress``, where 204 means delivered. ``HeartbeatControl`` is written
inside it as one object, not an array. ``heartbeatNtfPeriod`` is in seconds, 0 for none (the default);
``triggerHeartbeatNtf: true`` asks for one heartbeat at once, leaves the timer alone, and is never read back.

Ours (INFERRED): no ``notificationTypes`` means every type; no ``scope`` means BASE_ALL; the scope counts from
the object that contains the subscription; a recipient is an absolute http or https URI without user
information or fragment, of at most 2,048 characters.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from tieline.standards.mns import jex
from tieline.standards.mns.errors import JexError, QueryError, RepresentationError
from tieline.standards.mns.notifications import NOTIFICATION_TYPES
from tieline.standards.mns.scope import BASE_ALL, Scope, make_scope

CLASS_NAME = "NtfSubscriptionControl"
HEARTBEAT_CLASS_NAME = "HeartbeatControl"
MAX_RECIPIENT = 2048
MAX_HEARTBEAT_PERIOD = 86_400


class NtfSubscriptionAttributes(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", forbid_unknown_fields=True
):
    """The attributes of an ``NtfSubscriptionControl``."""

    notification_recipient_address: str
    notification_types: list[str] | None = None
    scope: Scope | None = None
    notification_filter: str | None = None


class HeartbeatAttributes(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", forbid_unknown_fields=True
):
    """The attributes of a ``HeartbeatControl``; the period in seconds, 0 for no heartbeat."""

    heartbeat_ntf_period: int = 0
    trigger_heartbeat_ntf: bool | None = None


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription that was checked and can be used: where to send, which types, which objects, which filter."""

    recipient: str
    types: frozenset[str]
    scope: Scope
    condition: jex.Condition | None

    def wants(self, notification_type: str, levels_below: int) -> bool:
        """Tell whether the type and the object's depth below the subscription's parent are wanted."""
        return notification_type in self.types and self.scope.includes(levels_below)


def read_subscription(attributes: Mapping[str, Any]) -> Subscription:
    """Check the attributes of an ``NtfSubscriptionControl``.

    Raises:
        RepresentationError: naming the attribute at fault.

    """
    try:
        read = msgspec.convert(attributes, NtfSubscriptionAttributes)
    except msgspec.ValidationError as error:
        raise RepresentationError(f"the subscription cannot be read: {error}", _attribute_in(str(error))) from error
    _check_recipient(read.notification_recipient_address)
    return Subscription(
        recipient=read.notification_recipient_address,
        types=_types(read.notification_types),
        scope=_scope(read.scope),
        condition=_condition(read.notification_filter),
    )


def read_heartbeat(attributes: Mapping[str, Any]) -> HeartbeatAttributes:
    """Check the attributes of a ``HeartbeatControl``.

    Raises:
        RepresentationError: naming the attribute at fault.

    """
    try:
        read = msgspec.convert(attributes, HeartbeatAttributes)
    except msgspec.ValidationError as error:
        raise RepresentationError(f"the heartbeat cannot be read: {error}", _attribute_in(str(error))) from error
    if not 0 <= read.heartbeat_ntf_period <= MAX_HEARTBEAT_PERIOD:
        raise RepresentationError(
            f"heartbeatNtfPeriod is between 0 and {MAX_HEARTBEAT_PERIOD} seconds", "heartbeatNtfPeriod"
        )
    return read


def readable_heartbeat(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Give a ``HeartbeatControl``'s attributes as a read shows them: without the write-only trigger."""
    return {name: value for name, value in attributes.items() if name != "triggerHeartbeatNtf"}


def subscription_body(
    identifier: str, attributes: NtfSubscriptionAttributes, *, heartbeat_period: int | None = None
) -> dict[str, Any]:
    """Write the body that creates a subscription, with its heartbeat if ``heartbeat_period`` (seconds) is given."""
    body: dict[str, Any] = {"id": identifier, "objectClass": CLASS_NAME, "attributes": msgspec.to_builtins(attributes)}
    if heartbeat_period is not None:
        body[HEARTBEAT_CLASS_NAME] = {
            "id": "1",
            "objectClass": HEARTBEAT_CLASS_NAME,
            "attributes": {"heartbeatNtfPeriod": heartbeat_period},
        }
    return body


def _check_recipient(address: str) -> None:
    name = "notificationRecipientAddress"
    if len(address) > MAX_RECIPIENT:
        raise RepresentationError(f"{name} has at most {MAX_RECIPIENT} characters", name)
    if not address.isascii() or not address.isprintable() or " " in address:
        raise RepresentationError(f"{name} is no URI", name)
    try:
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError as error:
        raise RepresentationError(f"{name} is no URI: {error}", name) from error
    if not usable or parts.username is not None or parts.fragment:
        raise RepresentationError(f"{name} is an http or https URI without user or fragment", name)


def _types(names: list[str] | None) -> frozenset[str]:
    if names is None:
        return NOTIFICATION_TYPES
    name = "notificationTypes"
    if unknown := [kind for kind in names if kind not in NOTIFICATION_TYPES]:
        raise RepresentationError(f"{unknown[0][:64]!r} is no notification type", name)
    if len(set(names)) != len(names):
        raise RepresentationError("a notification type is named twice", name)
    return frozenset(names)


def _scope(scope: Scope | None) -> Scope:
    if scope is None:
        return BASE_ALL
    try:
        return make_scope(scope.scope_type, scope.scope_level)
    except QueryError as error:
        raise RepresentationError(str(error), "scope") from error


def _condition(text: str | None) -> jex.Condition | None:
    if text is None:
        return None
    try:
        return jex.parse(text)
    except JexError as error:
        raise RepresentationError(f"notificationFilter: {error}", "notificationFilter") from error


def _attribute_in(message: str) -> str:
    """Give the attribute that msgspec complains of: by its path, or by name where a field is missing or unknown."""
    _, found, rest = message.partition("`$.")
    if found:
        return rest.partition("`")[0].partition("[")[0].partition(".")[0]
    return message.partition("field `")[2].partition("`")[0] or "attributes"
