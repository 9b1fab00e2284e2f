"""Policies that are one origin's own: those that were approved with a programme."""

from alembic import op

revision = "changes_0007"
down_revision = "changes_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Say whose a policy is; those there are stay everybody's."""
    op.execute("ALTER TABLE standard_policy ADD COLUMN origin text NOT NULL DEFAULT ''")


def downgrade() -> None:
    """Drop it. What was one programme's own would be everybody's, so that it goes out of force."""
    op.execute("UPDATE standard_policy SET retired_at = now() WHERE origin <> '' AND retired_at IS NULL")
    op.execute("ALTER TABLE standard_policy DROP COLUMN origin")
