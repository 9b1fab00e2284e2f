"""SQL of accounts and sessions; tokens, throttling and OpenID have stores of their own beside this one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow

from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value
from tieline.platform.identity.model import Account, AccountDraft, Session
from tieline.platform.scope import Role, Scope

_COLUMNS = """
    a.id, a.name, a.display_name, a.email, a.roles, a.regions, a.operators, a.active, a.created_at, a.signed_in_at,
    a.version, a.password_hash IS NOT NULL AS local, a.issuer
"""


async def account(tx: Tx, account_id: int, *, lock: bool = False) -> Account | None:
    """One account."""
    return await account_with(tx, f"a.id = %s {'FOR UPDATE' if lock else ''}", (account_id,))


async def account_with(tx: Tx, condition: str, params: tuple[Any, ...]) -> Account | None:
    """The account that fulfils a condition written in a store of this context."""
    row = await fetch_one(tx, f"SELECT {_COLUMNS} FROM account a WHERE {condition}", params)
    return account_of(row) if row else None


async def account_named(tx: Tx, name: str) -> tuple[Account, str | None] | None:
    """An account and its password's hash, by name."""
    row = await fetch_one(tx, f"SELECT {_COLUMNS}, a.password_hash FROM account a WHERE a.name = %s", (name,))
    return (account_of(row), row["password_hash"]) if row else None


async def accounts(tx: Tx, scope: Scope, after: str, limit: int) -> list[Account]:
    """Accounts in order of their names, whose bounds lie within the caller's."""
    text = f"""
        SELECT {_COLUMNS} FROM account a
         WHERE a.name > %(after)s
           AND (%(scope_regions)s::text[] IS NULL OR a.regions <@ %(scope_regions)s::text[])
           AND (%(scope_operators)s::text[] IS NULL OR a.operators <@ %(scope_operators)s::text[])
         ORDER BY a.name LIMIT %(limit)s
    """
    rows = await fetch_all(tx, text, {**scope.params(), "after": after, "limit": limit})
    return [account_of(row) for row in rows]


async def any_account(tx: Tx) -> bool:
    """Whether there is any account; holds off others who ask to make the first."""
    await execute(tx, "LOCK TABLE account IN SHARE ROW EXCLUSIVE MODE")
    return bool(await fetch_value(tx, "SELECT EXISTS (SELECT FROM account) AS found"))


async def governors(tx: Tx) -> list[Account]:
    """Every active administrator of everything, locked so that two cannot be taken away at once."""
    text = f"""
        SELECT {_COLUMNS} FROM account a
         WHERE a.active AND 'administrator' = ANY(a.roles) AND a.regions IS NULL AND a.operators IS NULL
         ORDER BY a.id FOR UPDATE
    """
    return [account_of(row) for row in await fetch_all(tx, text)]


async def insert_account(
    tx: Tx,
    draft: AccountDraft,
    now: datetime,
    *,
    password_hash: str | None = None,
    openid: tuple[str, str] | None = None,
) -> Account | None:
    """Make an account; None when the name is taken."""
    issuer, subject = openid or (None, None)
    row = await fetch_one(
        tx,
        f"""
        INSERT INTO account AS a (name, display_name, email, roles, regions, operators, password_hash, issuer,
                                  issuer_subject, created_at, password_at)
        VALUES (%(name)s, %(display_name)s, %(email)s, %(roles)s, %(regions)s, %(operators)s, %(hash)s, %(issuer)s,
                %(subject)s, %(now)s, %(now)s)
        ON CONFLICT (name) DO NOTHING RETURNING {_COLUMNS}
        """,
        {**_draft(draft), "hash": password_hash, "issuer": issuer, "subject": subject, "now": now},
    )
    return account_of(row) if row else None


async def update_account(tx: Tx, account_id: int, draft: AccountDraft, *, active: bool) -> Account:
    """Write what an administrator changed."""
    row = await fetch_one(
        tx,
        f"""
        UPDATE account AS a SET display_name = %(display_name)s, email = %(email)s, roles = %(roles)s,
               regions = %(regions)s, operators = %(operators)s, active = %(active)s, version = version + 1
         WHERE id = %(id)s RETURNING {_COLUMNS}
        """,
        {**_draft(draft), "active": active, "id": account_id},
    )
    if row is None:
        raise LookupError(f"account {account_id} vanished while it was locked")
    return account_of(row)


async def set_password(tx: Tx, account_id: int, password_hash: str, now: datetime) -> None:
    """Replace a password's hash."""
    text = "UPDATE account SET password_hash = %s, password_at = %s WHERE id = %s"
    await execute(tx, text, (password_hash, now, account_id))


