"""All SQL of the outbox."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value
from tieline.platform.outbox.model import CHANNEL, LONGEST_WAIT, DeadLetter, Delivery, Event, Status

# pg_notify keeps one notice a transaction, however many events it publishes.
_PUBLISH = f"""
WITH event AS (INSERT INTO outbox_event (topic, key, payload) VALUES (%(topic)s, %(key)s, %(payload)s) RETURNING id)
SELECT id, pg_notify('{CHANNEL}', '') FROM event
"""

_PUBLISH_MANY = f"""
WITH event AS (
    INSERT INTO outbox_event (topic, key, payload)
    SELECT topic, key, payload
      FROM unnest(%(topics)s::text[], %(keys)s::text[], %(payloads)s::jsonb[])
          WITH ORDINALITY AS e (topic, key, payload, n) ORDER BY n
    RETURNING id)
SELECT count(*), pg_notify('{CHANNEL}', '') FROM event
"""

_SPREAD = """
WITH new AS (
    SELECT id, topic, key FROM outbox_event WHERE NOT spread ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED),
delivery AS (
    INSERT INTO outbox_delivery (handler, event_id, key)
    SELECT h.handler, new.id, new.key
      FROM new JOIN unnest(%(handlers)s::text[], %(topics)s::text[]) AS h (handler, topic) USING (topic)
    ON CONFLICT DO NOTHING)
UPDATE outbox_event SET spread = true FROM new WHERE outbox_event.id = new.id
"""

# One that waits for longer than any wait lasts was told its time by a clock that has gone back since.
_IS_TIME = "(d.next_at <= %(now)s OR d.next_at > %(latest)s)"

# A delivery that waits for its next attempt holds back what came later for the same key.
_DUE = f"""
SELECT d.event_id AS id, e.topic, e.key, e.payload, e.at, d.attempts
  FROM outbox_delivery d JOIN outbox_event e ON e.id = d.event_id
 WHERE d.handler = %(handler)s AND e.topic = ANY(%(topics)s) AND d.state = 'waiting' AND {_IS_TIME}
   AND (d.key = '' OR NOT EXISTS (
        SELECT FROM outbox_delivery b
         WHERE b.handler = d.handler AND b.key = d.key AND b.state = 'waiting' AND b.attempts > 0
           AND b.event_id < d.event_id AND b.next_at > %(now)s AND b.next_at <= %(latest)s))
 ORDER BY d.event_id LIMIT %(limit)s
"""

_AWAITED = f"""
SELECT h.handler FROM unnest(%(handlers)s::text[]) AS h (handler) WHERE EXISTS (
    SELECT FROM outbox_delivery d WHERE d.handler = h.handler AND d.state = 'waiting' AND {_IS_TIME})
"""

_NEXT = """
SELECT min(next_at) AS next_at FROM outbox_delivery WHERE state = 'waiting' AND attempts > 0
"""

_TAKE = """
UPDATE outbox_delivery SET state = 'handled', handled_at = %(now)s, error = NULL
 WHERE handler = %(handler)s AND event_id = %(event)s AND state = 'waiting'
"""

_TAKE_MANY = """
UPDATE outbox_delivery SET state = 'handled', handled_at = %(now)s, error = NULL
 WHERE handler = %(handler)s AND event_id = ANY(%(events)s) AND state = 'waiting' RETURNING event_id
"""

_FAIL = """
UPDATE outbox_delivery
   SET attempts = attempts + 1, next_at = %(next_at)s, error = %(error)s,
       state = CASE WHEN attempts + 1 >= %(most)s THEN 'dead' ELSE 'waiting' END
 WHERE handler = %(handler)s AND event_id = %(event)s AND state = 'waiting'
RETURNING state
"""

_DEAD = """
SELECT d.handler, d.attempts, d.error, e.id, e.topic, e.key, e.payload, e.at
  FROM outbox_delivery d JOIN outbox_event e ON e.id = d.event_id
 WHERE d.state = 'dead' AND (d.event_id, d.handler) > (%(event)s, %(handler)s)
 ORDER BY d.event_id, d.handler LIMIT %(limit)s
"""

_REVIVE = f"""
WITH revived AS (
    UPDATE outbox_delivery SET state = 'waiting', attempts = 0, next_at = '-infinity'
     WHERE handler = %(handler)s AND event_id = %(event)s AND state = 'dead'
    RETURNING event_id)
SELECT event_id, pg_notify('{CHANNEL}', '') FROM revived
"""

_STATUS = """
SELECT (SELECT count(*) FROM outbox_delivery WHERE state = 'waiting')
       + (SELECT count(*) FROM outbox_event WHERE NOT spread) AS waiting,
       (SELECT count(*) FROM outbox_delivery WHERE state = 'dead') AS dead,
       coalesce(extract(epoch FROM clock_timestamp() - least(
           (SELECT at FROM outbox_event WHERE NOT spread ORDER BY id LIMIT 1),
           (SELECT min(e.at) FROM outbox_delivery d JOIN outbox_event e ON e.id = d.event_id
             WHERE d.state = 'waiting'))), 0)::float AS lag
