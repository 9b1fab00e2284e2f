"""A programme over a whole country opens in seconds: what its own statement has just read is not asked for again."""

from alembic import op

revision = "programmes_0002"
down_revision = "programmes_0001"
branch_labels = None
depends_on = None

# Sites and links come in by one statement, which has just read each of these rows, and nothing of them is ever deleted.
# To ask for each again locks it: opening waited for every change under way in the fleet, and wrote to its tables.
# What ties a programme's own rows together stays.
_TIES = (
    ("programme_site", "programme_site_site_id_fkey", "(site_id) REFERENCES site"),
    ("programme_link", "programme_link_operator_id_fkey", "(operator_id) REFERENCES operator"),
    ("programme_link", "programme_link_old_subscription_id_fkey", "(old_subscription_id) REFERENCES subscription"),
)


def upgrade() -> None:
    """Drop ties to the fleet, and an index that nobody looks into: old subscriptions are found within a programme."""
    for table, name, _ in _TIES:
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    op.execute("DROP INDEX programme_link_old")


def downgrade() -> None:
    """Tie them again."""
    op.execute("CREATE INDEX programme_link_old ON programme_link (old_subscription_id)")
    for table, name, tie in _TIES:
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY {tie}")
