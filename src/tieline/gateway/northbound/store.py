"""All SQL of answered calls."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, execute, fetch_one


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it is kept."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def take(tx: Tx, utility_id: int, key: str, digest: bytes, now: datetime) -> DictRow | None:
    """Take a key: None if it was free, otherwise the call that has it. Waits for one that is being carried out."""
    taken = await execute(
        tx,
        """INSERT INTO answered_call (utility_id, key, digest, status, headers, body, at)
           VALUES (%s, %s, %s, 0, '{}', '', %s) ON CONFLICT DO NOTHING""",
        [utility_id, key, digest, now],
    )
    if taken:
        return None
    return await fetch_one(
        tx,
        "SELECT digest, status, headers, body FROM answered_call WHERE utility_id = %s AND key = %s",
        [utility_id, key],
    )


async def keep(tx: Tx, utility_id: int, key: str, answer: Kept) -> None:
    """Keep the answer of the call that took the key."""
    await execute(
        tx,
        "UPDATE answered_call SET status = %s, headers = %s, body = %s WHERE utility_id = %s AND key = %s",
        [answer.status, Jsonb(dict(answer.headers)), answer.body, utility_id, key],
    )
