"""Accounts, their sessions and tokens, sign-in throttling, and sign-ins under way at an OpenID provider."""

from alembic import op

revision = "identity_0001"
down_revision = None
branch_labels = ("identity",)
depends_on = None

_TABLES = (
    """
    CREATE TABLE account (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL CHECK (name = lower(name)),
        display_name text NOT NULL,
        email text NOT NULL DEFAULT '',
        password_hash text,
        issuer text,
        issuer_subject text,
        roles text[] NOT NULL,
        regions text[],
        operators text[],
        active boolean NOT NULL DEFAULT true,
        created_at timestamptz NOT NULL,
        password_at timestamptz,
        signed_in_at timestamptz,
        version int NOT NULL DEFAULT 1,
        UNIQUE (name),
        UNIQUE (issuer, issuer_subject)
    )
    """,
    """
    CREATE TABLE account_session (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        secret_hash bytea NOT NULL UNIQUE,
        account_id bigint NOT NULL REFERENCES account ON DELETE CASCADE,
        created_at timestamptz NOT NULL,
        seen_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        address text NOT NULL,
        agent text NOT NULL
    )
    """,
    "CREATE INDEX account_session_account ON account_session (account_id)",
    "CREATE INDEX account_session_expiry ON account_session (expires_at)",
    """
    CREATE TABLE api_token (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        secret_hash bytea NOT NULL UNIQUE,
        account_id bigint NOT NULL REFERENCES account ON DELETE CASCADE,
        name text NOT NULL,
        hint text NOT NULL,
        permissions text[] NOT NULL,
        regions text[],
        operators text[],
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        used_at timestamptz,
        revoked_at timestamptz
    )
    """,
    "CREATE INDEX api_token_account ON api_token (account_id)",
    """
    CREATE TABLE sign_in_throttle (
        subject text PRIMARY KEY,
        failures int NOT NULL,
        last_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX sign_in_throttle_last ON sign_in_throttle (last_at)",
    """
    CREATE TABLE openid_flow (
        state_hash bytea PRIMARY KEY,
        nonce text NOT NULL,
        verifier text NOT NULL,
        next_path text NOT NULL,
        expires_at timestamptz NOT NULL
    )
    """,
)


def upgrade() -> None:
    """Make the tables."""
    for statement in _TABLES:
        op.execute(statement)


def downgrade() -> None:
    """Drop the tables."""
    op.execute("DROP TABLE openid_flow, sign_in_throttle, api_token, account_session, account")
