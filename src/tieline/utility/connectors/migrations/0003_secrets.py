"""A secret that a connection needs, sealed; and the before-images of connections."""

from alembic import op

revision = "connectors_0003"
down_revision = "connectors_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both."""
    op.execute("ALTER TABLE operator_connection ADD COLUMN secret text")
    op.execute(
        """
        CREATE TABLE operator_connection_history (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            operator_id bigint NOT NULL REFERENCES operator,
            at timestamptz NOT NULL DEFAULT clock_timestamp(),
            actor text NOT NULL,
            before jsonb,
            after jsonb NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX operator_connection_history_operator ON operator_connection_history (operator_id, id)")


def downgrade() -> None:
    """Drop both."""
    op.execute("DROP TABLE operator_connection_history")
    op.execute("ALTER TABLE operator_connection DROP COLUMN secret")
