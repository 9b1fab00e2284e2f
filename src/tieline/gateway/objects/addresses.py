"""A fixed address belongs to one subscription of an APN at a time. Pure.

A subscription holds the address that it is to have, and the one that the network still gives it. So an address that
moves is given up first, and taken once the network has followed: two subscriptions never answer at it.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from tieline.gateway.objects.model import Node
from tieline.standards.mns.dn import Dn
from tieline.standards.mns.patch import (
    CreateObject,
    DeleteObject,
    EditObject,
    MergeObject,
    Operation,
    ReplaceObject,
)
from tieline.standards.mns.profile import SUBSCRIPTION_CLASS, State


class Held(NamedTuple):
    """An address within an APN; the APN is empty where none is set."""

    apn: str
    address: str


class Holder(NamedTuple):
    """Who holds an address; ``leaving`` says that it is only the network that has not followed yet."""

    dn: Dn
    leaving: bool


def held_by(settings: Mapping[str, Any]) -> Held | None:
    """Give the address that settings, desired or operational, hold; what is retired holds none."""
    address = settings.get("ipAddress")
    if not isinstance(address, str) or settings.get("state") == State.RETIRED:
        return None
    return Held(str(settings.get("apn") or ""), address)


def leaves(node: Node) -> Held | None:
    """Give the address that the network is still to take from a subscription, if there is one."""
    operational = held_by(node.observed.get("operational") or {})
    return operational if operational is not None and operational != held_by(node.attributes) else None


class Addresses:
    """Who holds the addresses that a set of operations may give to somebody."""

    def __init__(self, holders: Mapping[Held, Iterable[Holder]]) -> None:
        """Take what the database says of these addresses."""
        self._holders = {held: {holder.dn: holder for holder in found} for held, found in holders.items()}

    def take(self, held: Held, dn: Dn) -> None:
        """Note that a subscription of the tree is to have an address."""
        self._holders.setdefault(held, {})[dn] = Holder(dn, leaving=False)

    def holder(self, held: Held, asking: Dn, now: Mapping[Dn, Node], stored: Mapping[Dn, Node]) -> Holder | None:
        """Give the other subscription that holds an address; what operations made of the objects stored counts."""
        for dn, holder in self._holders.get(held, {}).items():
            if dn == asking:
                continue
            node = now.get(dn)
            if node is None:
                if dn in stored:
                    continue  # an operation deleted it
                return holder
            if held_by(node.attributes) == held:
                return Holder(dn, leaving=False)
            if leaves(node) == held:
                return Holder(dn, leaving=True)
        return None


def wanted(operations: Iterable[Operation], known: Mapping[Dn, Node]) -> set[str]:
    """Give the addresses that operations may give to the subscriptions that they are about."""
    found: set[str] = set()
    for operation in operations:
        if operation.dn.class_name == SUBSCRIPTION_CLASS:
            found |= {address for address in _named(operation, known.get(operation.dn)) if isinstance(address, str)}
    return found


def _named(operation: Operation, node: Node | None) -> Iterable[Any]:
    """Give what an operation may make the address of its object: named, kept while the APN moves, or copied."""
    own = node.attributes.get("ipAddress") if node is not None else None
    match operation:
        case MergeObject(_, news):
            return (news.get("ipAddress", own),) if "ipAddress" in news or "apn" in news else ()
        case CreateObject(_, news) | ReplaceObject(_, news):
            return (news.get("ipAddress"),)
        case EditObject(_, edit):
            # An edit may copy any value of the object into the address.
            values = (
                [] if node is None else [*node.attributes.values(), *(node.observed.get("operational") or {}).values()]
            )
            return *values, *(edit.value.values() if isinstance(edit.value, Mapping) else (edit.value,))
        case DeleteObject():
            return ()
