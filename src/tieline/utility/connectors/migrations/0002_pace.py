"""When calls to an operator may go, over all processes: one row an operator."""

from alembic import op

revision = "connectors_0002"
down_revision = "connectors_0001"
branch_labels = None
depends_on = None


# Times are seconds since 1970 by the database's clock. Unlogged: it is written with each call, and worth a second.
_PACE = """
CREATE UNLOGGED TABLE operator_pace (
    operator_id bigint PRIMARY KEY,
    slots double precision[] NOT NULL DEFAULT '{}',
    not_before double precision NOT NULL,
    version bigint NOT NULL DEFAULT 1
) WITH (fillfactor = 50);
"""


def upgrade() -> None:
    """Make the table."""
    op.execute(_PACE)


def downgrade() -> None:
    """Drop the table."""
    op.execute("DROP TABLE operator_pace")
