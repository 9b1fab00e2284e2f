"""SQL of API tokens."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow

from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value
from tieline.platform.identity.model import Account, Token
from tieline.platform.identity.store import account_of, optional_set
from tieline.platform.scope import Permission

_COLUMNS = """
    t.id, t.account_id, t.name, t.hint, t.permissions, t.regions, t.operators, t.created_at, t.expires_at, t.used_at,
    t.revoked_at
"""


async def insert(tx: Tx, values: Mapping[str, Any]) -> Token:
    """Keep a new token."""
    row = await fetch_one(
        tx,
        f"""
        INSERT INTO api_token AS t (secret_hash, account_id, name, hint, permissions, regions, operators, created_at,
                                    expires_at)
        VALUES (%(secret_hash)s, %(account_id)s, %(name)s, %(hint)s, %(permissions)s, %(regions)s, %(operators)s,
                %(created_at)s, %(expires_at)s)
        RETURNING {_COLUMNS}
        """,
        values,
    )
    if row is None:
        raise LookupError("an insert returned nothing")
    return _token(row)


async def find(tx: Tx, secret_hash: bytes, now: datetime) -> tuple[Account, Token] | None:
    """A living token of an active account, by its secret's hash."""
    row = await fetch_one(
        tx,
        """
        SELECT t.*, a.id AS a_id, a.name AS a_name, a.display_name, a.email, a.roles, a.regions AS a_regions,
               a.operators AS a_operators, a.active, a.created_at AS a_created_at, a.signed_in_at, a.version,
               a.password_hash IS NOT NULL AS local, a.issuer
          FROM api_token t JOIN account a ON a.id = t.account_id
         WHERE t.secret_hash = %s AND t.revoked_at IS NULL AND t.expires_at > %s AND a.active
        """,
        (secret_hash, now),
    )
    if row is None:
        return None
    owner = {
        **row,
        "id": row["a_id"],
        "name": row["a_name"],
        "regions": row["a_regions"],
        "operators": row["a_operators"],
        "created_at": row["a_created_at"],
    }
    return account_of(owner), _token(row)


async def touch(tx: Tx, token_id: int, now: datetime) -> None:
    """Note that a token was used."""
    await execute(tx, "UPDATE api_token SET used_at = %s WHERE id = %s", (now, token_id))


async def page(tx: Tx, account_id: int | None, before: int, limit: int) -> list[Token]:
    """Tokens of one account or, with None, of all, the latest first."""
    text = f"""
        SELECT {_COLUMNS} FROM api_token t
         WHERE t.id < %s AND (%s::bigint IS NULL OR t.account_id = %s) ORDER BY t.id DESC LIMIT %s
    """
    return [_token(row) for row in await fetch_all(tx, text, (before, account_id, account_id, limit))]


async def count_alive(tx: Tx, account_id: int, now: datetime) -> int:
    """How many tokens of an account work."""
    text = """
        SELECT count(*) AS n FROM api_token WHERE account_id = %s AND revoked_at IS NULL AND expires_at > %s
    """
    return int(await fetch_value(tx, text, (account_id, now)))


async def revoke(tx: Tx, token_id: int, account_id: int | None, now: datetime) -> Token | None:
    """End a token of the account or, with None, of anybody; None when there is no such living token."""
    text = f"""
        UPDATE api_token AS t SET revoked_at = %s
         WHERE t.id = %s AND (%s::bigint IS NULL OR t.account_id = %s) AND t.revoked_at IS NULL RETURNING {_COLUMNS}
    """
    row = await fetch_one(tx, text, (now, token_id, account_id, account_id))
    return _token(row) if row else None


def _token(row: DictRow) -> Token:
    return Token(
        id=row["id"],
        account_id=row["account_id"],
        name=row["name"],
        hint=row["hint"],
        permissions=frozenset(Permission(name) for name in row["permissions"] if name in set(Permission)),
        regions=optional_set(row["regions"]),
        operators=optional_set(row["operators"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        used_at=row["used_at"],
        revoked_at=row["revoked_at"],
    )
