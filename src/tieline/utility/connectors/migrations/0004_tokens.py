"""Access tokens: whether an operator asks for them, and who we are to it."""

from alembic import op

revision = "connectors_0004"
down_revision = "connectors_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the settings; operators go on as they were, without tokens."""
    op.execute(
        """
        ALTER TABLE operator_connection
            ADD COLUMN uses_tokens boolean NOT NULL DEFAULT false,
            ADD COLUMN client_id text NOT NULL DEFAULT '',
            ADD COLUMN token_url text NOT NULL DEFAULT '',
            ADD COLUMN token_scope text NOT NULL DEFAULT ''
        """
    )


def downgrade() -> None:
    """Drop them."""
    op.execute(
        """
        ALTER TABLE operator_connection
            DROP COLUMN uses_tokens, DROP COLUMN client_id, DROP COLUMN token_url, DROP COLUMN token_scope
        """
    )
