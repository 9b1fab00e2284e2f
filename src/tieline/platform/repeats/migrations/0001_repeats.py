"""Keys of requests, and what the first one under each was answered."""

from alembic import op

revision = "repeats_0001"
down_revision = None
branch_labels = ("repeats",)
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.execute(
        """
        CREATE TABLE request_key (
            actor text NOT NULL,
            key text NOT NULL CHECK (length(key) BETWEEN 1 AND 128),
            digest bytea NOT NULL CHECK (octet_length(digest) = 32),
            at timestamptz NOT NULL,
            status smallint NOT NULL CHECK (status BETWEEN 200 AND 499),
            media_type text,
            location text,
            body bytea CHECK (octet_length(body) <= 1048576),
            PRIMARY KEY (actor, key)
        )
        """
    )
    op.execute("CREATE INDEX request_key_at ON request_key (at)")


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE request_key")
