"""Cards and addresses taken for a purpose: by key, so that asking twice gives the same."""

from collections import defaultdict
from collections.abc import Sequence

from tieline.platform.db import Tx
from tieline.platform.scope import Permission, Scope
from tieline.utility.inventory.model import AddressWant, NoAddress, Reserved, StockCard, StockState, StockWant
from tieline.utility.inventory.policy.addresses import usable
from tieline.utility.inventory.store import addresses, operators, stock


async def take_stock(
    tx: Tx, scope: Scope, operator_code: str, wants: Sequence[StockWant], *, change_id: int | None = None
) -> dict[str, StockCard]:
    """Take cards from an operator's stock, one for each want; a key that is missing in the answer got none.

    Idempotent per key. A card's subscription has at least the generation wanted, the least that will do first; it is
    still in INVENTORY and fitted nowhere. Cards belong to no region, so that only the scope's operators count.
    """
    scope.require(Permission.CHANGE_PLAN)
    had = await stock.taken(tx, scope, [want.key for want in wants])
    kinds: dict[tuple[str, str | None], list[str]] = defaultdict(list)
    for want in wants:
        if want.key not in had:
            kinds[want.generation, want.card_kind].append(want.key)
    # The most demanding first: an undemanding want must not take the last card that would do for a demanding one.
    for (generation, card_kind), keys in sorted(kinds.items(), key=_demand, reverse=True):
        await stock.take(
            tx, scope, operator_code, keys, generation=generation, card_kind=card_kind, change_id=change_id
        )
    return await stock.taken(tx, scope, [want.key for want in wants])


def _demand(group: tuple[tuple[str, str | None], list[str]]) -> tuple[bool, str]:
    (generation, card_kind), _ = group
    return card_kind is not None, generation


async def release_stock(tx: Tx, scope: Scope, keys: Sequence[str], *, change_id: int | None = None) -> int:
    """Put cards taken for some keys, and not yet fitted, back into stock; returns how many."""
    scope.require(Permission.CHANGE_PLAN)
    return await stock.move(
        tx,
        scope,
        keys,
        from_states=[StockState.RESERVED, StockState.ISSUED],
        to_state=StockState.IN_STOCK,
        reason="given back",
        change_id=change_id,
    )


async def issue_stock(tx: Tx, scope: Scope, keys: Sequence[str], *, change_id: int | None = None) -> int:
    """Mark cards taken for some keys as issued: provisioned and on their way to a site; returns how many were."""
    scope.require(Permission.CHANGE_RUN)
    return await stock.move(
        tx,
        scope,
        keys,
        from_states=[StockState.RESERVED],
        to_state=StockState.ISSUED,
        reason="provisioned",
        change_id=change_id,
    )


async def reserve_addresses(
    tx: Tx, scope: Scope, wants: Sequence[AddressWant], *, change_id: int | None = None
) -> dict[str, Reserved]:
    """Reserve an address for each want from the pools of its operator and APN, the lowest free one first.

    Idempotent per key. A want that names an address gets that one unless somebody else has it, or is promised it; one
    that is no pool's is answered without a reservation. The pools are locked until the transaction ends, so that no
    address is given twice. Where there is none the answer says why. Keep transactions short: others wait for the pool.
    """
    scope.require(Permission.CHANGE_PLAN)
    result: dict[str, Reserved] = {}
    groups: dict[tuple[str, str], list[AddressWant]] = defaultdict(list)
    for want in wants:
        groups[want.operator, want.apn].append(want)
    # In one order everywhere: two that want from the same pools wait for one another and do not deadlock.
    for (operator, apn), group in sorted(groups.items()):
        keys = {want.key: want.subscription_id for want in group if want.address is None}
        if keys:
            result |= await _from_pools(tx, scope, operator, apn, keys=keys, change_id=change_id)
        moving = [want for want in group if want.address is not None and want.moves_from is not None]
        if moving:
            result |= await _promised(tx, scope, operator, apn, moving=moving, change_id=change_id)
        these = [
            (want.key, want.subscription_id, want.address)
            for want in group
            if want.address is not None and want.moves_from is None
        ]
        if these:
            result |= await _these(tx, scope, operator, apn, these=these, change_id=change_id)
    return result


async def _these(
    tx: Tx,
    scope: Scope,
    operator: str,
    apn: str,
    *,
    these: Sequence[tuple[str, int | None, str]],
    change_id: int | None,
) -> dict[str, Reserved]:
    pools = await addresses.lock_pools(tx, scope, operator, apn)
    had = await addresses.by_key(tx, [key for key, _, _ in these])
    operator_id = (await operators.operator_ids(tx, scope))[operator]
    rows = await addresses.reserve_these(tx, pools, operator_id, apn, these, change_id=change_id)
    return {
        key: Reserved(key, None, None, NoAddress.TAKEN)
        if row["taken"]
        else Reserved(key, row["address"], row["id"] or had.get(key, {}).get("id"))
        for key, row in rows.items()
    }


async def _promised(
    tx: Tx, scope: Scope, operator: str, apn: str, *, moving: Sequence[AddressWant], change_id: int | None
) -> dict[str, Reserved]:
    await addresses.lock_pools(tx, scope, operator, apn)
    operator_id = (await operators.operator_ids(tx, scope))[operator]
    taken = await addresses.promise(tx, operator_id, moving, change_id=change_id)
    return {
        want.key: Reserved(want.key, None, None, NoAddress.TAKEN)
        if want.key in taken
        else Reserved(want.key, want.address, None)
        for want in moving
    }


async def held_for(tx: Tx, scope: Scope, change_id: int) -> set[str]:
    """The keys under which a change has taken cards or addresses that are not in use yet."""
    scope.require(Permission.CHANGE_PLAN)
    return await addresses.held(tx, change_id)


async def _from_pools(
    tx: Tx, scope: Scope, operator: str, apn: str, *, keys: dict[str, int | None], change_id: int | None
) -> dict[str, Reserved]:
    pools = await addresses.lock_pools(tx, scope, operator, apn)
    rows = await addresses.by_key(tx, list(keys))
    for pool in pools:
        left = [(key, subscription) for key, subscription in keys.items() if key not in rows]
        if not left:
            break
        rows |= await addresses.reserve(tx, pool, apn, left, usable=usable(pool["cidr"]), change_id=change_id)
    why = NoAddress.EXHAUSTED if pools else NoAddress.NO_POOL
    return {
        key: Reserved(key, rows[key]["address"], rows[key]["id"]) if key in rows else Reserved(key, None, None, why)
        for key in keys
    }


async def release_addresses(tx: Tx, scope: Scope, keys: Sequence[str]) -> int:
    """Give the addresses reserved for some keys back; returns how many were held."""
    scope.require(Permission.CHANGE_PLAN)
    return await addresses.release(tx, scope, keys)
