"""Triggers of activation jobs."""

from alembic import op

revision = "gateway_0002"
down_revision = "gateway_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE trigger_descriptor (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            utility_id bigint NOT NULL REFERENCES utility,
            name text,
            request jsonb NOT NULL,
            job_ids bigint[] NOT NULL,
            last_modified_at timestamptz NOT NULL,
            begins_at timestamptz NOT NULL,
            fires_at timestamptz NOT NULL,
            ends_at timestamptz,
            fired_at timestamptz
        );
        CREATE INDEX trigger_descriptor_list ON trigger_descriptor (utility_id, id);
        CREATE INDEX trigger_descriptor_due ON trigger_descriptor (fires_at) WHERE fired_at IS NULL;
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE trigger_descriptor")
