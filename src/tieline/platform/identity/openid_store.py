"""SQL of sign-ins under way at the OpenID provider."""

from datetime import datetime

from tieline.platform.db import Tx, execute, fetch_one
from tieline.platform.identity.model import Account
from tieline.platform.identity.openid import Flow
from tieline.platform.identity.store import account_with
from tieline.platform.secrets import Place, SecretColumn, Vault

SECRETS = (
    SecretColumn("openid_flow", "encode(state_hash, 'hex')", "nonce"),
    SecretColumn("openid_flow", "encode(state_hash, 'hex')", "verifier"),
)


async def keep(tx: Tx, vault: Vault, flow: Flow, state_hash: bytes, *, next_path: str, expires_at: datetime) -> None:
    """Remember a sign-in that begins; what the provider will have to answer to is sealed."""
    nonce = vault.seal(flow.nonce, _place(state_hash, "nonce"))
    verifier = vault.seal(flow.verifier, _place(state_hash, "verifier"))
    text = """
        INSERT INTO openid_flow (state_hash, nonce, verifier, next_path, expires_at) VALUES (%s, %s, %s, %s, %s)
    """
    await execute(tx, text, (state_hash, nonce, verifier, next_path, expires_at))


async def take(tx: Tx, vault: Vault, state_hash: bytes, now: datetime) -> tuple[str, str, str] | None:
    """Nonce, verifier and wanted page of a sign-in, once; None when there is no such living one."""
    text = """
        DELETE FROM openid_flow WHERE state_hash = %s RETURNING nonce, verifier, next_path, expires_at > %s AS alive
    """
    row = await fetch_one(tx, text, (state_hash, now))
    if row is None or not row["alive"]:
        return None
    nonce = vault.open(row["nonce"], _place(state_hash, "nonce"))
    return nonce, vault.open(row["verifier"], _place(state_hash, "verifier")), row["next_path"]


def _place(state_hash: bytes, column: str) -> Place:
    return Place("openid_flow", state_hash.hex(), column)


async def account_of(tx: Tx, issuer: str, subject: str) -> Account | None:
    """The account of somebody whom a provider vouches for, locked."""
    return await account_with(tx, "a.issuer = %s AND a.issuer_subject = %s FOR UPDATE", (issuer, subject))
