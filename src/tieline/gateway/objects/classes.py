"""Which classes of managed objects there are, who may write what, and which values are right.

A class is one entry of ``CLASSES``; a further one (``OutageAndRecoveryInfo``, say) is registered the same way. Whether
its attributes stand beside ``id`` on the wire is ``resource``'s business, not ours: in here attributes are a mapping.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tieline.gateway.model import Consumer, Party
from tieline.gateway.objects.model import META
from tieline.standards.mns import profile
from tieline.standards.mns.errors import ErrorReason, RepresentationError
from tieline.standards.mns.subscriptions import read_heartbeat, read_subscription

Check = Callable[[Any], str | None]
"""Gives the rule that a value breaks, in words, or None."""

Attributes = Mapping[str, Any]
Review = Callable[[Consumer, Attributes, Attributes], None]
"""Looks at an object's own attributes before (empty: new) and after a change; raises ``RepresentationError``."""

HTTPS = 443

BOTH = frozenset({Party.UTILITY, Party.STAFF})
OPERATOR = frozenset({Party.STAFF})
NETWORK = frozenset({Party.NETWORK})
OBSERVED = frozenset({"imei", "attached", "lastSeen", "servingCell", "lanGroups", "operational"})
"""What the network tells of a subscription; the profile only says that it is not the utility's to write."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute: who may write it and what it may hold.

    ``observed`` ones are told by the network. ``trigger`` ones are orders, never kept and never read back.
    """

    check: Check
    writers: frozenset[Party] = OPERATOR
    observed: bool = False
    trigger: str | None = None


@dataclass(frozen=True, slots=True)
class ManagedClass:
    """A class of managed objects. ``makers`` may create and delete its objects below one of ``parents``.

    ``desired`` are the attributes that the network has to follow; ``meta`` says whether objects carry
    ``lastModifiedAt`` and its brothers; ``most`` bounds how many of them one parent may hold.
    """

    name: str
    parents: frozenset[str]
    makers: frozenset[Party]
    attributes: Mapping[str, Attribute]
    desired: tuple[str, ...] = ()
    meta: bool = False
    required: frozenset[str] = frozenset()
    most: int | None = None
    review: Review | None = None
    observed: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Collect the names that the network writes."""
        names = frozenset(name for name, attribute in self.attributes.items() if attribute.observed)
        object.__setattr__(self, "observed", names)


def _review_subscription(_consumer: Consumer, before: Attributes, after: Attributes) -> None:
    if "state" not in before:
        return
    problem = profile.validate_transition(before["state"], after["state"])
    if problem is not None:
        raise RepresentationError(
            problem.message, problem.attribute, reason=ErrorReason.FINAL_DATA_NODE_VALUE_INVALID, status=422
        )


def is_registered(address: str, hosts: frozenset[str]) -> bool:
    """Tell whether an address is ``https`` and on one of these hosts, each ``host`` (any port) or ``host:port``."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port or HTTPS
    except ValueError:  # brackets that are no IPv6 address, or a port that is none
        return False
    return parts.scheme == "https" and host is not None and (host in hosts or f"{host}:{port}" in hosts)


def _review_recipient(consumer: Consumer, _before: Attributes, after: Attributes) -> None:
    if not is_registered(read_subscription(after).recipient, consumer.notification_hosts):
        raise RepresentationError(
            "notificationRecipientAddress must be https and on a host that is registered for this utility",
            "notificationRecipientAddress",
            reason=ErrorReason.ACCESS_DENIED,
            status=422,
        )


def _review_heartbeat(_consumer: Consumer, _before: Attributes, after: Attributes) -> None:
    read_heartbeat(after)


def _anything(_value: Any) -> None:
    """Leave a value to the review of the object as a whole."""


def _boolean(value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _from_profile(name: str, observed: frozenset[str] = frozenset()) -> dict[str, Attribute]:
    """Give a class of the profile: what is the utility's to write there is the operator's too, but not vice versa."""
    attributes: dict[str, Attribute] = {}
    for attribute in profile.CLASSES[name].values():
        if attribute.name in META:
            continue
        if attribute.name in observed:
            attributes[attribute.name] = Attribute(_rule(attribute), NETWORK, observed=True)
        else:
            writers = BOTH if attribute.writer is profile.Writer.UTILITY else OPERATOR
            attributes[attribute.name] = Attribute(_rule(attribute), writers)
    return attributes


def _rule(attribute: profile.Attribute) -> Check:
    def check(value: Any) -> str | None:
        wrong = attribute.check(value)
        return wrong[1] if wrong else None

    return check


def _required(name: str) -> frozenset[str]:
    return frozenset(attribute.name for attribute in profile.CLASSES[name].values() if not attribute.unsettable)


SUBSCRIPTION = ManagedClass(
    name=profile.SUBSCRIPTION_CLASS,
    parents=frozenset({"SubNetwork"}),
    makers=OPERATOR,
    attributes=_from_profile(profile.SUBSCRIPTION_CLASS, OBSERVED),
    desired=profile.DESIRED_NAMES,
    meta=True,
    required=_required(profile.SUBSCRIPTION_CLASS),
    review=_review_subscription,
)
CARD = ManagedClass(
    name=profile.CARD_CLASS,
    parents=frozenset({"SubNetwork"}),
    makers=OPERATOR,
    attributes=_from_profile(profile.CARD_CLASS),
    meta=True,
    required=_required(profile.CARD_CLASS),
)
NTF_SUBSCRIPTION = ManagedClass(
    name="NtfSubscriptionControl",
    parents=frozenset({"SubNetwork"}),
    makers=BOTH,
    attributes=dict.fromkeys(
        ("notificationRecipientAddress", "notificationTypes", "scope", "notificationFilter"),
        Attribute(_anything, BOTH),
    ),
    required=frozenset({"notificationRecipientAddress"}),
    most=16,
    review=_review_recipient,
)
HEARTBEAT = ManagedClass(
    name="HeartbeatControl",
    parents=frozenset({"NtfSubscriptionControl"}),
    makers=BOTH,
    attributes={
        "heartbeatNtfPeriod": Attribute(_anything, BOTH),
        "triggerHeartbeatNtf": Attribute(_boolean, BOTH, trigger="heartbeat"),
    },
    most=1,
    review=_review_heartbeat,
)
SUBNETWORK = ManagedClass(
    name="SubNetwork",
    parents=frozenset(),
    makers=frozenset(),
    attributes={},
)


def registry(classes: Iterable[ManagedClass]) -> Mapping[str, ManagedClass]:
    """Put classes together by name; a name may stand for one class only."""
    found: dict[str, ManagedClass] = {}
    for entry in classes:
        if entry.name in found:
            raise ValueError(f"two classes are called {entry.name}")
        found[entry.name] = entry
    return found


CLASSES = registry((SUBNETWORK, SUBSCRIPTION, CARD, NTF_SUBSCRIPTION, HEARTBEAT))
"""The classes that a gateway serves."""
