"""A programme over a whole country opens in seconds: what its own statement has just read is not asked for again."""

from alembic import op

revision = "programmes_0002"
down_revision = "programmes_0001"
branch_labels = None
depends_on = None

# Sites and links come in by one statement, which reads each of them from the inventory, and nothing there is ever
# deleted. Asking for each again, row by row, and locking it took two thirds of the time; the plan of a question that
# was first asked while a table was empty could take ten times as much.
_TIES = (
    ("programme_site", "programme_site_programme_id_fkey", "(programme_id) REFERENCES programme"),
    ("programme_site", "programme_site_site_id_fkey", "(site_id) REFERENCES site"),
    ("programme_link", "programme_link_operator_id_fkey", "(operator_id) REFERENCES operator"),
    ("programme_link", "programme_link_old_subscription_id_fkey", "(old_subscription_id) REFERENCES subscription"),
    (
        "programme_link",
        "programme_link_programme_id_site_id_fkey",
        "(programme_id, site_id) REFERENCES programme_site ON DELETE CASCADE",
    ),
)


def upgrade() -> None:
    """Drop the ties, and an index that nothing looks into: old subscriptions are found within their programme."""
    for table, name, _ in _TIES:
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    op.execute("DROP INDEX programme_link_old")


def downgrade() -> None:
    """Tie the tables together again."""
    op.execute("CREATE INDEX programme_link_old ON programme_link (old_subscription_id)")
    for table, name, tie in _TIES:
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY {tie}")
