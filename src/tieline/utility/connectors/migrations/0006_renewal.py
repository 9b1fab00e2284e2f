"""The certificate that an operator will notify with next: both count while it is renewed."""

from alembic import op

revision = "connectors_0006"
down_revision = "connectors_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it."""
    op.execute(
        """
        ALTER TABLE operator_connection ADD COLUMN notification_fingerprint_next text
            CHECK (notification_fingerprint_next ~ '^[0-9a-f]{64}$')
        """
    )
    op.execute(
        """
        CREATE UNIQUE INDEX operator_connection_fingerprint_next ON operator_connection (notification_fingerprint_next)
        """
    )


def downgrade() -> None:
    """Drop it."""
    op.execute("ALTER TABLE operator_connection DROP COLUMN notification_fingerprint_next")
