"""Planning: the selection is frozen into items, with what will happen to each or why it cannot.

Set-based: a handful of statements and one COPY, however many items there are. What is taken from stock and from address
pools is taken in short transactions of its own, by keys, so that a crash half-way takes nothing twice.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from tieline.platform.clock import Clock
from tieline.platform.db import Database, Tx, is_lost
from tieline.platform.errors import Conflict, NotFound, TielineError
from tieline.platform.scope import Permission, Scope
from tieline.platform.wiring import Runtime
from tieline.utility import inventory
from tieline.utility.changes.kinds import KINDS, Kind, Materials, parse
from tieline.utility.changes.kinds.base import want_key
from tieline.utility.changes.model import TO_DO, Change, ChangeState, ItemState, PlannedItem
from tieline.utility.changes.policy import approval, estimate, impact, waves
from tieline.utility.changes.policy.compatibility import OperatorFacts
from tieline.utility.changes.policy.fingerprint import plan_hash
from tieline.utility.changes.policy.states import Act, after
from tieline.utility.changes.service import timing
from tieline.utility.changes.service.deciding import check_touchable
from tieline.utility.changes.service.drafting import RESTORE
from tieline.utility.changes.service.telling import tell
from tieline.utility.changes.store import changes as store
from tieline.utility.changes.store import guarding
from tieline.utility.changes.store import items as item_store
from tieline.utility.connectors import ConnectorError, Lines
from tieline.utility.inventory import FleetRow, Selection, StockCard

MAX_ITEMS = 200_000
UNUSED = (ItemState.CANCELLED, ItemState.BLOCKED, ItemState.CONFLICT, ItemState.FAILED)
"""States in which items of a change that was stopped may have no use for what was taken for them."""


async def request(tx: Tx, scope: Scope, clock: Clock, change_id: int) -> int:
    """Begin a new version of a change's plan; earlier approvals are void. Returns the version, for the job."""
    scope.require(Permission.CHANGE_PLAN)
    change = await store.get(tx, change_id, lock=True)
    following = after(change.state, Act.PLAN)
    await check_touchable(tx, scope, change)
    voided = await store.void_approvals(tx, change_id, "The change was planned again.", clock.now())
    version = await store.set_planning(tx, change_id, scope)
    await store.set_state(tx, change_id, following)
    await timing.settle(tx, clock, change_id)
    await tell(tx, scope, change, "planning", state=following, version=version, approvals_voided=voided)
    return version


