"""The one way in which objects change: locked, judged, written, logged, notified, ordered from the network."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from tieline.gateway.backends import store as orders
from tieline.gateway.backends.port import Interference
from tieline.gateway.exposure.monitoring import service as events
from tieline.gateway.model import Actor, Consumer, Party
from tieline.gateway.notify import service as notify
from tieline.gateway.objects import addresses
from tieline.gateway.objects.addresses import Addresses
from tieline.gateway.objects.classes import CLASSES
from tieline.gateway.objects.model import Effect, Happened, Node, timestamp
from tieline.gateway.objects.policy import Tree, lags, operational_twin
from tieline.gateway.objects.store import addresses as address_store
from tieline.gateway.objects.store import log, objects
from tieline.platform.db import Tx
from tieline.standards.mns.dn import Dn
from tieline.standards.mns.patch import CreateObject, DeleteObject, MergeObject, Operation
from tieline.standards.mns.profile import SUBSCRIPTION_CLASS

NETWORK = Actor(Party.NETWORK, "network")
_EMPTIED = frozenset(name for name, kind in CLASSES.items() if kind.makers) & frozenset(
    parent for kind in CLASSES.values() for parent in kind.parents
)
"""Classes whose objects can be deleted and hold others. A whole network, which cannot, is not loaded to say so."""


def subscriptions_of(operations: Sequence[Operation]) -> list[str]:
    """Give the subscriptions that operations are about, each once, in order."""
    found = (operation.dn for operation in operations)
    return list(dict.fromkeys(dn.id for dn in found if dn.class_name == SUBSCRIPTION_CLASS))


async def load(tx: Tx, consumer: Consumer, operations: Sequence[Operation], *, lock: bool = True) -> Tree:
    """Load what operations concern: their objects, what is below those to be deleted, the parents of new ones.

    All of it is locked until the transaction ends, unless nothing is going to be written.
    """
    names = {operation.dn for operation in operations}
    nodes = await (objects.lock if lock else objects.load)(tx, consumer.id, names)
    known = {node.dn for node in nodes}
    for operation in operations:
        if isinstance(operation, DeleteObject) and operation.dn in known and operation.dn.class_name in _EMPTIED:
            nodes += await objects.below(tx, consumer.id, operation.dn, lock=lock)
    known = {node.dn for node in nodes}
    parents, counts = set(), {}
    for operation in operations:
        makes = isinstance(operation, CreateObject) or (isinstance(operation, MergeObject) and operation.create_missing)
        parent = operation.dn.parent
        if not makes or parent is None:
            continue
        parents.add(parent)
        kind = CLASSES.get(operation.dn.class_name)
        if kind is not None and kind.most is not None and (parent, kind.name) not in counts:
            counts[parent, kind.name] = await objects.count_children(tx, consumer.id, parent, kind.name)
    nodes += await (objects.hold if lock else objects.load)(tx, consumer.id, parents - known)
    return Tree(consumer, nodes, counts, await _addresses(tx, consumer, operations, nodes, lock=lock))


async def _addresses(
    tx: Tx, consumer: Consumer, operations: Sequence[Operation], nodes: Sequence[Node], *, lock: bool
) -> Addresses:
    """Find who holds the addresses that operations may give; nobody else gives any until the transaction ends."""
    wanted = addresses.wanted(operations, {node.dn: node for node in nodes})
    if not wanted:
        return Addresses({})
    if lock:
        await address_store.lock(tx, consumer.id)
    return Addresses(await address_store.holders(tx, consumer.id, wanted))


async def write(
    tx: Tx,
    tree: Tree,
    actor: Actor,
    now: datetime,
    *,
    interference: Interference,
    seconds: Mapping[str, float] | None = None,
) -> None:
    """Write what has become of a tree; ``seconds`` says how long the network will take for which subscription."""
    consumer, effects = tree.consumer, tree.effects
    touched = sorted(tree.touched)
    before = {dn: tree.stored[dn] for dn in touched if dn in tree.stored}
    after = {dn: tree.nodes[dn] for dn in touched if dn in tree.nodes}
    await objects.delete(tx, [_id(node) for dn, node in before.items() if dn not in after or after[dn].id is None])
    ids = await objects.insert(tx, consumer.id, [node for node in after.values() if node.id is None])
    await objects.update(tx, [node for dn, node in after.items() if node.id is not None and node != before.get(dn)])
    await log.append(tx, consumer.id, [e for e in effects if e.before or e.after], actor, now)
    await notify.follow(tx, consumer, effects, ids, now)
    await notify.tell(tx, consumer, effects, actor, now=now, interference=interference)
    await events.note(tx, consumer, effects, now=now, interference=interference)
    waits = seconds or {}
    behind = [
        (node.id if node.id is not None else ids[dn], dn.id, node.version, waits.get(dn.id, 0.0))
        for dn, node in after.items()
        if CLASSES[dn.class_name].desired and lags(node)
    ]
    await orders.order(tx, consumer.id, behind, now)
    leaving = [(dn, addresses.leaves(node)) for dn, node in after.items() if node.id is not None]
    gone = [(_id(after[dn]), held) for dn, held in leaving if held is not None and after[dn] != before.get(dn)]
    await address_store.leave(tx, consumer.id, gone)


async def bring_into_line(
    tx: Tx, consumer: Consumer, ids: Sequence[int], now: datetime, interference: Interference
) -> int:
    """Take it down that the network now does what these objects say; gives how many that changed."""
    nodes, effects, left = [], [], []
    for node in await objects.lock_ids(tx, ids):
        if lags(node):
            if addresses.leaves(node) is not None:
                left.append(_id(node))
            twin = operational_twin(node, timestamp(now))
            changed, effect = _observe(node, {"operational": twin})
            nodes.append(changed)
            effects.append(effect)
    await objects.update_observed(tx, nodes)
    await address_store.left(tx, left)
    await log.append(tx, consumer.id, effects, NETWORK, now)
    await notify.tell(tx, consumer, effects, NETWORK, now=now, interference=interference)
    return len(nodes)


async def observe(
    tx: Tx,
    consumer: Consumer,
    reports: Mapping[Dn, Mapping[str, Any]],
    now: datetime,
    interference: Interference,
    *,
    logged: bool = False,
) -> int:
    """Take down what the network saw of subscriptions (attached, serving cell, device); gives how many are known.

    What was seen is notified and, unless ``logged``, does not go into the change log: it is no change of configuration.
    """
    known = await objects.lock(tx, consumer.id, reports)
    nodes, effects = [], []
    for node in known:
        news = {name: value for name, value in reports[node.dn].items() if node.observed.get(name) != value}
        if news:
            changed, effect = _observe(node, news)
            nodes.append(changed)
            effects.append(effect)
    await objects.update_observed(tx, nodes)
    if logged:
        await log.append(tx, consumer.id, effects, NETWORK, now)
    await notify.tell(tx, consumer, effects, NETWORK, now=now, interference=interference)
    await events.note(tx, consumer, effects, now=now, interference=interference)
    return len(known)


def _observe(node: Node, news: Mapping[str, Any]) -> tuple[Node, Effect]:
    before = {name: node.observed.get(name) for name in news}
    observed = {**node.observed, **news}
    observed = {name: value for name, value in observed.items() if value is not None}
    changed = replace(node, observed=observed, version=node.version + 1)
    return changed, Effect(node.dn, Happened.CHANGED, before, dict(news), changed.version)


def _id(node: Node) -> int:
    if node.id is None:
        raise ValueError(f"{node.dn} is not stored")
    return node.id
