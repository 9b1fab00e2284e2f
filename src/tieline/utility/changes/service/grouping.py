"""What groups and addresses need of a change besides its items: definitions before it starts, terms with each batch."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tieline.platform.db import Tx
from tieline.platform.scope import Scope
from tieline.utility import inventory
from tieline.utility.changes.kinds import KINDS, parse
from tieline.utility.changes.kinds.addresses import AddressProvision, Parameters
from tieline.utility.changes.kinds.groups import GroupCreate
from tieline.utility.changes.model import Change, Fields
from tieline.utility.changes.store import checking
from tieline.utility.connectors import Group, Slice


async def define(tx: Tx, scope: Scope, change: Change) -> None:
    """Keep what a group is that a change makes, at each operator where it makes it. Raises ``Conflict``."""
    if change.kind != GroupCreate.name:
        return
    parameters = parse(KINDS.get(change.kind), change.parameters)
    for operator in await checking.operators(tx, change.id):
        await inventory.define_lan_group(tx, scope, operator, parameters.spec, change_id=change.id)


async def groups_of(
    tx: Tx, scope: Scope, operator_id: int, items: Sequence[tuple[Fields, Fields]]
) -> tuple[Group, ...]:
    """The groups that items (values before, values desired) put subscriptions into or take them out of."""
    names = {name for before, desired in items for name in _differing(before, desired)}
    if not names:
        return ()
    found = await inventory.lan_groups(tx, scope, sorted(names))
    return tuple(
        Group(
            name=one.name,
            dnn=one.dnn,
            slice=Slice(one.sst, one.sd),
            session_type=one.session_type,
            aaa_address=one.aaa_address,
            aaa_usages=tuple(one.aaa_usages),
        )
        for one in found
        if one.operator_id == operator_id
    )


def slice_of(kind: str, parameters: Mapping[str, Any]) -> Slice | None:
    """The slice of a change's addresses; None for a change of another kind."""
    if kind != AddressProvision.name:
        return None
    read = msgspec.convert(parameters, Parameters)
    return Slice(read.sst, read.sd)


def _differing(before: Fields, desired: Fields) -> set[str]:
    if "lan_groups" not in desired:
        return set()
    return set(before.get("lan_groups") or ()) ^ set(desired["lan_groups"] or ())
