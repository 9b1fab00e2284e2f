"""What operators announce: notices, every revision of them, the phases of the newest, and where they come from."""

from alembic import op

revision = "notices_0001"
down_revision = None
branch_labels = ("notices",)
depends_on = ("connectors_0001", "inventory_0001")

# The row of a notice is its newest revision: the highest number, and of that what the operator updated last.
_NOTICES = """
CREATE TABLE notice (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator_id bigint NOT NULL REFERENCES operator,
    ref text COLLATE "C" NOT NULL,
    kind text NOT NULL CHECK (kind IN ('phase-out', 'planned-work', 'other')),
    title text NOT NULL,
    description text NOT NULL,
    status text NOT NULL,
    status_reason text NOT NULL,
    technology text CHECK (technology IN ('2G', '3G', '4G', '5G')),
    revision integer NOT NULL,
    updated_at timestamptz NOT NULL,
    digest bytea NOT NULL,
    starts_at timestamptz,
    ends_at timestamptz,
    phases jsonb NOT NULL,
    asks boolean NOT NULL,
    first_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    answer_number integer NOT NULL DEFAULT 0,
    answer text CHECK (answer IN ('approved', 'rejected')),
    answer_state text CHECK (answer_state IN ('pending', 'taken', 'refused')),
    answer_revision integer,
    answer_words text NOT NULL DEFAULT '',
    answer_by text,
    answer_at timestamptz,
    answer_error text NOT NULL DEFAULT '',
    UNIQUE (operator_id, ref)
);
CREATE INDEX notice_ends ON notice (ends_at);

CREATE TABLE notice_revision (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    notice_id bigint NOT NULL REFERENCES notice ON DELETE CASCADE,
    revision integer NOT NULL,
    digest bytea NOT NULL,
    updated_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    source text NOT NULL CHECK (source IN ('event', 'pull', 'answer')),
    content jsonb NOT NULL,
    UNIQUE (notice_id, revision, digest)
);
"""

# One row an operator: the callback it was asked to use, when everything was last read, and what went wrong.
_DESKS = """
CREATE TABLE notice_desk (
    operator_id bigint PRIMARY KEY REFERENCES operator,
    subscription text,
    callback text,
    asked_at timestamptz,
    pulled_at timestamptz,
    heard_at timestamptz,
    failed_at timestamptz,
    error text NOT NULL DEFAULT ''
);
"""


def upgrade() -> None:
    """Make the tables."""
    for part in (_NOTICES, _DESKS):
        op.execute(part)


def downgrade() -> None:
    """Drop the tables."""
    op.execute("DROP TABLE notice_desk, notice_revision, notice")
