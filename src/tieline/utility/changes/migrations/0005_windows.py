"""Windows that recur: of changes, of policies, of operators' contracts, with the opening that comes next."""

from alembic import op

revision = "changes_0005"
down_revision = "changes_0004"
branch_labels = None
depends_on = None

# An opening is worked out beforehand, so that asking whether something may be sent stays a comparison. NULL: no window
# recurs; infinity: none was worked out yet, or it opens no more.
_OPENINGS = """
ALTER TABLE change ADD COLUMN opens_at timestamptz, ADD COLUMN closes_at timestamptz,
    ADD COLUMN window_seen_at timestamptz,
    ADD CONSTRAINT change_opening_check CHECK ((opens_at IS NULL) = (closes_at IS NULL));
CREATE INDEX change_windowed ON change (id) WHERE opens_at IS NOT NULL;
ALTER TABLE standard_policy ADD COLUMN windows jsonb NOT NULL DEFAULT '[]';
"""
_OPERATORS = """
CREATE TABLE operator_window (
    operator_id bigint PRIMARY KEY REFERENCES operator,
    rules jsonb NOT NULL,
    terms text NOT NULL DEFAULT '',
    opens_at timestamptz NOT NULL DEFAULT 'infinity',
    closes_at timestamptz NOT NULL DEFAULT 'infinity',
    window_seen_at timestamptz,
    updated_by text NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE TABLE operator_window_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator_id bigint NOT NULL REFERENCES operator,
    rules jsonb NOT NULL,
    terms text NOT NULL,
    updated_by text NOT NULL,
    updated_at timestamptz NOT NULL,
    replaced_by text NOT NULL,
    replaced_at timestamptz NOT NULL
);
CREATE INDEX operator_window_history_operator ON operator_window_history (operator_id, id);
"""


def upgrade() -> None:
    """Add columns and tables."""
    for part in (_OPENINGS, _OPERATORS):
        op.execute(part)


def downgrade() -> None:
    """Drop them. A change whose window recurs would be open all the time, so that those are paused."""
    op.execute(
        "UPDATE change SET state = 'paused', state_why = 'Its recurring window is no longer understood.'"
        " WHERE opens_at IS NOT NULL AND state = 'running'"
    )
    op.execute("DROP TABLE operator_window_history, operator_window")
    op.execute("ALTER TABLE standard_policy DROP COLUMN windows")
    op.execute("ALTER TABLE change DROP COLUMN opens_at, DROP COLUMN closes_at, DROP COLUMN window_seen_at")