@dataclass(frozen=True, slots=True)
class _Order:
    """What is to be planned: the kind, its parameters, and the selected rows."""

    kind: Kind
    parameters: Any
    rows: Sequence[FleetRow]


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan before it is written."""

    items: list[PlannedItem]
    waves: list[waves.Wave]
    hash: str
    summary: dict[str, Any]


async def make(runtime: Runtime, lines: Lines, change_id: int, version: int) -> None:
    """Make the plan of a version. A version that was overtaken is left alone; a failure puts the change into draft."""
    db = runtime.db
    async with db.transaction() as tx:
        change = await store.get(tx, change_id)
        scope = await authority(tx, change_id)
    if change.state is not ChangeState.PLANNING or change.plan_version != version:
        return
    try:
        planned = await _plan(runtime, lines, change, scope)
        async with db.transaction() as tx:
            await _write(tx, scope, change, planned, at=runtime.clock.now())
    except TielineError as error:
        async with db.transaction() as tx:
            await _fail(tx, scope, change_id, version, error.detail)
    except Exception as error:
        # While the database is away the job is tried again; any other error would meet the same plan again.
        if not is_lost(error):
            async with db.transaction() as tx:
                await _fail(tx, scope, change_id, version, "The plan could not be made: something is wrong here.")
        raise


async def authority(tx: Tx, change_id: int) -> Scope:
    """The authority with which a change was planned: who asked for the plan, within her regions and operators."""
    row = await store.planning_scope(tx, change_id)
    return Scope(
        actor=row["planned_by"] or "system:changes",
        permissions=frozenset({Permission.INVENTORY_READ, Permission.CHANGE_PLAN, Permission.CHANGE_READ}),
        regions=None if row["scope_regions"] is None else frozenset(row["scope_regions"]),
        operators=None if row["scope_operators"] is None else frozenset(row["scope_operators"]),
        user_id=row["planned_by_user"],
    )


async def select(tx: Tx, scope: Scope, change: Change) -> tuple[list[FleetRow], dict[int, Any]]:
    """The rows a change is about as they stand now and, for an undo, what is to be undone on each."""
    if change.kind != RESTORE:
        selection = msgspec.convert(change.selection, Selection)
        rows = await inventory.resolve_selection(tx, scope, selection, limit=MAX_ITEMS + 1)
        if len(rows) > MAX_ITEMS:
            raise Conflict(f"More than {MAX_ITEMS} subscriptions are selected.", advice="Select fewer.")
        return rows, {}
    parameters = parse(KINDS.get(change.kind), change.parameters)
    part = item_store.Part(parameters.regions, parameters.operators, parameters.waves, parameters.item_ids)
    effects = {one.subscription_id: one for one in await item_store.effects(tx, scope, parameters.change_id, part)}
    return await inventory.subscriptions(tx, everywhere(scope), list(effects)), effects


def everywhere(scope: Scope) -> Scope:
    """The scope without its regions: subscriptions that are fitted nowhere belong to none."""
    return replace(scope, regions=None)


async def facts(db: Database, lines: Lines, scope: Scope, codes: Mapping[int, str]) -> dict[int, OperatorFacts]:
    """What a plan has to know of operators."""
    async with db.transaction() as tx:
        contracts = await inventory.contracts(tx, scope)
    found = {}
    for identity, code in codes.items():
        try:
            capabilities = (await lines.get(code)).capabilities
        except (NotFound, ConnectorError):
            capabilities = None
        granted = [one for one in contracts if one.operator_code == code]
        found[identity] = OperatorFacts(
            identity,
            code,
            capabilities,
            _granted([one.apns for one in granted]),
            _granted([one.data_plans for one in granted]),
            _granted([one.subscription_groups for one in granted]),
        )
    return found


def _granted(lists: Sequence[Sequence[str]]) -> frozenset[str]:
    """What several contracts grant together; one that names nothing grants anything."""
    return frozenset() if any(not one for one in lists) else frozenset(word for one in lists for word in one)


async def _plan(runtime: Runtime, lines: Lines, change: Change, scope: Scope) -> Planned:
    kind = KINDS.get(change.kind)
    async with runtime.db.snapshot() as tx:
        rows, effects = await select(tx, scope, change)
        sources = [row.subscription_id for row in rows]
        prepared = await item_store.prepared(tx, change.id, sources)
        groups = {(one.operator_id, one.name): one for one in await inventory.lan_groups(tx, everywhere(scope))}
        heirs = await _successors(tx, scope, sources) if kind.successors else {}
    order = _Order(kind, parse(kind, change.parameters), rows)
    codes = {row.operator_id: row.operator_code for row in rows}
    materials = Materials(
        change_id=change.id,
        operators=await facts(runtime.db, lines, scope, codes),
        prepared=prepared,
        effects=effects,
        successors=heirs,
        groups=groups,
    )
    materials = await _stock(runtime.db, scope, order, materials)
    materials = await _addresses(runtime.db, scope, order, materials)
    threshold = runtime.settings.approval_threshold
    return await asyncio.to_thread(_compute, order, change, materials, threshold)


async def _successors(tx: Tx, scope: Scope, sources: Sequence[int]) -> dict[int, FleetRow]:
    ids = await item_store.successors(tx, sources)
    rows = {
        row.subscription_id: row for row in await inventory.subscriptions(tx, everywhere(scope), list(ids.values()))
    }
    return {source: rows[heir] for source, heir in ids.items() if heir in rows}


async def _stock(db: Database, scope: Scope, order: _Order, materials: Materials) -> Materials:
    wants = order.kind.stock_wants(order.rows, order.parameters, materials)

    async def take(code: str) -> dict[str, StockCard]:
        """Take one operator's cards."""
        async with db.transaction() as tx:
            return await inventory.take_stock(tx, scope, code, wants[code], change_id=materials.change_id)

    stock: dict[str, StockCard] = {}
    for taken in await asyncio.gather(*map(take, wants)):
        stock |= taken
    cards = [card.subscription_id for card in stock.values()]
    heirs = [row.subscription_id for row in materials.successors.values()]
    written = cards or [row.subscription_id for row in order.rows] + heirs
    async with db.transaction() as tx:
        spares = await inventory.subscriptions(tx, everywhere(scope), cards) if cards else []
        busy = await item_store.busy(tx, materials.change_id, written)
    return replace(materials, stock=stock, busy=busy, spares={row.subscription_id: row for row in spares})


