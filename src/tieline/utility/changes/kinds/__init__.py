"""Kinds of change: what they are, and those that this context brings."""

from tieline.utility.changes.kinds.addresses import AddressProvision
from tieline.utility.changes.kinds.base import Effect, Kind, Kinds, Materials, PlainKind, parse
from tieline.utility.changes.kinds.configure import Configure
from tieline.utility.changes.kinds.cutover import CutOver
from tieline.utility.changes.kinds.groups import GroupCreate, GroupMembers, GroupRemove
from tieline.utility.changes.kinds.preprovision import Preprovision
from tieline.utility.changes.kinds.restore import Restore

KINDS = Kinds()
"""Every kind that a running process knows; contexts above register theirs at wiring."""

for _kind in (
    Preprovision(),
    CutOver(),
    Configure(),
    Restore(),
    AddressProvision(),
    GroupCreate(),
    GroupMembers(),
    GroupRemove(),
):
    KINDS.register(_kind)

__all__ = ["KINDS", "Effect", "Kind", "Kinds", "Materials", "PlainKind", "parse"]
