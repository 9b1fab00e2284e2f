"""API clients of utilities, their certificates, and the keys that sign access tokens."""

from alembic import op

revision = "authorization_0001"
down_revision = None
branch_labels = ("authorization",)
depends_on = ("gateway_0001", "audit_0001")

# A certificate without a client is the utility's own, as it always was: it may do everything.
_CLIENTS = """
ALTER TABLE utility ADD COLUMN token_required boolean NOT NULL DEFAULT false;
CREATE TABLE api_client (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    utility_id bigint NOT NULL REFERENCES utility,
    client_id text NOT NULL UNIQUE,
    name text NOT NULL,
    scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
    subject_dn text,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    token_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX api_client_utility ON api_client (utility_id, id);
CREATE UNIQUE INDEX api_client_subject ON api_client (subject_dn) WHERE revoked_at IS NULL;
ALTER TABLE utility_certificate
    ADD COLUMN api_client_id bigint REFERENCES api_client,
    ADD COLUMN added_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX utility_certificate_client ON utility_certificate (api_client_id) WHERE api_client_id IS NOT NULL;
"""

_KEYS = """
CREATE TABLE token_key (
    kid text PRIMARY KEY,
    private_key text NOT NULL,
    made_at timestamptz NOT NULL
);
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(_CLIENTS)
    op.execute(_KEYS)


def downgrade() -> None:
    """Drop the tables; certificates of clients go with them."""
    op.execute(
        """
        DELETE FROM utility_certificate WHERE api_client_id IS NOT NULL;
        ALTER TABLE utility_certificate DROP COLUMN api_client_id, DROP COLUMN added_at;
        DROP TABLE token_key, api_client;
        ALTER TABLE utility DROP COLUMN token_required;
        """
    )