async def _addresses(db: Database, scope: Scope, order: _Order, materials: Materials) -> Materials:
    wants = order.kind.address_wants(order.rows, order.parameters, materials)
    if not wants:
        return materials
    async with db.transaction() as tx:
        reserved = await inventory.reserve_addresses(tx, scope, wants, change_id=materials.change_id)
    return replace(materials, addresses=reserved)


def _compute(order: _Order, change: Change, materials: Materials, threshold: int) -> Planned:
    items, cut = waves.assign(list(order.kind.plan(order.rows, order.parameters, materials)), change.waves)
    touched = impact.assess(items)
    size = approval.Size(touched.items, touched.critical_sites)
    lanes = {}
    for identity, operator in materials.operators.items():
        if operator.capabilities is not None:
            by_wave = [0] * (len(cut) + 1)
            for item in items:
                if item.operator_id == identity and item.wave:
                    by_wave[item.wave] += 1
            lanes[operator.code] = estimate.estimate(by_wave, operator.capabilities)
    summary = {
        "impact": touched,
        "waves": cut,
        "lanes": lanes,
        "seconds": estimate.together(list(lanes.values())),
        "requirement": approval.requirement(change.type, size, threshold, always=order.kind.approved_by_two),
    }
    canonical = (
        item_store.canonical_of(position, item, disruptive=change.disruptive) for position, item in enumerate(items, 1)
    )
    return Planned(items, cut, plan_hash(header(change), canonical), summary)


def header(change: Change) -> dict[str, Any]:
    """What of a change besides its items an approval is tied to."""
    return {
        "change": change.id,
        "kind": change.kind,
        "type": change.type.value,
        "parameters": change.parameters,
        "waves": change.waves,
        "thresholds": change.thresholds,
        "window": change.window,
        "disruptive": change.disruptive,
        "policy": change.policy_id,
        "undo_of": change.undo_of,
    }


async def _write(tx: Tx, scope: Scope, seen: Change, planned: Planned, *, at: datetime) -> None:
    change = await store.get(tx, seen.id, lock=True)
    if change.state is not ChangeState.PLANNING or change.plan_version != seen.plan_version:
        return
    used = {want_key(change.id, item.source_id) for item in planned.items if item.state in TO_DO}
    await release(tx, scope, await inventory.held_for(tx, scope, change.id) - used, change.id)
    await item_store.replace_plan(tx, change.id, planned.items, planned.waves, disruptive=change.disruptive)
    await store.set_planned(tx, change.id, planned.hash, planned.summary, at)
    following = after(change.state, Act.PLANNED)
    await store.set_state(tx, change.id, following)
    touched: impact.Impact = planned.summary["impact"]
    await tell(
        tx, scope, change, "planned", state=following, version=change.plan_version, hash=planned.hash,
        items=touched.by_state, sites=touched.sites, critical_sites=touched.critical_sites,
    )  # fmt: skip


async def release(tx: Tx, scope: Scope, keys: set[str], change_id: int) -> None:
    """Give back what was taken for some keys and is not needed."""
    if keys:
        await inventory.release_stock(tx, scope, sorted(keys), change_id=change_id)
        await inventory.release_addresses(tx, scope, sorted(keys))


async def give_back_unused(tx: Tx, scope: Scope, change_id: int, *, states: Sequence[ItemState] = UNUSED) -> None:
    """Give back what was taken for items in some states that will not be done any more."""
    sources = await guarding.unneeded(tx, change_id, states)
    await release(tx, scope, {want_key(change_id, source) for source in sources}, change_id)


async def _fail(tx: Tx, scope: Scope, change_id: int, version: int, why: str) -> None:
    change = await store.get(tx, change_id, lock=True)
    if change.state is not ChangeState.PLANNING or change.plan_version != version:
        return
    following = after(change.state, Act.PLAN_FAILED)
    await release(tx, scope, await inventory.held_for(tx, scope, change_id), change_id)
    await store.set_state(tx, change_id, following, why=why)
    await tell(tx, scope, change, "planning-failed", state=following, why=why)
