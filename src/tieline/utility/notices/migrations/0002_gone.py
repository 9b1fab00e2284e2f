"""Notices that their operator does not know any more; a notice's digest stands with its revisions alone."""

from alembic import op

revision = "notices_0002"
down_revision = "notices_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the moment, drop the copy."""
    op.execute("ALTER TABLE notice ADD COLUMN gone_at timestamptz, DROP COLUMN digest")


def downgrade() -> None:
    """Take the moment away; digests of old rows are not known again, and nothing reads them."""
    op.execute("ALTER TABLE notice DROP COLUMN gone_at, ADD COLUMN digest bytea NOT NULL DEFAULT '\\x'")
