"""What staff see and decide: suspended utilities, permitted kinds of call, and what is known of certificates."""

from alembic import op

revision = "gateway_0007"
down_revision = "gateway_0006"
branch_labels = None
depends_on = ("authorization_0001",)


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE utility ADD COLUMN suspended_at timestamptz, ADD COLUMN suspended_by text,
            ADD COLUMN suspended_reason text, ADD COLUMN scopes text[];
        ALTER TABLE utility_certificate ADD COLUMN subject text, ADD COLUMN not_after timestamptz,
            ADD COLUMN seen_at timestamptz;
        CREATE INDEX change_log_party ON change_log (party, id) WHERE party <> 'utility';
        CREATE INDEX plan_job_all ON plan_job (kind, id);
        """
    )


def downgrade() -> None:
    op.execute(
        """
        DROP INDEX plan_job_all;
        DROP INDEX change_log_party;
        ALTER TABLE utility_certificate DROP COLUMN subject, DROP COLUMN not_after, DROP COLUMN seen_at;
        ALTER TABLE utility DROP COLUMN suspended_at, DROP COLUMN suspended_by, DROP COLUMN suspended_reason,
            DROP COLUMN scopes;
        """
    )
