"""Who edited a change: they are among those who may not decide on it."""

from alembic import op

revision = "changes_0002"
down_revision = "changes_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; the list of earlier changes is empty."""
    op.execute("ALTER TABLE change ADD COLUMN editors jsonb NOT NULL DEFAULT '[]'")


def downgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE change DROP COLUMN editors")
