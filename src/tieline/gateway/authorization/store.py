"""All SQL of API clients and signing keys."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow

from tieline.gateway.authorization.model import ApiClient, Peer
from tieline.gateway.model import TokenScope
from tieline.gateway.utilities import store as utilities
from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value
from tieline.platform.secrets import Place, SecretColumn

SECRETS = (SecretColumn("token_key", "kid", "private_key"),)

_CLIENT = """
    SELECT a.client_id, u.code AS utility, a.name, a.scopes, a.subject_dn, a.created_at, a.created_by, a.token_at,
        a.revoked_at,
        ARRAY(SELECT c.fingerprint FROM utility_certificate c WHERE c.api_client_id = a.id ORDER BY c.added_at,
            c.fingerprint) AS certificates
    FROM api_client a JOIN utility u ON u.id = a.utility_id"""


async def holder(tx: Tx, client_id: str, peer: Peer) -> DictRow | None:
    """The utility and scopes of a client that a certificate belongs to; a utility's own code is one of its clients.

    A certificate without a subject is nobody's by its subject.
    """
    text = f"""
        SELECT {utilities.COLUMNS}, a.client_id, a.scopes
        FROM api_client a JOIN utility u ON u.id = a.utility_id
        WHERE a.client_id = %(client)s AND a.revoked_at IS NULL AND (a.subject_dn = nullif(%(subject)s, '') OR EXISTS (
            SELECT FROM utility_certificate c WHERE c.api_client_id = a.id AND c.fingerprint = %(fingerprint)s))
        UNION ALL
        SELECT {utilities.COLUMNS}, u.code, NULL
        FROM utility u JOIN utility_certificate c ON c.utility_id = u.id AND c.api_client_id IS NULL
        WHERE u.code = %(client)s AND c.fingerprint = %(fingerprint)s"""
    bound = {"client": client_id, "subject": peer.subject, "fingerprint": peer.fingerprint}
    return await fetch_one(tx, text, bound)


async def note_token(tx: Tx, client_id: str, now: datetime) -> None:
    """Note that a client was given a token."""
    await execute(tx, "UPDATE api_client SET token_at = %s WHERE client_id = %s", [now, client_id])


# ── clients ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def clients(tx: Tx, utility: str | None) -> list[ApiClient]:
    """The API clients of a utility, or of all."""
    text = f"{_CLIENT} WHERE %(utility)s::text IS NULL OR u.code = %(utility)s ORDER BY u.code, a.client_id"
    return [_client(row) for row in await fetch_all(tx, text, {"utility": utility})]


async def client(tx: Tx, client_id: str, *, lock: bool = False) -> ApiClient | None:
    """One API client."""
    row = await fetch_one(tx, f"{_CLIENT} WHERE a.client_id = %s {'FOR UPDATE OF a' if lock else ''}", [client_id])
    return _client(row) if row else None


async def insert(tx: Tx, utility_id: int, values: Mapping[str, Any]) -> bool:
    """Keep a new client; False when there is one of this name, or another live one has the subject."""
    text = """
        INSERT INTO api_client (utility_id, client_id, name, scopes, subject_dn, created_at, created_by)
        VALUES (%(utility_id)s, %(client_id)s, %(name)s, %(scopes)s, %(subject)s, %(now)s, %(by)s)
        ON CONFLICT DO NOTHING"""
    return await execute(tx, text, {**values, "utility_id": utility_id}) == 1


async def update(tx: Tx, client_id: str, values: Mapping[str, Any]) -> None:
    """Set what a client is called and may do."""
    text = (
        "UPDATE api_client SET name = %(name)s, scopes = %(scopes)s, subject_dn = %(subject)s WHERE client_id = %(id)s"
    )
    await execute(tx, text, {**values, "id": client_id})


async def subject_taken(tx: Tx, client_id: str, subject: str) -> bool:
    """Whether another live client has this subject."""
    text = "SELECT client_id FROM api_client WHERE subject_dn = %s AND client_id <> %s AND revoked_at IS NULL"
    return await fetch_value(tx, text, [subject, client_id]) is not None


async def set_certificates(tx: Tx, client_id: str, fingerprints: Sequence[str]) -> bool:
    """Have exactly these certificates belong to a client; False when one of them belongs elsewhere."""
    bound = {"client": client_id, "fingerprints": list(fingerprints)}
    await execute(
        tx,
        """DELETE FROM utility_certificate c USING api_client a
           WHERE a.id = c.api_client_id AND a.client_id = %(client)s AND c.fingerprint <> ALL(%(fingerprints)s)""",
        bound,
    )
    await execute(
        tx,
        """INSERT INTO utility_certificate (fingerprint, utility_id, api_client_id)
           SELECT f, a.utility_id, a.id FROM api_client a, unnest(%(fingerprints)s::text[]) AS f
           WHERE a.client_id = %(client)s ON CONFLICT (fingerprint) DO NOTHING""",
        bound,
    )
    text = """
        SELECT count(*) AS n FROM utility_certificate c JOIN api_client a ON a.id = c.api_client_id
        WHERE a.client_id = %(client)s AND c.fingerprint = ANY(%(fingerprints)s)"""
    return int(await fetch_value(tx, text, bound)) == len(set(fingerprints))


async def revoke(tx: Tx, client_id: str, now: datetime) -> bool:
    """End a client for good and let its certificates go; False when it is over already."""
    ended = "UPDATE api_client SET revoked_at = %s WHERE client_id = %s AND revoked_at IS NULL"
    if not await execute(tx, ended, [now, client_id]):
        return False
    await set_certificates(tx, client_id, [])
    return True


async def require_tokens(tx: Tx, utility_id: int, *, required: bool) -> None:
    """Have a utility's certificates count alone, or only with a token."""
    await execute(tx, "UPDATE utility SET token_required = %s WHERE id = %s", [required, utility_id])


# ── signing keys ──────────────────────────────────────────────────────────────────────────────────────────────────────


def key_place(kid: str) -> Place:
    """Where a signing key stands."""
    return Place("token_key", kid, "private_key")


async def token_keys(tx: Tx) -> list[DictRow]:
    """The signing keys, sealed, the newest first."""
    return await fetch_all(tx, "SELECT kid, private_key, made_at FROM token_key ORDER BY made_at DESC, kid")


async def lock_keys(tx: Tx) -> None:
    """Let nobody else make a key until this transaction ends; reading goes on."""
    await execute(tx, "LOCK TABLE token_key IN SHARE ROW EXCLUSIVE MODE")


async def add_key(tx: Tx, kid: str, sealed: str, now: datetime) -> None:
    """Keep a new signing key, sealed."""
    await execute(tx, "INSERT INTO token_key (kid, private_key, made_at) VALUES (%s, %s, %s)", [kid, sealed, now])


async def forget_keys(tx: Tx, made_before: datetime) -> None:
    """Forget keys that no living token can have been signed with."""
    await execute(tx, "DELETE FROM token_key WHERE made_at < %s", [made_before])


def _client(row: DictRow) -> ApiClient:
    return ApiClient(
        client_id=row["client_id"],
        utility=row["utility"],
        name=row["name"],
        scopes=frozenset(TokenScope(scope) for scope in row["scopes"] if scope in set(TokenScope)),
        subject=row["subject_dn"],
        certificates=tuple(row["certificates"]),
        created_at=row["created_at"],
        created_by=row["created_by"],
        token_at=row["token_at"],
        revoked_at=row["revoked_at"],
    )
