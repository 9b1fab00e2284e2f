"""Sign-ins under way keep their secrets sealed: those that began before begin again."""

from alembic import op

revision = "identity_0002"
down_revision = "identity_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forget sign-ins whose secrets are not sealed; they live for ten minutes at most."""
    op.execute("DELETE FROM openid_flow")


def downgrade() -> None:
    """Forget sign-ins whose secrets are sealed."""
    op.execute("DELETE FROM openid_flow")
