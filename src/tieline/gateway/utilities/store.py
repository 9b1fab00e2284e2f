"""All SQL of the utilities."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow

from tieline.gateway.model import EVERY_SCOPE, Consumer, TokenScope, path_of
from tieline.platform.db import Tx, execute, fetch_all, fetch_one

COLUMNS = """u.id, u.code, u.notification_hosts, u.calls_per_second, u.max_changes_per_plan, u.token_required,
    u.suspended_at, u.scopes AS permitted"""


async def by_certificate(tx: Tx, fingerprint: str) -> Consumer | None:
    """Give the utility that a certificate belongs to."""
    row = await fetch_one(
        tx,
        f"""SELECT {COLUMNS}, a.client_id, a.scopes FROM utility u JOIN utility_certificate c ON c.utility_id = u.id
            LEFT JOIN api_client a ON a.id = c.api_client_id WHERE c.fingerprint = %s""",
        [fingerprint],
    )
    return consumer_of(row) if row else None


async def by_code(tx: Tx, code: str) -> Consumer | None:
    """Give a utility by its code."""
    row = await fetch_one(tx, f"SELECT {COLUMNS} FROM utility u WHERE u.code = %s", [code])
    return consumer_of(row) if row else None


async def by_ids(tx: Tx, ids: Sequence[int]) -> dict[int, Consumer]:
    """Give utilities by key."""
    rows = await fetch_all(tx, f"SELECT {COLUMNS} FROM utility u WHERE u.id = ANY(%s)", [list(ids)])
    return {row["id"]: consumer_of(row) for row in rows}


async def register(tx: Tx, terms: dict[str, Any], fingerprints: Sequence[str], now: datetime) -> Consumer:
    """Take a utility on, or renew its terms and certificates; its part of the tree is made with it."""
    row = await fetch_one(
        tx,
        f"""INSERT INTO utility AS u (code, name, notification_hosts, calls_per_second, max_changes_per_plan,
               token_required)
           VALUES (%(code)s, %(name)s, %(hosts)s, %(calls_per_second)s, %(max_changes)s,
               coalesce(%(token_required)s, false))
           ON CONFLICT (code) DO UPDATE SET name = excluded.name, notification_hosts = excluded.notification_hosts,
               calls_per_second = excluded.calls_per_second, max_changes_per_plan = excluded.max_changes_per_plan,
               token_required = coalesce(%(token_required)s, u.token_required)
           RETURNING {COLUMNS}""",
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
        """SELECT u.id, u.code, u.name, u.notification_hosts, u.calls_per_second, u.max_changes_per_plan,
               u.token_required, u.created_at, u.suspended_at, u.suspended_by, u.suspended_reason,
               u.scopes AS permitted,
               ARRAY(SELECT c.fingerprint FROM utility_certificate c WHERE c.utility_id = u.id
                   AND c.api_client_id IS NULL ORDER BY c.fingerprint) AS certificates
           FROM utility u ORDER BY u.code""",
    )


def consumer_of(row: DictRow) -> Consumer:
    """A utility as a row tells it; a row without a client's scopes may do everything that the contract allows."""
    scopes, permitted = row.get("scopes"), row["permitted"]
    return Consumer(
        id=row["id"],
        code=row["code"],
        notification_hosts=frozenset(host.lower() for host in row["notification_hosts"]),
        calls_per_second=row["calls_per_second"],
        max_changes_per_plan=row["max_changes_per_plan"],
        client=row.get("client_id") or "",
        scopes=_scopes(scopes) & _scopes(permitted),
        token_required=row["token_required"],
        suspended=row["suspended_at"] is not None,
    )


def _scopes(names: Sequence[str] | None) -> frozenset[TokenScope]:
    return EVERY_SCOPE if names is None else frozenset(TokenScope(name) for name in names if name in set(TokenScope))


async def suspend(tx: Tx, utility_id: int, *, by: str, reason: str, now: datetime) -> bool:
    """Have no call of a utility answered; False when that is so already."""
    text = """UPDATE utility SET suspended_at = %s, suspended_by = %s, suspended_reason = %s
              WHERE id = %s AND suspended_at IS NULL"""
    return await execute(tx, text, [now, by, reason, utility_id]) == 1


async def resume(tx: Tx, utility_id: int) -> bool:
    """Have a utility's calls answered again; False when they are."""
    text = """UPDATE utility SET suspended_at = NULL, suspended_by = NULL, suspended_reason = NULL
              WHERE id = %s AND suspended_at IS NOT NULL"""
    return await execute(tx, text, [utility_id]) == 1


async def permit(tx: Tx, utility_id: int, scopes: Sequence[str] | None) -> None:
    """Set which kinds of call a utility's contract allows; None: every kind."""
    await execute(tx, "UPDATE utility SET scopes = %s WHERE id = %s", [scopes and list(scopes), utility_id])


async def set_terms(tx: Tx, utility_id: int, terms: dict[str, Any]) -> None:
    """Set a utility's name, hosts, rates and whether it needs tokens; its certificates stay."""
    await execute(
        tx,
        """UPDATE utility SET name = %(name)s, notification_hosts = %(hosts)s, calls_per_second = %(calls_per_second)s,
               max_changes_per_plan = %(max_changes)s, token_required = %(token_required)s WHERE id = %(id)s""",
        {**terms, "id": utility_id},
    )


async def known_certificates(tx: Tx, utility_id: int | None = None) -> list[DictRow]:
    """Give certificates with what is known of them, of one utility or of all: its own, and those of its clients."""
    return await fetch_all(
        tx,
        """SELECT c.fingerprint, u.code AS utility, a.client_id, c.subject, c.not_after, c.added_at, c.seen_at
           FROM utility_certificate c JOIN utility u ON u.id = c.utility_id
           LEFT JOIN api_client a ON a.id = c.api_client_id
           WHERE %(utility)s::bigint IS NULL OR c.utility_id = %(utility)s
           ORDER BY u.code, a.client_id NULLS FIRST, c.added_at, c.fingerprint""",
        {"utility": utility_id},
    )


async def note_certificate(tx: Tx, fingerprint: str, *, subject: str, not_after: datetime | None) -> None:
    """Write down what a certificate says of itself."""
    text = "UPDATE utility_certificate SET subject = %s, not_after = %s WHERE fingerprint = %s"
    await execute(tx, text, [subject[:500], not_after, fingerprint])


async def note_seen(tx: Tx, fingerprint: str, *, subject: str, not_after: datetime | None, now: datetime) -> None:
    """Write down that somebody came in with a certificate, and what it says of itself."""
    await execute(
        tx,
        """UPDATE utility_certificate SET seen_at = %(now)s, subject = %(subject)s,
               not_after = coalesce(%(until)s, not_after) WHERE fingerprint = %(fingerprint)s""",
        {"fingerprint": fingerprint, "subject": subject[:500], "until": not_after, "now": now},
    )
