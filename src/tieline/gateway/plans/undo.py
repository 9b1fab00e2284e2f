"""The way back from an activation, read out of the change log: what it did, the last first.

An object that somebody changed since is left alone: the operation then fails and says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tieline.gateway.objects.model import Happened, Node
from tieline.gateway.objects.store import log
from tieline.platform.db import Tx
from tieline.standards.mns.dn import Dn
from tieline.standards.mns.plans import ConfigChange, ModifyOperator, make_change


@dataclass(frozen=True, slots=True)
class Undoing:
    """One change that takes back one effect; ``after`` is how the activation left the object."""

    change: ConfigChange
    happened: Happened
    after: Mapping[str, Any] | None

    def is_stale(self, node: Node | None) -> bool:
        """Tell whether the object is no longer as the activation left it."""
        if self.happened is Happened.DELETED:
            return node is not None
        if node is None:
            return True
        left = self.after or {}
        if self.happened is Happened.CREATED:
            return dict(node.attributes) != dict(left)
        return any(node.attributes.get(name) != value for name, value in left.items())


async def undoing(tx: Tx, utility_id: int, job_id: int) -> list[Undoing]:
    """Give the changes that take a job back, in the order in which they are to be made."""
    rows = await log.of_job(tx, utility_id, job_id)
    ids = [row["change"] for row in rows]
    named = None not in ids and len(set(ids)) == len(ids)  # several effects may belong to one change
    return [
        Undoing(
            _change(Dn.parse(row["dn"]), row["operation"], row["before"], row["change"] if named else None),
            Happened(row["operation"]),
            row["after"],
        )
        for row in rows
    ]


def _change(dn: Dn, operation: str, before: Mapping[str, Any] | None, change_id: str | None) -> ConfigChange:
    match operation:
        case Happened.CREATED:
            return make_change(ModifyOperator.DELETE, dn, None, change_id)
        case Happened.DELETED:
            return make_change(ModifyOperator.CREATE, dn, before, change_id)
        case _:
            return make_change(ModifyOperator.MERGE, dn, before, change_id)
