"""What an operator lacks beside its subscriptions, and where it was asked to send word of devices."""

from alembic import op

revision = "connectors_0005"
down_revision = "connectors_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both; nothing is lacking until somebody says so."""
    op.execute(
        "ALTER TABLE operator_connection ADD COLUMN lacks text[] NOT NULL DEFAULT '{}'"
        " CHECK (lacks <@ '{lan_groups,static_addresses,device_events}')"
    )
    op.execute(
        """
        CREATE TABLE operator_device_watch (
            operator_id bigint PRIMARY KEY REFERENCES operator,
            watch text NOT NULL,
            recipient text NOT NULL,
            asked_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL
        )
        """
    )


def downgrade() -> None:
    """Drop both."""
    op.execute("DROP TABLE operator_device_watch")
    op.execute("ALTER TABLE operator_connection DROP COLUMN lacks")
