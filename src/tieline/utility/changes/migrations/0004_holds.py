"""Holds of several kinds: planned freezes, also every year; storm mode; the control room's veto over one change."""

from alembic import op

revision = "changes_0004"
down_revision = "changes_0003"
branch_labels = None
depends_on = None

_ADD = """
ALTER TABLE change_hold
    ADD COLUMN kind text NOT NULL DEFAULT 'freeze' CHECK (kind IN ('freeze', 'storm', 'veto')),
    ADD COLUMN change_id bigint REFERENCES change,
    ADD COLUMN group_id bigint,
    ADD COLUMN yearly_zone text CHECK (yearly_zone IS NULL OR (ends_at IS NOT NULL AND kind = 'freeze')),
    ADD COLUMN spares_released boolean NOT NULL DEFAULT false,
    ADD COLUMN emergency_too boolean NOT NULL DEFAULT false CHECK (NOT emergency_too OR kind = 'veto'),
    ADD COLUMN insisted_by text,
    ADD COLUMN insisted_at timestamptz,
    ADD COLUMN insisted_why text NOT NULL DEFAULT '',
    ADD COLUMN lifted_why text NOT NULL DEFAULT '',
    ADD CONSTRAINT change_hold_veto_check CHECK ((kind = 'veto') = (change_id IS NOT NULL))
"""


def upgrade() -> None:
    """Add the columns; holds that are there are freezes."""
    op.execute(_ADD)
    op.execute("CREATE INDEX change_hold_change ON change_hold (change_id) WHERE change_id IS NOT NULL")


def downgrade() -> None:
    """Take them back. A veto would become a hold over everything, so that vetoes go away."""
    op.execute("DELETE FROM change_hold WHERE kind = 'veto'")
    op.execute(
        "ALTER TABLE change_hold DROP CONSTRAINT change_hold_veto_check, DROP COLUMN kind, DROP COLUMN change_id,"
        " DROP COLUMN group_id, DROP COLUMN yearly_zone, DROP COLUMN spares_released, DROP COLUMN emergency_too,"
        " DROP COLUMN insisted_by, DROP COLUMN insisted_at, DROP COLUMN insisted_why, DROP COLUMN lifted_why"
    )
