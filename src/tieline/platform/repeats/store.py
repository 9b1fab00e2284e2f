"""SQL of keys and answers."""

from datetime import datetime

from tieline.platform.db import Tx, execute, fetch_one, fetch_value, lock_key
from tieline.platform.repeats.model import Asked, Kept


async def claim(tx: Tx, asked: Asked) -> bool:
    """Take a key until the transaction ends, however it ends; False while another request has it."""
    name = f"request {asked.actor} {asked.key}"
    return bool(await fetch_value(tx, "SELECT pg_try_advisory_xact_lock(%s) AS taken", (lock_key(name),)))


async def known(tx: Tx, asked: Asked, since: datetime) -> tuple[Kept | None, int]:
    """The answer that is kept under a key, and how many keys the asker has; older ones than ``since`` do not count."""
    row = await fetch_one(
        tx,
        "SELECT k.digest, k.at, k.status, k.media_type, k.location, k.body, a.held"
        " FROM (SELECT count(*) AS held FROM request_key WHERE actor = %(actor)s AND at > %(since)s) a"
        " LEFT JOIN request_key k ON k.actor = %(actor)s AND k.key = %(key)s AND k.at > %(since)s",
        {"actor": asked.actor, "key": asked.key, "since": since},
    )
    if row is None:
        return None, 0
    held = row.pop("held")
    return (None if row["status"] is None else Kept(**row)), held


async def keep(tx: Tx, asked: Asked, kept: Kept) -> None:
    """Keep an answer under a key, in the place of one that counts no more."""
    await execute(
        tx,
        "INSERT INTO request_key (actor, key, digest, at, status, media_type, location, body)"
        " VALUES (%(actor)s, %(key)s, %(digest)s, %(at)s, %(status)s, %(media_type)s, %(location)s, %(body)s)"
        " ON CONFLICT (actor, key) DO UPDATE SET digest = excluded.digest, at = excluded.at, status = excluded.status,"
        " media_type = excluded.media_type, location = excluded.location, body = excluded.body",
        {
            "actor": asked.actor,
            "key": asked.key,
            "digest": kept.digest,
            "at": kept.at,
            "status": kept.status,
            "media_type": kept.media_type,
            "location": kept.location,
            "body": kept.body,
        },
    )


async def sweep(tx: Tx, before: datetime) -> int:
    """Delete keys that count no more; gives how many."""
    return await execute(tx, "DELETE FROM request_key WHERE at <= %s", (before,))
