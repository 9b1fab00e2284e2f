"""Items that wait to be released, and items that come after another one."""

from alembic import op

revision = "changes_0003"
down_revision = "changes_0002"
branch_labels = None
depends_on = None

_STATES = "'blocked', 'planned', 'queued', 'sent', 'accepted', 'verified', 'failed', 'conflict', 'cancelled'"
_CHECK = "ALTER TABLE change_item ADD CONSTRAINT change_item_state_check CHECK (state IN ({states})) NOT VALID"


def upgrade() -> None:
    """Add the columns and the state; rows that are there need no second look."""
    op.execute(
        "ALTER TABLE change_item ADD COLUMN awaits text NOT NULL DEFAULT '', ADD COLUMN after_id bigint,"
        " DROP CONSTRAINT change_item_state_check"
    )
    op.execute(_CHECK.format(states=f"{_STATES}, 'waiting'"))
    op.execute("ALTER TABLE change_item VALIDATE CONSTRAINT change_item_state_check")


def downgrade() -> None:
    """Take them back; what waits is not done."""
    op.execute("UPDATE change_item SET state = 'cancelled' WHERE state = 'waiting'")
    op.execute(
        "ALTER TABLE change_item DROP COLUMN awaits, DROP COLUMN after_id, DROP CONSTRAINT change_item_state_check"
    )
    op.execute(_CHECK.format(states=_STATES))