"""

_FORGET = """
DELETE FROM outbox_event WHERE id IN (
    SELECT e.id FROM outbox_event e
     WHERE e.spread AND e.at < %(before)s
       AND NOT EXISTS (SELECT FROM outbox_delivery d WHERE d.event_id = e.id AND d.state <> 'handled')
     ORDER BY e.id LIMIT 10000)
"""


async def add(tx: Tx, topic: str, key: str, payload: Mapping[str, Any]) -> int:
    """Insert an event and give its number."""
    return int(await fetch_value(tx, _PUBLISH, {"topic": topic, "key": key, "payload": Jsonb(dict(payload))}))


async def add_many(tx: Tx, topic: str, events: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """Insert many events (key, payload) of one topic in one statement."""
    await add_all(tx, [(topic, key, payload) for key, payload in events])


async def add_all(tx: Tx, events: Sequence[tuple[str, str, Mapping[str, Any]]]) -> None:
    """Insert many events (topic, key, payload) in one statement."""
    bound = {
        "topics": [topic for topic, _, _ in events],
        "keys": [key for _, key, _ in events],
        "payloads": [Jsonb(dict(payload)) for _, _, payload in events],
    }
    await execute(tx, _PUBLISH_MANY, bound)


async def spread(tx: Tx, handlers: Sequence[tuple[str, str]]) -> int:
    """Make a delivery of each new event for each (handler, topic); gives how many events were new, at most 1,000."""
    names, topics = [name for name, _ in handlers], [topic for _, topic in handlers]
    return await execute(tx, _SPREAD, {"handlers": names, "topics": topics})


async def awaited(tx: Tx, handlers: Sequence[str], now: datetime) -> list[str]:
    """Those of some handlers for which something is due."""
    rows = await fetch_all(tx, _AWAITED, {"handlers": list(handlers), "now": now, "latest": now + LONGEST_WAIT})
    return [row["handler"] for row in rows]


async def due(tx: Tx, handler: str, topics: Sequence[str], now: datetime, limit: int) -> list[Delivery]:
    """The deliveries of a handler whose time has come, in order."""
    params: dict[str, Any] = {"handler": handler, "topics": list(topics), "limit": limit}
    params |= {"now": now, "latest": now + LONGEST_WAIT}
    return [Delivery(_event(row), row["attempts"]) for row in await fetch_all(tx, _DUE, params)]


async def next_attempt(tx: Tx) -> datetime | None:
    """When the next failed delivery is to be tried again."""
    at: datetime | None = await fetch_value(tx, _NEXT)
    return at


async def take(tx: Tx, handler: str, event: int, now: datetime) -> bool:
    """Mark the delivery handled; False when another process did before."""
    return await execute(tx, _TAKE, {"handler": handler, "event": event, "now": now}) == 1


async def take_many(tx: Tx, handler: str, events: Sequence[int], now: datetime) -> set[int]:
    """Mark deliveries handled; gives those that no other process did before."""
    rows = await fetch_all(tx, _TAKE_MANY, {"handler": handler, "events": list(events), "now": now})
    return {row["event_id"] for row in rows}


async def fail(tx: Tx, handler: str, event: int, *, error: str, next_at: datetime, most: int) -> bool:
    """Record a failed attempt; True when it was the last, and the delivery is dead."""
    params = {"handler": handler, "event": event, "error": error, "next_at": next_at, "most": most}
    return bool(await fetch_value(tx, _FAIL, params) == "dead")


async def dead(tx: Tx, after: tuple[int, str], limit: int) -> list[DeadLetter]:
    """Dead letters after the given (event, handler), in order."""
    rows = await fetch_all(tx, _DEAD, {"event": after[0], "handler": after[1], "limit": limit})
    return [DeadLetter(row["handler"], _event(row), row["attempts"], row["error"]) for row in rows]


async def revive(tx: Tx, handler: str, event: int) -> bool:
    """Let a dead delivery be tried again; False when there is none."""
    return await fetch_one(tx, _REVIVE, {"handler": handler, "event": event}) is not None


async def status(tx: Tx) -> Status:
    """How far behind the handlers are."""
    row = await fetch_one(tx, _STATUS)
    return Status(**row) if row else Status(0, 0, 0.0)


async def forget(tx: Tx, before: datetime) -> int:
    """Delete events older than ``before`` that every handler has handled; at most 10,000 at a time."""
    return await execute(tx, _FORGET, {"before": before})


def _event(row: DictRow) -> Event:
    return Event(row["id"], row["topic"], row["key"], row["payload"], row["at"])
