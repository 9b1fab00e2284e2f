"""Writes provisioned addresses to the subscriptions, as the utility itself would through the tree."""

from collections.abc import Sequence
from dataclasses import replace

import structlog
from psycopg.rows import DictRow

from tieline.gateway.exposure.addressing import store
from tieline.gateway.model import Consumer
from tieline.gateway.northbound.answers import actor_of
from tieline.gateway.objects import service as objects
from tieline.gateway.objects.policy import Refused, Step, Tree
from tieline.gateway.parts import Parts
from tieline.gateway.utilities import store as utilities
from tieline.standards.mns.patch import MergeObject
from tieline.standards.mns.profile import SUBSCRIPTION_CLASS

PIECE = 200
MOST_TRIES = 240
"""How often an address is asked for that another subscription has still to give up: two minutes, about."""

_log: structlog.stdlib.BoundLogger = structlog.get_logger("tieline.gateway")


async def apply(parts: Parts) -> int:
    """Write a piece of the addresses that are waiting; gives how many are dealt with.

    What the network refuses stays as it is. An address that moves waits until the network has taken it from the
    subscription that had it.
    """
    async with parts.db.snapshot() as tx:
        rows = await store.next_orders(tx, PIECE)
        if not rows:
            return 0
        consumer = (await utilities.by_ids(tx, [rows[0]["utility_id"]]))[rows[0]["utility_id"]]
    names = list(dict.fromkeys(row["subscription"] for row in rows))
    verdicts = dict(zip(names, await parts.backend.admit(names), strict=True))
    refused = {name for name, verdict in verdicts.items() if verdict.refused is not None}
    seconds = {name: verdict.seconds for name, verdict in verdicts.items()}
    now, actor = parts.clock.now(), replace(actor_of(consumer), client=rows[0]["client"])
    async with parts.db.transaction() as tx:
        tree = await objects.load(tx, consumer, [_merge(consumer, row) for row in rows])
        wanted = [row for row in rows if row["subscription"] not in refused]
        early = _write(tree, consumer, wanted, Step(actor, now))
        await objects.write(tx, tree, actor, now, interference=parts.interference, seconds=seconds)
        await store.done(tx, [row["id"] for row in rows if row["id"] not in early])
        await store.tried(tx, sorted(early))
    for name in refused:
        _log.info("the network refuses an address", subscription=name, why=verdicts[name].refused)
    parts.signals.changed()
    return len(rows) - len(early)


def _write(tree: Tree, consumer: Consumer, rows: Sequence[DictRow], step: Step) -> set[int]:
    """Write addresses; gives the orders whose address another subscription has still to give up."""
    early: set[int] = set()
    for row in rows:
        operation = _merge(consumer, row)
        node = tree.nodes.get(operation.dn)
        if node is None or (row["address"] is None and node.attributes.get("ipAddress") != row["instead_of"]):
            continue
        try:
            tree.apply(operation, step)
        except Refused as error:
            if error.attribute == "ipAddress" and row["attempts"] < MOST_TRIES:
                early.add(row["id"])
                continue
            _log.info("an address cannot be written", subscription=row["subscription"], why=str(error))

    return early


def _merge(consumer: Consumer, row: DictRow) -> MergeObject:
    dn = consumer.root.child(SUBSCRIPTION_CLASS, row["subscription"])
    return MergeObject(dn, {"ipAddress": row["address"]}, create_missing=False, bad_op="")
