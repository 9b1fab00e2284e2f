"""Members of a group that leave it before the network took them in: they are due like any other that leaves."""

from alembic import op

revision = "gateway_0006"
down_revision = "gateway_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP INDEX lan_member_due")
    op.execute("CREATE INDEX lan_member_due ON lan_member (due_at) WHERE NOT (wanted AND operational)")


def downgrade() -> None:
    op.execute("DROP INDEX lan_member_due")
    op.execute("CREATE INDEX lan_member_due ON lan_member (due_at) WHERE wanted <> operational")
