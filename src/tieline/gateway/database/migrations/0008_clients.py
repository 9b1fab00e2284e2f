"""Which API client of a utility made a change: with each row of the log, and with what is carried out later."""

from alembic import op

revision = "gateway_0008"
down_revision = "gateway_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; rows from before name none."""
    op.execute(
        """
        ALTER TABLE change_log ADD COLUMN client text;
        ALTER TABLE plan_job ADD COLUMN client text;
        ALTER TABLE address_order ADD COLUMN client text;
        CREATE INDEX change_log_client ON change_log (client, id) WHERE client IS NOT NULL;
        """
    )


def downgrade() -> None:
    """Drop them."""
    op.execute(
        """
        ALTER TABLE change_log DROP COLUMN client;
        ALTER TABLE plan_job DROP COLUMN client;
        ALTER TABLE address_order DROP COLUMN client;
        """
    )
