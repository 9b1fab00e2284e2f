"""5G LAN groups: what they are. Who is in one is a desired value of subscriptions, and changes do that."""

from collections.abc import Sequence

from tieline.platform import audit
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, NotFound
from tieline.platform.scope import Permission, Scope
from tieline.utility.inventory.model import LanGroup, LanGroupSpec, PoolUse
from tieline.utility.inventory.policy.addresses import usable
from tieline.utility.inventory.policy.groups import differences
from tieline.utility.inventory.store import groups


async def lan_groups(tx: Tx, scope: Scope, names: Sequence[str] | None = None) -> list[LanGroup]:
    """The groups at the operators within the scope, by name; those of some names."""
    scope.require(Permission.INVENTORY_READ)
    return await groups.groups(tx, scope, names=names)


async def lan_group(tx: Tx, scope: Scope, identity: int) -> LanGroup:
    """A group. Raises ``NotFound``."""
    scope.require(Permission.INVENTORY_READ)
    found = await groups.groups(tx, scope, ids=[identity])
    if not found:
        raise NotFound(f"There is no group {identity}.")
    return found[0]


async def lan_group_pools(tx: Tx, scope: Scope, group: LanGroup) -> list[PoolUse]:
    """The address pools of a group's data network, and how far they are used."""
    scope.require(Permission.INVENTORY_READ)
    rows = await groups.pools(tx, group.id)
    return [PoolUse(**row, size=usable(row["cidr"]).count) for row in rows]


async def define_lan_group(
    tx: Tx, scope: Scope, operator: str, spec: LanGroupSpec, *, change_id: int | None = None
) -> None:
    """Keep what a group at an operator is, before its first members are sent there.

    The same again changes nothing. Raises ``Conflict`` where a group of that name is something else.
    """
    scope.require(Permission.CHANGE_RUN)
    if await groups.define(tx, scope, operator, spec, change_id):
        facts = {"operator": operator, "dnn": spec.dnn, "sst": spec.sst, "sd": spec.sd, "change": change_id}
        await audit.append(tx, scope, audit.Entry("lan-group.defined", f"lan-group:{spec.name}", facts))
        return
    (found,) = [one for one in await groups.groups(tx, scope, names=[spec.name]) if one.operator_code == operator]
    other = differences(found.spec, spec)
    if other:
        raise Conflict(
            f"The group {spec.name} at operator {operator} is another one: it has {', '.join(other)}.",
            advice="Copy the change under another name, or change who is in the group that there is.",
        )
