"""Indexes for finding what nothing needs any more."""

from alembic import op

revision = "gateway_0003"
down_revision = "gateway_0002"
branch_labels = None
depends_on = None

INDEXES = ("plan_job_over", "plan_job_parts", "plan_job_group", "plan_descriptor_content", "plan_descriptor_deleted")


def upgrade() -> None:
    op.execute(
        """
        CREATE INDEX plan_job_over ON plan_job (stopped_at) WHERE state IN ('CANCELLED', 'COMPLETED', 'FAILED');
        CREATE INDEX plan_job_parts ON plan_job USING gin (parts jsonb_path_ops);
        CREATE INDEX plan_job_group ON plan_job ((request ->> 'planConfigGroupDescrId'))
            WHERE request ->> 'planConfigGroupDescrId' IS NOT NULL;
        CREATE INDEX plan_descriptor_content ON plan_descriptor (content_id);
        CREATE INDEX plan_descriptor_deleted ON plan_descriptor (id) WHERE deleted;
        """
    )


def downgrade() -> None:
    for name in INDEXES:
        op.execute(f"DROP INDEX {name}")
