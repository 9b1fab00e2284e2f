"""Events told in the transaction that made them true, and delivered at least once afterwards.

``publish`` writes the event beside the change it tells of; the dispatcher hands it to each handler registered for its
topic, once in effect: the mark that it was handled commits with what the handler did. Events of one key come to a
handler in their order, so lock the thing that the key names before publishing. A handler that fails is asked again
with growing waits, and the later events of that key wait behind it; after the last attempt the delivery is a dead
letter, which is listed, counted and can be revived. A handler gets only events published after it was registered.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tieline.platform.db import Tx
from tieline.platform.outbox import store
from tieline.platform.outbox.dispatcher import Dispatcher
from tieline.platform.outbox.model import DeadLetter, Event, Status


async def publish(tx: Tx, topic: str, payload: Mapping[str, Any], *, key: str = "") -> int:
    """Tell an event; it is delivered once ``tx`` commits. Events without a key come in no promised order."""
    return await store.add(tx, topic, key, payload)


async def publish_many(tx: Tx, topic: str, events: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """Tell many events of a topic, each a (key, payload), in one statement and in their order."""
    await store.add_many(tx, topic, events)


async def publish_all(tx: Tx, events: Sequence[tuple[str, str, Mapping[str, Any]]]) -> None:
    """Tell events of several topics, each a (topic, key, payload), in one statement and in their order."""
    if events:
        await store.add_all(tx, events)


async def status(tx: Tx) -> Status:
    """How many deliveries wait, how many are dead, and how old the oldest is."""
    return await store.status(tx)


__all__ = ["DeadLetter", "Dispatcher", "Event", "Status", "publish", "publish_all", "publish_many", "status"]