async def rehash_password(tx: Tx, account_id: int, old: str, new: str) -> None:
    """Keep the same password under newer parameters, unless it was changed meanwhile."""
    text = "UPDATE account SET password_hash = %s WHERE id = %s AND password_hash = %s"
    await execute(tx, text, (new, account_id, old))


async def insert_session(
    tx: Tx, account_id: int, secret_hash: bytes, now: datetime, *, expires_at: datetime, address: str, agent: str
) -> Session:
    """Begin a session, and note when the person came."""
    row = await fetch_one(
        tx,
        """
        WITH came AS (UPDATE account SET signed_in_at = %(now)s WHERE id = %(account)s)
        INSERT INTO account_session (secret_hash, account_id, created_at, seen_at, expires_at, address, agent)
        VALUES (%(hash)s, %(account)s, %(now)s, %(now)s, %(expires)s, %(address)s, %(agent)s)
        RETURNING id, created_at, seen_at, expires_at, address, agent
        """,
        {
            "hash": secret_hash,
            "account": account_id,
            "now": now,
            "expires": expires_at,
            "address": address,
            "agent": agent,
        },
    )
    if row is None:
        raise LookupError("an insert returned nothing")
    return Session(**row)


async def session(tx: Tx, secret_hash: bytes) -> tuple[Account, Session] | None:
    """A session of an active account, by its secret's hash."""
    row = await fetch_one(
        tx,
        f"""
        SELECT {_COLUMNS}, s.id AS session_id, s.created_at AS session_created_at, s.seen_at, s.expires_at, s.address,
               s.agent
          FROM account_session s JOIN account a ON a.id = s.account_id
         WHERE s.secret_hash = %s AND a.active
        """,
        (secret_hash,),
    )
    if row is None:
        return None
    found = Session(
        row["session_id"], row["session_created_at"], row["seen_at"], row["expires_at"], row["address"], row["agent"]
    )
    return account_of(row), found


async def sessions(tx: Tx, account_id: int) -> list[Session]:
    """All sessions of an account, the latest first."""
    text = """
        SELECT id, created_at, seen_at, expires_at, address, agent FROM account_session
         WHERE account_id = %s ORDER BY seen_at DESC
    """
    return [Session(**row) for row in await fetch_all(tx, text, (account_id,))]


async def touch_session(tx: Tx, session_id: int, now: datetime) -> None:
    """Note that a session was used."""
    await execute(tx, "UPDATE account_session SET seen_at = %s WHERE id = %s", (now, session_id))


async def end_session(tx: Tx, secret_hash: bytes) -> int:
    """End one session."""
    return await execute(tx, "DELETE FROM account_session WHERE secret_hash = %s", (secret_hash,))


async def end_sessions(tx: Tx, account_id: int, *, but: int | None = None) -> int:
    """End every session of an account, except perhaps one; gives how many."""
    text = "DELETE FROM account_session WHERE account_id = %s AND (%s::bigint IS NULL OR id <> %s)"
    return await execute(tx, text, (account_id, but, but))


async def sweep(tx: Tx, now: datetime, forgiven_before: datetime) -> None:
    """Delete what is over: sessions, failures that no longer count, sign-ins never finished."""
    await execute(tx, "DELETE FROM account_session WHERE expires_at < %s", (now,))
    await execute(tx, "DELETE FROM sign_in_throttle WHERE last_at < %s", (forgiven_before,))
    await execute(tx, "DELETE FROM openid_flow WHERE expires_at < %s", (now,))


def account_of(row: DictRow) -> Account:
    """An account from the columns of this store."""
    return Account(
        id=row["id"],
        name=row["name"],
        display_name=row["display_name"],
        email=row["email"],
        roles=frozenset(Role(role) for role in row["roles"]),
        regions=optional_set(row["regions"]),
        operators=optional_set(row["operators"]),
        active=row["active"],
        created_at=row["created_at"],
        signed_in_at=row["signed_in_at"],
        version=row["version"],
        local=row["local"],
        issuer=row["issuer"],
    )


def optional_set(values: list[str] | None) -> frozenset[str] | None:
    """A bound as a set; None stays None, which means all."""
    return None if values is None else frozenset(values)


def optional_list(values: frozenset[str] | None) -> list[str] | None:
    """A bound as PostgreSQL takes it."""
    return None if values is None else sorted(values)


def _draft(draft: AccountDraft) -> Mapping[str, Any]:
    return {
        "name": draft.name,
        "display_name": draft.display_name,
        "email": draft.email,
        "roles": sorted(draft.roles),
        "regions": optional_list(draft.regions),
        "operators": optional_list(draft.operators),
    }
