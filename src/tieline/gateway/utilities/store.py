"""All SQL of the utilities."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow

from tieline.gateway.model import EVERY_SCOPE, Consumer, TokenScope, path_of
from tieline.platform.db import Tx, execute, fetch_all, fetch_one

_COLUMNS = "u.id, u.code, u.notification_hosts, u.calls_per_second, u.max_changes_per_plan, u.token_required"


async def by_certificate(tx: Tx, fingerprint: str) -> Consumer | None:
    """Give the utility that a certificate belongs to."""
    row = await fetch_one(
        tx,
        f"""SELECT {_COLUMNS}, a.client_id, a.scopes FROM utility u JOIN utility_certificate c ON c.utility_id = u.id
            LEFT JOIN api_client a ON a.id = c.api_client_id WHERE c.fingerprint = %s""",
        [fingerprint],
    )
    return consumer_of(row) if row else None


async def by_code(tx: Tx, code: str) -> Consumer | None:
    """Give a utility by its code."""
    row = await fetch_one(tx, f"SELECT {_COLUMNS} FROM utility u WHERE u.code = %s", [code])
    return consumer_of(row) if row else None


async def by_ids(tx: Tx, ids: Sequence[int]) -> dict[int, Consumer]:
    """Give utilities by key."""
    rows = await fetch_all(tx, f"SELECT {_COLUMNS} FROM utility u WHERE u.id = ANY(%s)", [list(ids)])
    return {row["id"]: consumer_of(row) for row in rows}


async def register(tx: Tx, terms: dict[str, Any], fingerprints: Sequence[str], now: datetime) -> Consumer:
    """Take a utility on, or renew its terms and certificates; its part of the tree is made with it."""
    row = await fetch_one(
        tx,
        """INSERT INTO utility AS u (code, name, notification_hosts, calls_per_second, max_changes_per_plan,
               token_required)
           VALUES (%(code)s, %(name)s, %(hosts)s, %(calls_per_second)s, %(max_changes)s,
               coalesce(%(token_required)s, false))
           ON CONFLICT (code) DO UPDATE SET name = excluded.name, notification_hosts = excluded.notification_hosts,
               calls_per_second = excluded.calls_per_second, max_changes_per_plan = excluded.max_changes_per_plan,
               token_required = coalesce(%(token_required)s, u.token_required)
           RETURNING u.id, u.code, u.notification_hosts, u.calls_per_second, u.max_changes_per_plan,
               u.token_required""",
        {"token_required": None, **terms},
    )
    if row is None:
        raise LookupError("the database gave no row back")
    consumer = consumer_of(row)
    await execute(
        tx,
        "DELETE FROM utility_certificate WHERE utility_id = %s AND api_client_id IS NULL AND fingerprint <> ALL(%s)",
        [consumer.id, list(fingerprints)],
    )
    await execute(
        tx,
        """INSERT INTO utility_certificate (fingerprint, utility_id) SELECT f, %s FROM unnest(%s::text[]) AS f
           ON CONFLICT (fingerprint) DO NOTHING""",
        [consumer.id, list(fingerprints)],
    )
    await execute(
        tx,
        """INSERT INTO managed_object (utility_id, path, class, name, depth, attributes, last_modified_at,
               last_modified_by)
           VALUES (%(id)s, %(path)s, 'SubNetwork', %(code)s, 1, '{}', %(now)s, 'onboarding')
           ON CONFLICT (utility_id, path) DO NOTHING""",
        {"id": consumer.id, "path": path_of(consumer.root), "code": consumer.code, "now": now},
    )
    return consumer


async def certificates(tx: Tx, utility_id: int) -> list[str]:
    """Give the fingerprints of a utility's own certificates; those of its API clients are apart."""
    text = """SELECT fingerprint FROM utility_certificate WHERE utility_id = %s AND api_client_id IS NULL
              ORDER BY fingerprint"""
    rows = await fetch_all(tx, text, [utility_id])
    return [row["fingerprint"] for row in rows]


async def add_certificate(tx: Tx, utility_id: int, fingerprint: str) -> bool:
    """Have a certificate belong to a utility itself; False when it belongs elsewhere."""
    await execute(
        tx,
        "INSERT INTO utility_certificate (fingerprint, utility_id) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        [fingerprint, utility_id],
    )
    return fingerprint in await certificates(tx, utility_id)


async def remove_certificate(tx: Tx, utility_id: int, fingerprint: str) -> bool:
    """Have a certificate belong to a utility no longer; False when it did not."""
    text = "DELETE FROM utility_certificate WHERE fingerprint = %s AND utility_id = %s AND api_client_id IS NULL"
    return await execute(tx, text, [fingerprint, utility_id]) == 1


async def listed(tx: Tx) -> list[DictRow]:
    """Give every utility with its terms."""
    return await fetch_all(
        tx,
        """SELECT u.code, u.name, u.notification_hosts, u.calls_per_second, u.max_changes_per_plan, u.token_required,
               u.created_at,
               ARRAY(SELECT c.fingerprint FROM utility_certificate c WHERE c.utility_id = u.id
                   AND c.api_client_id IS NULL ORDER BY c.fingerprint) AS certificates
           FROM utility u ORDER BY u.code""",
    )


def consumer_of(row: DictRow) -> Consumer:
    """A utility as a row tells it; a row without a client's scopes may do everything."""
    scopes = row.get("scopes")
    return Consumer(
        id=row["id"],
        code=row["code"],
        notification_hosts=frozenset(host.lower() for host in row["notification_hosts"]),
        calls_per_second=row["calls_per_second"],
        max_changes_per_plan=row["max_changes_per_plan"],
        client=row.get("client_id") or "",
        scopes=EVERY_SCOPE if scopes is None else frozenset(TokenScope(name) for name in scopes),
        token_required=row["token_required"],
    )
