"""Last answers are listed the newest first, all of them or those that were not good."""

from alembic import op

revision = "probing_0002"
down_revision = "probing_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX probe_latest_at ON probe_latest (at DESC, subscription_id DESC)")
    op.execute("CREATE INDEX probe_latest_bad ON probe_latest (at DESC, subscription_id DESC) WHERE NOT ok")
    op.execute("CREATE INDEX probe_open ON probe (subscription_id, asked_at) WHERE answered_at IS NULL")


def downgrade() -> None:
    op.execute("DROP INDEX probe_latest_at, probe_latest_bad, probe_open")
