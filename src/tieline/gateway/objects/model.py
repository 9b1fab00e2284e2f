"""A managed object as the gateway keeps it, and what happens to it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from tieline.standards.mns.dn import Dn

META = ("lastModifiedAt", "lastModifiedBy", "lastPlan")
"""Attributes that the gateway keeps itself, for classes that have them."""


Stamp = tuple[Mapping[str, Any], Mapping[str, Any]]
"""What the gateway notes about an object, before and after a change."""


class Happened(StrEnum):
    """What happened to an object."""

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Node:
    """One managed object.

    ``attributes`` is what the two parties want it to be, ``observed`` what the network says it is; they have no
    name in common. ``id`` is None until the object is stored.
    """

    dn: Dn
    attributes: Mapping[str, Any]
    observed: Mapping[str, Any]
    modified_at: datetime
    modified_by: str
    last_plan: str | None = None
    version: int = 1
    id: int | None = None

    def meta(self) -> dict[str, Any]:
        """Who changed the object last, when, and by which plan."""
        found: dict[str, Any] = {"lastModifiedAt": timestamp(self.modified_at), "lastModifiedBy": self.modified_by}
        if self.last_plan is not None:
            found["lastPlan"] = self.last_plan
        return found


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that happened to one object: a row of the change log and the ground for a notification.

    ``before`` and ``after`` hold the attributes that differ, null where one was or is not set; for an object
    that was made or deleted the missing side is None. ``signal`` asks for something that leaves no trace in
    the object (a heartbeat at once). ``stamp`` is what the gateway notes about the change, before and after.
    """

    dn: Dn
    happened: Happened
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    version: int
    change: str | None = None
    signal: str | None = None
    stamp: Stamp | None = None


def timestamp(moment: datetime) -> str:
    """Write a moment in UTC with a fixed number of digits, so that text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
