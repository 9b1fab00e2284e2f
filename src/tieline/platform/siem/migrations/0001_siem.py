"""How far trails were exported to a SIEM."""

from alembic import op

revision = "siem_0001"
down_revision = None
branch_labels = ("siem",)
depends_on = ("audit_0001",)


def upgrade() -> None:
    """Make the table of cursors: one a trail."""
    op.execute(
        """
        CREATE TABLE siem_cursor (
            source text PRIMARY KEY,
            sent bigint NOT NULL DEFAULT 0 CHECK (sent >= 0),
            sent_at timestamptz,
            error text NOT NULL DEFAULT '',
            error_at timestamptz
        )
        """
    )


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE siem_cursor")
